/** One process's share: what it gathers, when it stores it, and how little it takes. */
import test, {type ExecutionContext} from 'ava';
import {type Digest, digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {type Day, dayOf} from '../../src/lib/days.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {createNotebook} from '../../src/usage/notebook.ts';
import {createUsageReader} from '../../src/usage/reader.ts';
import {createUsageRecorder} from '../../src/usage/recorder.ts';
import {keysOf} from '../support/stores.ts';
import {readUsage} from '../support/usage.ts';
import {noon} from '../support/usageLedgers.ts';

const app = parseRepositoryName('ci/app');
const main = parseTag('main');
const layer: Digest = digestOf(Buffer.from('layer'));
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const ignored = {recordImport() {}, recordPush() {}, recordLayerFetched() {}, recordBlobReceived() {}};

type Options = {
	store?: ObjectStore;
	time?: {now: number};
	replica?: string;
	ownClock?: () => number;
	limits?: {enough: number; most: number};
};

/** A process whose store's time is `time.now`. */
const start = (t: ExecutionContext, {time = {now: noon}, replica = 'abc', ownClock, limits, ...options}: Options = {}) => {
	const store = options.store ?? createMemoryStore({now: () => new Date(time.now)});
	const elapsed = ownClock ?? (() => time.now - noon);
	const notebook = createNotebook(store, {replica, startedAt: new Date(time.now), elapsed, limits});
	const recorder = createUsageRecorder(notebook, ignored);
	const imported = (tag: string, client = 'a') => recorder.imported({repo: app, tag: parseTag(tag), client, method: 'HEAD'});
	return {store, time, notebook, recorder, imported, reader: readUsage(t, store, () => time.now)};
};

const inSeconds = (time: Date | undefined) => Math.round(Number(time) / 1000);

test('a flush without news asks nothing of the store; one with news is one request, whatever there is', async t => {
	const {store, notebook, recorder, imported} = start(t);
	t.false(await notebook.flush());
	for (let at = 0; at < 2000; at++) imported(`pr-${at}`);
	recorder.fetched(app, layer, {client: 'a', way: 'redirected', bytes: 10});
	t.true(await notebook.flush());
	t.deepEqual(await keysOf(store), ['usage/2026-11-27/abc-0']);
	t.false(await notebook.flush());
});

test('a day has one document, written again while there is news', async t => {
	const {store, time, notebook, imported, reader} = start(t);
	for (let minute = 0; minute < 10; minute++) {
		imported('main');
		await notebook.flush();
		time.now += minuteMs;
	}
	t.deepEqual(await keysOf(store), ['usage/2026-11-27/abc-0']);
	const {imports, lastImported} = await reader.ref(app, main);
	t.is(imports, 10);
	t.is(inSeconds(lastImported), (noon + 9 * minuteMs) / 1000);
});

test('what happens on the next day is of the next day, and the document of a day that is over is not touched again', async t => {
	const {store, time, notebook, imported, reader} = start(t);
	imported('main');
	await notebook.flush();
	time.now += 11.999 * hourMs;
	imported('main');
	time.now += hourMs;
	imported('main');
	await notebook.flush();
	time.now += 10 * minuteMs;
	imported('main');
	await notebook.flush();
	t.deepEqual(await keysOf(store), ['usage/2026-11-27/abc-0', 'usage/2026-11-28/abc-1']);
	const {days, imports} = await reader.ref(app, main);
	t.is(imports, 4);
	t.like(days, [
		{day: '2026-11-27', imports: 2},
		{day: '2026-11-28', imports: 2},
	]);
});

test('after idle days a process begins a new document, since the old one may be part of another', async t => {
	const {store, time, notebook, imported} = start(t);
	imported('main');
	await notebook.flush();
	time.now += 72 * hourMs;
	imported('main');
	await notebook.flush();
	t.deepEqual(await keysOf(store), ['usage/2026-11-27/abc-0', 'usage/2026-11-30/abc-1']);
});

test('times are those of the store: a replica whose clock is three days behind makes nothing look older', async t => {
	const time = {now: noon};
	const behind = () => time.now - 72 * hourMs;
	const {notebook, imported, reader} = start(t, {time, ownClock: behind});
	imported('main');
	await notebook.flush();
	t.is(inSeconds((await reader.ref(app, main)).lastImported), noon / 1000);
});

test('a clock that somebody sets forward makes nothing look newer for longer than until the next flush', async t => {
	const time = {now: noon};
	let aheadMs = 0;
	const {notebook, imported, reader} = start(t, {time, ownClock: () => time.now + aheadMs});
	imported('pr-1');
	await notebook.flush();
	aheadMs = 20 * minuteMs;
	imported('pr-1');
	await notebook.flush();
	imported('main');
	await notebook.flush();
	t.is(inSeconds((await reader.ref(app, main)).lastImported), noon / 1000);
});

test('a document with enough in it is not gone on with, so that no flush writes much again', async t => {
	const {store, notebook, imported, reader} = start(t, {limits: {enough: 10, most: 100}});
	for (let minute = 0; minute < 3; minute++) {
		for (let at = 0; at < 20; at++) imported(`pr-${minute * 20 + at}`);
		await notebook.flush();
	}
	t.deepEqual(await keysOf(store), ['usage/2026-11-27/abc-0', 'usage/2026-11-27/abc-1', 'usage/2026-11-27/abc-2']);
	t.is([...(await reader.refs(app)).entries()].length, 60);
});

test('refs and layers for which there is no room are counted, and nothing that may have been used looks older', async t => {
	const {notebook, recorder, imported, reader, store, time} = start(t, {limits: {enough: 10, most: 10}});
	for (let at = 0; at < 1000; at++) imported(`pr-${at}`);
	for (let at = 0; at < 1000; at++)
		recorder.fetched(app, digestOf(Buffer.from(`layer ${at}`)), {client: `client ${at}`, way: 'streamed', bytes: 1});
	await notebook.flush();
	const [key] = await keysOf(store);
	t.true(((await store.stat(String(key)))?.size ?? 0) < 20_000);
	const refs = await reader.refs(app);
	t.true([...refs.entries()].length < 10);
	t.is(inSeconds(refs.get(parseTag('pr-999')).lastImported), time.now / 1000);
	t.is(inSeconds((await reader.layers(app)).get(layer).lastFetched), time.now / 1000);
	t.like(await reader.totals(dayOf(noon)), [{imports: 1000, fetches: 1000}]);
	// Another repository is none of its business.
	t.is((await reader.ref(parseRepositoryName('ci/other'), main)).lastImported, undefined);
});

test('repositories for which there is no room are counted together, and none of them looks older', async t => {
	const {notebook, recorder, reader} = start(t, {limits: {enough: 10, most: 10}});
	for (let at = 0; at < 1000; at++) recorder.imported({repo: parseRepositoryName(`ci/app${at}`), tag: main, client: 'a', method: 'HEAD'});
	await notebook.flush();
	t.is(inSeconds((await reader.ref(parseRepositoryName('ci/app999'), main)).lastImported), noon / 1000);
	t.like(await reader.totals(dayOf(noon)), [{imports: 1000}]);
});

test('a tag that is asked for and not there does not make others look used', async t => {
	const {notebook, recorder, reader} = start(t, {limits: {enough: 10, most: 10}});
	for (let at = 0; at < 1000; at++) recorder.missed({repo: app, tag: parseTag(`none-${at}`), client: 'a', method: 'HEAD'});
	await notebook.flush();
	t.is((await reader.ref(app, main)).lastImported, undefined);
	t.like(await reader.totals(dayOf(noon)), [{importMisses: 1000}]);
});

test('names that clients think of fill no document: a flood of them is counted, and written as little of as ever', async t => {
	const {store, notebook, recorder, imported, reader} = start(t, {limits: {enough: 80, most: 320}});
	for (let minute = 0; minute < 5; minute++) {
		for (let at = 0; at < 400; at++) {
			const tag = parseTag(`pr-${minute}-${at}`);
			recorder.missed({repo: app, tag, client: 'a', method: 'HEAD'});
			recorder.missed({repo: parseRepositoryName(`ci/app${minute}-${at}`), tag, client: 'a', method: 'HEAD'});
			recorder.imported({repo: app, tag, client: 'b', method: 'GET'}, {tags: [main], isFallback: true});
		}
		imported('release');
		await notebook.flush();
	}
	const [key, ...others] = await keysOf(store, 'usage/');
	t.deepEqual(others, []);
	t.true(((await store.stat(String(key)))?.size ?? 0) < 5000);
	t.like(await reader.totals(dayOf(noon)), [{importMisses: 4000, imports: 2005, fallbacks: 2000}]);
	t.is((await reader.ref(app, main)).lent, 2000);
	t.is((await reader.ref(app, parseTag('release'))).imports, 5);
	t.is((await reader.ref(app, parseTag('other'))).lastImported, undefined, 'and nothing looks used that is not');
});

test('of many clients those are named that do most', async t => {
	const {notebook, imported, reader} = start(t);
	for (let at = 0; at < 100; at++) {
		imported('main', `10.0.0.${at}`);
		imported('main', 'busy');
	}
	await notebook.flush();
	const {clients} = await reader.ref(app, main);
	t.is(clients.length, 8);
	t.like(clients[0], {client: 'busy', imports: 100});
	t.is((await reader.clients('2026-11-27' as Day)).length, 64);
});

test('it is known since when use is recorded: since the first process began to listen', async t => {
	const {time, notebook, imported, reader} = start(t);
	t.is(await reader.recordedSince(), undefined);
	time.now += hourMs;
	imported('main');
	await notebook.flush();
	time.now += 30 * hourMs;
	imported('main');
	await notebook.flush();
	t.deepEqual(await reader.recordedSince(), new Date(noon));
});

test('what one process wrote adds to what another did, and to what one before it did on the same day', async t => {
	const time = {now: noon};
	const store = createMemoryStore({now: () => new Date(time.now)});
	const processes = ['aaa', 'bbb', 'ccc'].map(replica => start(t, {store, time, replica}));
	for (const {imported, notebook} of processes) {
		imported('main', 'builder');
		await notebook.flush();
	}
	const {imports, clients} = await readUsage(t, store, () => noon).ref(app, main);
	t.is(imports, 3);
	t.like(clients, [{client: 'builder', imports: 3}]);
});

test('a reader reads again only what has changed, and for half a minute not even that', async t => {
	const time = {now: noon};
	const memory = createMemoryStore({now: () => new Date(time.now)});
	const read: string[] = [];
	const lists: string[] = [];
	const store: ObjectStore = {
		...memory,
		read: (key, range) => {
			read.push(key);
			return memory.read(key, range);
		},
		list: (prefix, options) => {
			lists.push(prefix);
			return memory.list(prefix, options);
		},
	};
	const processes = ['aaa', 'bbb'].map(replica => start(t, {store, time, replica}));
	for (const {imported, notebook} of processes) {
		imported('main');
		await notebook.flush();
	}
	const reader = createUsageReader(store, {clock: () => time.now, elapsed: () => time.now, onDamaged: key => t.fail(key)});
	t.is((await reader.ref(app, main)).imports, 2);
	await reader.totals(dayOf(noon));
	t.deepEqual([read.length, lists.length], [2, 1]);
	processes[0]?.imported('main');
	await processes[0]?.notebook.flush();
	t.is((await reader.ref(app, main)).imports, 2);
	time.now += minuteMs;
	t.is((await reader.ref(app, main)).imports, 3);
	t.deepEqual([read.length, lists.length], [3, 2]);
});
