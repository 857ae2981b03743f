/** A world whose time is the test's: whoever acts in it asks one store, and each request and answer comes when the schedule says, in one order. */
import {AsyncLocalStorage} from 'node:async_hooks';
import {readAll} from '../../src/lib/bytes.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ListEntry, ObjectStore} from '../../src/storage/objectStore.ts';

/** What is asked of the store; `key` is the prefix of a listing. */
type Request = {operation: keyof ObjectStore; key: string};

/** The `nth` request of an actor that matches. */
export type Point = {operation: keyof ObjectStore; key: RegExp; nth: number};
/** Holds it up on its way there, or its answer on the way back. */
export type Delay = Point & {side: 'before' | 'after'; ms: number};
/** A copy of it arrives so much later, and its answer reaches nobody. */
export type Repeat = Point & {ms: number};
/** The process that asks ends there; `sent`: its request arrives all the same. */
export type Crash = Point & {sent: boolean};
export type Trouble = {delays?: readonly Delay[]; repeats?: readonly Repeat[]; crashes?: readonly Crash[]};

/** One that may end at any moment, and with it whatever it was about to do. */
export type Process = {store: ObjectStore; wait(ms: number): Promise<void>; isOver(): boolean; ended: Promise<never>};

export class ProcessEnded extends Error {}

export type Simulation = ReturnType<typeof createSimulation>;

/** `onRemoved` hears of each object that is removed, when it is, and `onWritten` of each document that is written. */
export type Witness = {onRemoved(key: string, bytes: Buffer): Promise<void>; onWritten(key: string, bytes: Uint8Array): void};

