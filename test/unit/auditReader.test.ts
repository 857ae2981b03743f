/** What the audit answers to those who ask, of many processes and days. */
import test from 'ava';
import {removeOldDays} from '../../src/audit/oldDays.ts';
import {createAuditReader} from '../../src/audit/reader.ts';
import {startAudit} from '../../src/audit/startAudit.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {event} from '../support/auditEvents.ts';
import {keysOf, recording} from '../support/stores.ts';

const noon = Date.parse('2026-11-27T12:00:00Z');
const secondMs = 1000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const all = {since: new Date(0), until: new Date(noon + 9 * dayMs), isWanted: () => true, limit: 1000};
const nobody = {recordAudited() {}, recordAuditFlush() {}};

const setUp = () => {
	const time = {now: noon};
	const {store, asked} = recording(createMemoryStore({now: () => new Date(time.now)}));
	const startProcess = (replica: string) => {
		const passes: (() => void)[] = [];
		const audit = startAudit(store, {
			...{replica, startedAt: new Date(time.now), elapsed: () => time.now, observer: nobody},
			onFailed: (_, error) => {
				throw error;
			},
			onLost: () => undefined,
			wait: (_, signal) =>
				new Promise((resolve, reject) => {
					passes.push(() => resolve(undefined));
					signal.addEventListener('abort', reject);
				}),
		});
		/** Ten seconds are over. */
		const flush = async () => {
			passes.shift()?.();
			for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
		};
		return {...audit, flush};
	};
	return {time, store, asked, startProcess, reader: createAuditReader(store)};
};

const reasonsOf = ({lines}: {lines: readonly {why: string}[]}) => lines.map(({why}) => why);

test('lines of several processes come newest first, though their windows overlap', async t => {
	const {time, startProcess, reader} = setUp();
	const [a, b] = [startProcess('aaa'), startProcess('bbb')];
	for (let second = 0; second < 30; second++) {
		time.now += secondMs;
		(second % 3 ? a : b).record(event({why: String(second).padStart(2, '0')}));
		if (second % 7 === 0) await a.flush();
		if (second % 11 === 0) await b.flush();
	}
	await Promise.all([a.stop(), b.stop()]);
	const reasons = reasonsOf(await reader.find(all));
	t.is(reasons.length, 30);
	t.deepEqual(reasons, reasons.toSorted().toReversed());
	const newest = await reader.find({...all, limit: 4});
	t.deepEqual(reasonsOf(newest), ['29', '28', '27', '26']);
	t.deepEqual(newest.reachedAt, new Date(noon + 27 * secondMs));
});

test('where an answer ended the next one goes on', async t => {
	const {time, startProcess, store} = setUp();
	const process = startProcess('aaa');
	for (let number = 0; number < 40; number++) {
		time.now += 7 * secondMs;
		process.record(event({why: String(number).padStart(2, '0')}));
	}
	await process.stop();
	for (const {limit, mostObjects} of [
		{limit: 7, mostObjects: 1000},
		{limit: 1000, mostObjects: 5},
	]) {
		const reader = createAuditReader(store, {mostObjects});
		const seen: string[] = [];
		let until = all.until;
		for (let turn = 0; turn < 100; turn++) {
			const answer = await reader.find({...all, until, limit});
			seen.push(...reasonsOf(answer));
			if (!answer.reachedAt) break;
			t.true(answer.reachedAt < until);
			until = answer.reachedAt;
		}
		t.is(new Set(seen).size, 40);
	}
});

test('a window has events of one day, and what is asked for by time is found to the second', async t => {
	const {time, startProcess, store, reader} = setUp();
	const process = startProcess('aaa');
	time.now = noon + 12 * hourMs - 2 * secondMs;
	for (const why of ['before', 'at the end of the day', 'at midnight', 'after']) {
		process.record(event({why}));
		time.now += 1 * secondMs;
	}
	await process.stop();
	const [first = '', second = '', ...more] = await keysOf(store, 'audit/');
	t.regex(first, /^audit\/2026-11-27\/235959000-aaa-0$/);
	t.regex(second, /^audit\/2026-11-28\/000001000-aaa-1$/);
	t.deepEqual(more, []);
	const midnight = noon + 12 * hourMs;
	const between = (from: number, to: number) => reader.find({...all, since: new Date(from), until: new Date(to)});
	t.deepEqual(reasonsOf(await between(midnight - secondMs, midnight)), ['at midnight', 'at the end of the day']);
	t.deepEqual(reasonsOf(await between(midnight + 1, midnight + dayMs)), ['after']);
	t.deepEqual(reasonsOf(await between(0, midnight - 1)), ['at the end of the day', 'before']);
});

test('only the days asked for are read', async t => {
	const {time, startProcess, reader, asked} = setUp();
	for (let day = 0; day < 20; day++) {
		const process = startProcess(`a${day}`);
		process.record(event({why: `day ${day}`}));
		await process.stop();
		time.now += dayMs;
	}
	asked.length = 0;
	const found = await reader.find({...all, since: new Date(noon + 5 * dayMs), until: new Date(noon + 6 * dayMs)});
	t.deepEqual(reasonsOf(found), ['day 6', 'day 5']);
	t.is(asked.filter(operation => operation === 'read').length, 2);
	t.true(asked.filter(operation => operation === 'list').length <= 1 + 26);
	t.is(found.reachedAt, undefined);
});

test('what somebody else put there is named, and hides nothing', async t => {
	const {store, startProcess, reader} = setUp();
	const process = startProcess('aaa');
	process.record(event());
	await process.stop();
	await store.write('audit/2026-11-27/notes.txt', Buffer.from('hello'));
	await store.write('audit/notes/120000000-bbb-0', Buffer.from('hello'));
	await store.write('audit/2026-11-27/120001000-bbb-0', Buffer.from('{"audit":1,"who":"root"}\nx\n'));
	const {lines, unreadable} = await reader.find(all);
	t.is(lines.length, 1);
	t.deepEqual(unreadable, ['audit/2026-11-27/120001000-bbb-0']);
});

test('whole days are removed once all of them is older than it is kept, and nothing else', async t => {
	const {time, store, startProcess} = setUp();
	for (let day = 0; day < 5; day++) {
		const process = startProcess(`a${day}`);
		process.record(event());
		await process.stop();
		time.now += dayMs;
	}
	await store.write('audit/notes/kept', Buffer.from('x'));
	time.now = noon + 4 * dayMs;
	const removed = await Array.fromAsync(removeOldDays(store, {keepMs: 2 * dayMs}));
	t.deepEqual(removed, [1, 1]);
	t.deepEqual(
		(await keysOf(store, 'audit/')).map(key => key.slice(6, 16)),
		['2026-11-29', '2026-11-30', '2026-12-01', 'notes/kept'],
	);
});
