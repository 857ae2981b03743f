/** What is left of the usage when a process crashes, the store is away, or clocks and days go on meanwhile. */
import test, {type ExecutionContext} from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {dayOf} from '../../src/lib/days.ts';
import {startFlushing} from '../../src/lib/flushing.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {createNotebook} from '../../src/usage/notebook.ts';
import {createUsageReader} from '../../src/usage/reader.ts';
import {createUsageRecorder} from '../../src/usage/recorder.ts';
import {startUsage} from '../../src/usage/startUsage.ts';
import {keysOf} from '../support/stores.ts';
import {until} from '../support/until.ts';
import {readUsage} from '../support/usage.ts';
import {noon} from '../support/usageLedgers.ts';

const app = parseRepositoryName('ci/app');
const main = parseTag('main');
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const ignored = {recordImport() {}, recordPush() {}, recordLayerFetched() {}, recordBlobReceived() {}};

const start = (t: ExecutionContext) => {
	const time = {now: noon};
	const memory = createMemoryStore({now: () => new Date(time.now)});
	const faults = {away: false, answersLost: false, writes: 0};
	const store: ObjectStore = {
		...memory,
		async write(key, bytes, options) {
			faults.writes += 1;
			if (faults.away) throw new StoreUnavailable('S3 is away');
			const facts = await memory.write(key, bytes, options);
			if (faults.answersLost) throw new StoreUnavailable('no answer');
			return facts;
		},
	};
	const startProcess = (replica: string) => {
		const notebook = createNotebook(store, {replica, startedAt: new Date(time.now), elapsed: () => time.now});
		const recorder = createUsageRecorder(notebook, ignored);
		return {
			flush: notebook.flush,
			imported: (tag = 'main') => recorder.imported({repo: app, tag: parseTag(tag), client: 'a', method: 'HEAD'}),
		};
	};
	return {time, faults, store, startProcess, reader: readUsage(t, memory, () => time.now)};
};

const inSeconds = (time: Date | undefined) => Math.round(Number(time) / 1000);

test('a crash loses what came after the last flush, and the process after it begins a document of its own', async t => {
	const {time, startProcess, store, reader} = start(t);
	const first = startProcess('aaa');
	first.imported();
	await first.flush();
	time.now += minuteMs - 1;
	first.imported();
	const second = startProcess('bbb');
	second.imported('pr-1');
	await second.flush();
	const {imports, lastImported} = await reader.ref(app, main);
	t.is(imports, 1);
	t.is(inSeconds(lastImported), noon / 1000);
	t.is((await keysOf(store)).length, 2);
});

test('while the store is away nothing is lost, and each minute tries once', async t => {
	const {time, faults, startProcess, reader} = start(t);
	const {imported, flush} = startProcess('aaa');
	faults.away = true;
	for (let minute = 0; minute < 5; minute++) {
		imported(`pr-${minute}`);
		imported();
		await t.throwsAsync(flush, {instanceOf: StoreUnavailable});
		time.now += minuteMs;
	}
	t.is(faults.writes, 5);
	faults.away = false;
	t.true(await flush());
	t.is(faults.writes, 6);
	t.is((await reader.ref(app, main)).imports, 5);
	t.is([...(await reader.refs(app)).entries()].length, 6);
});

test('a write whose answer was lost is written again, and counts once', async t => {
	const {faults, startProcess, reader} = start(t);
	const {imported, flush} = startProcess('aaa');
	imported();
	faults.answersLost = true;
	await t.throwsAsync(flush);
	faults.answersLost = false;
	imported();
	await flush();
	t.is((await reader.ref(app, main)).imports, 2);
});

test('what happens while a document is being written goes with the next one', async t => {
	const {store, time, reader} = start(t);
	const held = Promise.withResolvers<void>();
	const slow: ObjectStore = {
		...store,
		async write(key, bytes, options) {
			await held.promise;
			return store.write(key, bytes, options);
		},
	};
	const notebook = createNotebook(slow, {replica: 'aaa', startedAt: new Date(noon), elapsed: () => time.now});
	const recorder = createUsageRecorder(notebook, ignored);
	const imported = () => recorder.imported({repo: app, tag: main, client: 'a', method: 'HEAD'});
	imported();
	const flushing = notebook.flush();
	imported();
	held.resolve();
	await flushing;
	t.is((await reader.ref(app, main)).imports, 1);
	t.true(await notebook.flush());
	t.is((await reader.ref(app, main)).imports, 2);
});