export const createSimulation = ({onRemoved, onWritten}: Witness) => {
	let now = Date.parse('2026-03-01T00:00:00Z');
	let dated: number | undefined;
	let order = 0;
	let acting = 0;
	const queue: Event[] = [];
	const trace: string[] = [];
	const store = createMemoryStore({now: () => new Date(dated ?? now)});
	const actors = new AsyncLocalStorage<Actor>();

	const at = (time: number, run: Event['run']) => void queue.push({time, order: order++, run});
	const note = (text: string) => void trace.push(`${((now - startOfTime) / 1000).toFixed(3)} ${text}`);

	const carryOut = async <T>(name: string, {operation, key}: Request, work: () => Promise<T>): Promise<T> => {
		note(`${name} ${operation} ${key}`);
		if (!removals.has(operation)) return work();
		const was = await store.read(key);
		const bytes = was && (await readAll(was.body));
		const answer = await work();
		if (bytes && !(await store.stat(key))) {
			note(`${name} has removed ${key}`);
			await onRemoved(key, bytes);
		}
		return answer;
	};

	const createProcess = (): Process => {
		const end = Promise.withResolvers<never>();
		end.promise.catch(() => undefined);
		let over = false;

		const turn = (ms: number): Promise<void> =>
			new Promise(resolve => {
				at(now + ms, () => {
					if (!over) resolve();
				});
			});

		const ask = async <T>(request: Request, work: () => Promise<T>): Promise<T> => {
			const actor = actors.getStore();
			const {name, held, repeated, crashed} = actor?.meets(request) ?? nothing;
			for (const {ms} of repeated) at(now + hopMs + ms, () => carryOut(`${name}, late:`, request, work).then(ignored, ignored));
			if (crashed) {
				over = true;
				note(`${name} ended at ${request.operation} ${request.key}`);
				if (crashed.sent) at(now + hopMs, () => carryOut(name, request, work).then(ignored, ignored));
				end.reject(new ProcessEnded());
			}
			const latency = (side: Delay['side']) => hopMs + held.filter(delay => delay.side === side).reduce((sum, {ms}) => sum + ms, 0);
			await turn(latency('before'));
			const outcome = await carryOut(name, request, work).then(
				value => () => value,
				error => () => {
					throw error;
				},
			);
			await turn(latency('after'));
			return outcome();
		};

		const view: ObjectStore = {
			...store,
			stat: key => ask({operation: 'stat', key}, () => store.stat(key)),
			read: (key, range) => ask({operation: 'read', key}, () => store.read(key, range)),
			write: (key, bytes, options) =>
				ask({operation: 'write', key}, async () => {
					const answer = await store.write(key, bytes, options);
					onWritten(key, bytes);
					return answer;
				}),
			async upload(key, body, options) {
				const bytes = Buffer.concat(await Array.fromAsync(body));
				const startedAt = now;
				return ask({operation: 'upload', key}, async () => {
					// AWS dates what came in parts by its beginning.
					dated = startedAt;
					const answer = store.write(key, bytes, {contentType: options?.contentType});
					dated = undefined;
					return answer;
				});
			},
			copy: (from, to) => ask({operation: 'copy', key: to}, () => store.copy(from, to)),
			async *list(prefix, {after, limit = Number.POSITIVE_INFINITY, ...options} = {}) {
				let left = limit;
				let last = after;
				for (;;) {
					const asked = {...options, ...(last !== undefined && {after: last}), limit: Math.min(left, pageRows)};
					const page: ListEntry[] = await ask({operation: 'list', key: prefix}, () => Array.fromAsync(store.list(prefix, asked)));
					yield* page;
					left -= page.length;
					const end = page.at(-1);
					if (page.length < pageRows || left === 0 || !end) return;
					last = 'key' in end ? end.key : end.prefix;
				}
			},
			remove: keys => ask({operation: 'remove', key: keys[0] ?? ''}, () => store.remove(keys)),
			removeUntil: (key, until) => ask({operation: 'removeUntil', key}, () => store.removeUntil(key, until)),
			now: () => ask({operation: 'now', key: ''}, () => store.now()),
		};
		return {store: view, wait: turn, isOver: () => over, ended: end.promise};
	};

	return {
		/** The store as it is, asked at once. */
		store,
		trace,
		note,
		createProcess,
		now: () => now,

		/** Somebody begins so many milliseconds from now. */
		act(name: string, ms: number, trouble: Trouble, work: () => Promise<void>): void {
			acting += 1;
			at(now + ms, () => {
				actors.run(createActor(name, trouble), work).finally(() => {
					acting -= 1;
				});
			});
		},

		/** Lets everything happen until nothing more does. */
		async run(): Promise<void> {
			let idle = 0;
			for (;;) {
				await new Promise(setImmediate);
				if (queue.length > 0) {
					idle = 0;
					queue.sort((a, b) => a.time - b.time || a.order - b.order);
					const next = queue.shift() as Event;
					now = Math.max(now, next.time);
					await next.run();
				} else if (acting === 0) return;
				else {
					// Somebody who lost a swap waits a few milliseconds of real time.
					await new Promise(resolve => setTimeout(resolve, 1));
					idle += 1;
					if (idle > mostIdle) throw new Error(`somebody waits for ever:\n${trace.join('\n')}`);
				}
			}
		},

		/** Time in which nobody does anything. */
		pass(ms: number) {
			now += ms;
		},
	};
};

const startOfTime = Date.parse('2026-03-01T00:00:00Z');

type Event = {time: number; order: number; run: () => unknown};

type Met = {name: string; held: readonly Delay[]; repeated: readonly Repeat[]; crashed: Crash | undefined};
type Actor = {meets(request: Request): Met};

const createActor = (name: string, {delays = [], repeats = [], crashes = []}: Trouble): Actor => {
	const seen = new Map<Point, number>();
	const isNow = (request: Request) => (point: Point) => {
		if (point.operation !== request.operation || !point.key.test(request.key)) return false;
		const count = (seen.get(point) ?? 0) + 1;
		seen.set(point, count);
		return count === point.nth;
	};
	return {
		meets: request => ({
			name,
			held: delays.filter(isNow(request)),
			repeated: repeats.filter(isNow(request)),
			crashed: crashes.filter(isNow(request))[0],
		}),
	};
};

const nothing: Met = {name: 'somebody', held: [], repeated: [], crashed: undefined};
const removals: ReadonlySet<string> = new Set(['remove', 'removeUntil']);
const hopMs = 5;
const pageRows = 6;
const mostIdle = 3000;
const ignored = () => undefined;
