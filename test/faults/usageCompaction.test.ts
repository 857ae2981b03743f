/** Putting usage documents together: nothing that is read changes, wherever it crashes and whoever else does the same. */
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import type {Day} from '../../src/lib/days.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {compactUsage} from '../../src/usage/compaction.ts';
import {documentType, formatDocument, formatLines} from '../../src/usage/document.ts';
import type {Ledger} from '../../src/usage/ledger.ts';
import {keysOf} from '../support/stores.ts';
import {readUsage} from '../support/usage.ts';
import {dayBefore, ledgers, noon, today, toldBy} from '../support/usageLedgers.ts';

const now = new Date(noon);
const since = new Date(noon - 60 * 86_400_000);

/** Every document is of its first day; one that was begun before midnight has some of the next. */
const fill = async (store: ObjectStore, written: readonly Ledger[]) => {
	for (const [at, ledger] of written.entries()) {
		const day = [...ledger.keys()].sort()[0] ?? today;
		await store.write(`usage/${day}/abc${at}-0`, Buffer.from(formatDocument(formatLines(ledger), since)), {contentType: documentType});
	}
};

/** Documents as replicas leave them: of one day each. */
const written = fc.array(
	fc.integer({min: 0, max: 60}).chain(ago => ledgers({first: ago, last: ago})),
	{minLength: 1, maxLength: 12},
);

const optionsOf = (t: ExecutionContext) => ({onDamaged: (key: string, error: unknown) => t.fail(`${key}: ${error}`)});
const read = (t: ExecutionContext, store: ObjectStore) => toldBy(readUsage(t, store, () => noon));

class Crash extends Error {}

/** Does so many things to the store and then nothing more. */
const crashingAfter = (inner: ObjectStore, steps: number): ObjectStore => {
	let left = steps;
	const step = () => {
		if (left-- <= 0) throw new Crash();
	};
	return {
		...inner,
		async write(key, bytes, options) {
			step();
			return inner.write(key, bytes, options);
		},
		async remove(keys) {
			for (const key of keys) {
				step();
				await inner.remove([key]);
			}
		},
	};
};

test('what is read is the same afterwards, and doing it again does nothing', async t => {
	await fc.assert(
		fc.asyncProperty(written, async documents => {
			const store = createMemoryStore({now: () => now});
			await fill(store, documents);
			const before = await read(t, store);
			await compactUsage(store, now, optionsOf(t));
			t.deepEqual(await read(t, store), before);
			const keys = await keysOf(store);
			await compactUsage(store, now, optionsOf(t));
			t.deepEqual(await keysOf(store), keys);
		}),
		{numRuns: 40},
	);
	t.pass();
});

test('each day that is settled has one document, all that is long over has one together, and the last two days are left alone', async t => {
	const store = createMemoryStore({now: () => now});
	const row = (day: string) => `{"repo":"ci/app","day":"${day}","refs":[["main",[1,1,0,0,0,0,0,0],[]]]}`;
	for (const ago of [0, 1, 2, 3, 34, 35, 50])
		for (const replica of ['aaa', 'bbb'])
			await store.write(`usage/${dayBefore(ago)}/${replica}-0`, Buffer.from(formatDocument([row(dayBefore(ago))], since)));
	await compactUsage(store, now, optionsOf(t));
	const periods = Map.groupBy(await keysOf(store), key => key.split('/')[1]);
	t.deepEqual(
		[...periods].map(([period, keys]) => [period, keys.length]),
		[
			[dayBefore(34), 1],
			[dayBefore(3), 1],
			[dayBefore(2), 1],
			[dayBefore(1), 2],
			[dayBefore(0), 2],
			['earlier', 1],
		],
	);
});

test('a crash at any moment changes nothing that is read, and the next one ends the work', async t => {
	await fc.assert(
		fc.asyncProperty(written, fc.array(fc.integer({min: 0, max: 8}), {maxLength: 3}), async (documents, crashes) => {
			const store = createMemoryStore({now: () => now});
			await fill(store, documents);
			const before = await read(t, store);
			for (const steps of crashes) {
				await compactUsage(crashingAfter(store, steps), now, optionsOf(t)).catch(error => t.true(error instanceof Crash));
				t.deepEqual(await read(t, store), before);
			}
			await compactUsage(store, now, optionsOf(t));
			t.deepEqual(await read(t, store), before);
			const keys = await keysOf(store);
			await compactUsage(store, now, optionsOf(t));
			t.deepEqual(await keysOf(store), keys);
		}),
		{numRuns: 40},
	);
	t.pass();
});