test('an outage over midnight leaves to each day what is its own, and still one write a minute', async t => {
	const {time, faults, startProcess, store, reader} = start(t);
	const {imported, flush} = startProcess('aaa');
	imported();
	await flush();
	faults.away = true;
	for (let hour = 0; hour < 20; hour++) {
		time.now += hourMs;
		imported();
		await t.throwsAsync(flush);
	}
	faults.away = false;
	const before = faults.writes;
	await flush();
	t.is(faults.writes, before + 1);
	t.deepEqual(await keysOf(store), ['usage/2026-11-27/aaa-0']);
	const {days, imports} = await reader.ref(app, main);
	t.is(imports, 21);
	t.like(days, [
		{day: '2026-11-27', imports: 12},
		{day: '2026-11-28', imports: 9},
	]);
});

test('a day that others may have put together by now is not written to again', async t => {
	const {time, faults, startProcess, store, reader} = start(t);
	const {imported, flush} = startProcess('aaa');
	imported();
	faults.away = true;
	await t.throwsAsync(flush);
	time.now += 26 * hourMs;
	faults.away = false;
	await flush();
	t.deepEqual(await keysOf(store), ['usage/2026-11-28/aaa-1']);
	t.like(await reader.ref(app, main), {imports: 1, days: [{day: '2026-11-27'}]});
});

test('a document that cannot be read is a warning, hides nothing else, and makes nothing look older', async t => {
	const {time, startProcess, store} = start(t);
	const {imported, flush} = startProcess('aaa');
	imported();
	await flush();
	time.now += hourMs;
	await store.write('usage/2026-11-27/bbb-0', Buffer.from('{"usage":1,"lines":3,"since":1}\n{"repo":"ci/a'));
	await store.write('usage/notes.txt', Buffer.from('of a person'));
	time.now += hourMs;
	const damaged: string[] = [];
	const reader = createUsageReader(store, {
		...{clock: () => time.now, elapsed: () => 0, lifetimeMs: 0},
		onDamaged: key => damaged.push(key),
	});
	const refs = await reader.refs(app);
	t.is(refs.get(main).imports, 1);
	for (const tag of [main, parseTag('pr-1')]) t.is(inSeconds(refs.get(tag).lastImported), (noon + hourMs) / 1000);
	await reader.totals(dayOf(noon));
	t.deepEqual(damaged, ['usage/2026-11-27/bbb-0']);
});

test('it is flushed again and again and at the end; a failure that stays is told once', async t => {
	const waits: {ms: number; pass: () => void}[] = [];
	const outcomes: string[] = [];
	const failures: string[] = [];
	const answers: (boolean | Error)[] = [true, false, new Error('away'), new Error('away'), true, new Error('away'), true];
	const {stop} = startFlushing({
		everyMs: minuteMs,
		async flush() {
			const answer = answers.shift();
			if (answer instanceof Error) throw answer;
			return answer ?? false;
		},
		onFlushed: outcome => outcomes.push(outcome),
		onFailed: ({message}) => failures.push(message),
		wait: (ms, signal) =>
			new Promise((pass, refuse) => {
				waits.push({ms, pass: () => pass(undefined)});
				signal.addEventListener('abort', refuse);
			}),
	});
	for (let minute = 0; minute < 6; minute++) {
		await until(() => waits.length > minute);
		t.is(waits[minute]?.ms, minuteMs);
		waits[minute]?.pass();
	}
	await until(() => waits.length === 7);
	await stop();
	t.deepEqual(outcomes, ['stored', 'failed', 'failed', 'stored', 'failed', 'stored']);
	t.deepEqual(failures, ['away', 'away']);
});

test('a process that stops while a flush is under way stores what came during it', async t => {
	const {store, time, reader} = start(t);
	const held = Promise.withResolvers<void>();
	const begun = Promise.withResolvers<void>();
	const {recorder, stop} = startUsage(
		{
			...store,
			async write(key, bytes, options) {
				begun.resolve();
				await held.promise;
				return store.write(key, bytes, options);
			},
		},
		{
			...{replica: 'aaa', startedAt: new Date(noon), elapsed: () => time.now},
			observer: {...ignored, recordUsageFlush() {}},
			onFailed: error => t.fail(error.message),
			wait: async (_, signal) => signal.throwIfAborted(),
		},
	);
	const imported = () => recorder.imported({repo: app, tag: main, client: 'a', method: 'HEAD'});
	imported();
	await begun.promise;
	const stopped = stop();
	imported();
	held.resolve();
	await stopped;
	t.is((await reader.ref(app, main)).imports, 2);
});