test('two at once, and readers between them, see and leave the same', async t => {
	await fc.assert(
		fc.asyncProperty(written, fc.scheduler(), async (documents, scheduler) => {
			const store = createMemoryStore({now: () => now});
			await fill(store, documents);
			const before = await read(t, store);
			const slow = inTurns(store, scheduler);
			const both = [1, 2].map(() => compactUsage(slow, now, optionsOf(t)));
			const readers = [1, 2].map(() => read(t, slow));
			await scheduler.waitFor(Promise.all([...both, ...readers]));
			for (const told of await Promise.all(readers)) t.deepEqual(told, before);
			t.deepEqual(await read(t, store), before);
		}),
		{numRuns: 25},
	);
	t.pass();
});

/** Whose turn it is, the scheduler decides before each request. */
const inTurns = (inner: ObjectStore, scheduler: fc.Scheduler): ObjectStore => {
	const turn = () => scheduler.schedule(Promise.resolve());
	return {
		...inner,
		async read(key, range) {
			await turn();
			return inner.read(key, range);
		},
		async write(key, bytes, options) {
			await turn();
			return inner.write(key, bytes, options);
		},
		async remove(keys) {
			for (const key of keys) {
				await turn();
				await inner.remove([key]);
			}
		},
		async *list(prefix, options) {
			await turn();
			yield* await Array.fromAsync(inner.list(prefix, options));
		},
	};
};

test('a large day becomes several documents, which count when the last of them is there', async t => {
	const store = createMemoryStore({now: () => now});
	const day = dayBefore(3);
	const digestOfNumber = (number: number) => `sha256:${number.toString(16).padStart(64, '0')}`;
	for (let replica = 0; replica < 3; replica++) {
		const lines = Array.from({length: 16}, (_, line) => {
			const layers = Array.from(
				{length: 1000},
				(_, at) => `["${digestOfNumber(replica * 16_000 + line * 1000 + at)}",[1,10,${noon / 1000}]]`,
			);
			return `{"repo":"ci/app","day":"${day}","layers":[${layers.join(',')}]}`;
		});
		await store.write(`usage/${day}/abc${replica}-0`, Buffer.from(formatDocument(lines, since)));
	}
	const reader = readUsage(t, store, () => noon);
	const countOf = async () => [...(await reader.layers('ci/app' as never)).entries()].reduce((sum, [, {fetches}]) => sum + fetches, 0);
	t.is(await countOf(), 48_000);
	for (const steps of [0, 1, 2]) {
		await t.throwsAsync(compactUsage(crashingAfter(store, steps), now, optionsOf(t)), {instanceOf: Crash});
		t.is(await countOf(), 48_000, `after ${steps} steps`);
	}
	await compactUsage(store, now, optionsOf(t));
	t.is(await countOf(), 48_000);
	const keys = await keysOf(store);
	t.true(keys.length >= 2 && keys.every(key => /\/merged-/.test(key)), keys.join(' '));
	for (const key of keys) t.true(((await store.stat(key))?.size ?? 0) < 5 * 1024 * 1024);
});

test('what cannot be read stays, and the rest of its day is put together all the same', async t => {
	const store = createMemoryStore({now: () => now});
	const day = dayBefore(3);
	for (const replica of ['aaa', 'bbb']) await store.write(`usage/${day}/${replica}-0`, Buffer.from(formatDocument([], since)));
	await store.write(`usage/${day}/ccc-0`, Buffer.from('{"usage":2}'));
	await compactUsage(store, now, {onDamaged: () => undefined});
	const keys = await keysOf(store);
	t.is(keys.length, 2);
	t.true(keys.includes(`usage/${day}/ccc-0`));
	await compactUsage(store, now, {onDamaged: () => undefined});
	t.deepEqual(await keysOf(store), keys);
});

test('what nobody has used for 400 days is forgotten, layers after 100; its last use is remembered until then', async t => {
	const store = createMemoryStore({now: () => now});
	const seconds = (day: Day) => Date.parse(day) / 1000;
	const layer = `sha256:${'a'.repeat(64)}`;
	for (const [tag, ago] of [
		['kept', 399],
		['gone', 401],
	] as const) {
		const at = seconds(dayBefore(ago));
		const line = `{"repo":"ci/app","day":"${dayBefore(ago)}","refs":[["${tag}",[0,1,0,0,0,0,${at},0],[]]],"layers":[["${layer}",[1,1,${at}]]]}`;
		await store.write(`usage/${dayBefore(ago)}/abc-0`, Buffer.from(formatDocument([line], since)));
	}
	await compactUsage(store, now, optionsOf(t));
	const reader = readUsage(t, store, () => noon);
	const refs = await reader.refs('ci/app' as never);
	t.deepEqual(
		[...refs.entries()].map(([tag, {lastImported}]) => [tag, Number(lastImported) / 1000]),
		[['kept', seconds(dayBefore(399))]],
	);
	t.deepEqual([...(await reader.layers('ci/app' as never)).entries()], []);
	t.is((await keysOf(store)).length, 1);
	t.deepEqual(await reader.recordedSince(), since);
});
