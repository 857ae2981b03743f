/** What is left of the audit when the store is away, a disk is full, or a process ends in whatever way. */
import {readFile, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Writable} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import {AuditFileUnusable, openAuditFile} from '../../src/audit/auditFile.ts';
import {createBacklog} from '../../src/audit/backlog.ts';
import {startAudit} from '../../src/audit/startAudit.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {event, linesOf, parsed} from '../support/auditEvents.ts';
import {keysOf} from '../support/stores.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const noon = Date.parse('2026-11-27T12:00:00Z');
const secondMs = 1000;
const minuteMs = 60_000;

const setUp = async (t: ExecutionContext, {withFile = false} = {}) => {
	const time = {now: noon};
	const memory = createMemoryStore({now: () => new Date(time.now)});
	const faults = {away: false, answersLost: false};
	const store: ObjectStore = {
		...memory,
		async write(key, bytes, options) {
			if (faults.away) throw new StoreUnavailable('S3 is away');
			const facts = await memory.write(key, bytes, options);
			if (faults.answersLost) throw new StoreUnavailable('no answer');
			return facts;
		},
	};
	const path = join(await temporaryFolder(t), 'audit.jsonl');
	const passes: (() => void)[] = [];
	const told: string[] = [];
	const counted = {written: 0, lost: 0};
	const audit = startAudit(store, {
		...{replica: 'aaa', startedAt: new Date(noon), elapsed: () => time.now},
		...(withFile && {file: await openAuditFile(path, process.stdout)}),
		observer: {
			recordAudited(place, outcome, events) {
				if (place === 'store') counted[outcome] += events;
			},
			recordAuditFlush: (place, outcome) => told.push(`${place} ${outcome}`),
		},
		onFailed: (place, {message}) => told.push(`${place}: ${message}`),
		onLost: (place, events) => told.push(`${place} lost ${events}`),
		wait: (_, signal) =>
			new Promise((resolve, reject) => {
				passes.push(() => resolve(undefined));
				signal.addEventListener('abort', reject);
			}),
	});
	/** Ten seconds are over for all that waits. */
	const pass = async () => {
		for (const go of passes.splice(0)) go();
		for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
	};
	return {time, faults, memory, path, audit, pass, told, counted};
};

const reasons = (lines: readonly {why: string}[]) => lines.map(({why}) => why);

test('a process that is killed loses one window at most', async t => {
	const {time, memory, audit, pass} = await setUp(t);
	audit.record(event({why: 'first'}));
	time.now += 9 * secondMs;
	audit.record(event({why: 'second'}));
	await pass();
	audit.record(event({why: 'third'}));
	// Killed here: nothing more is flushed.
	t.deepEqual(reasons(await linesOf(memory)), ['first', 'second']);
	time.now += 11 * secondMs;
	audit.record(event({why: 'fourth'}));
	await pass();
	t.deepEqual(reasons(await linesOf(memory)), ['first', 'second', 'third', 'fourth']);
});

test('while the store is away events are kept, each window for itself, and written when it is back', async t => {
	const {time, faults, memory, audit, pass, told, counted} = await setUp(t);
	faults.away = true;
	for (let minute = 0; minute < 5; minute++) {
		audit.record(event({why: `minute ${minute}`}));
		await pass();
		time.now += minuteMs;
	}
	t.deepEqual(await keysOf(memory), []);
	t.is(told.filter(text => text === 'store: S3 is away').length, 1);
	faults.away = false;
	await pass();
	t.deepEqual(
		await keysOf(memory),
		[0, 1, 2, 3, 4].map(minute => `audit/2026-11-27/120${minute}00000-aaa-${minute}`),
	);
	t.deepEqual(counted, {written: 5, lost: 0});
});

test('an answer that was lost makes no line twice', async t => {
	const {faults, memory, audit, pass, counted} = await setUp(t);
	audit.record(event());
	faults.answersLost = true;
	await pass();
	faults.answersLost = false;
	await pass();
	await audit.stop();
	t.is((await linesOf(memory)).length, 1);
	t.deepEqual(counted, {written: 1, lost: 0});
});

test('beyond a bound events are lost and counted, and the audit itself says so', async t => {
	const written: string[] = [];
	const counted = {written: 0, lost: 0};
	let away = true;
	const backlog = createBacklog({
		mostBytes: 1000,
		onEvents: (outcome, events) => {
			counted[outcome] += events;
		},
		async write({lines}) {
			if (away) throw new Error('away');
			written.push(lines.toString());
		},
	});
	const add = (number: number) =>
		backlog.add({
			lines: Buffer.from(`${'x'.repeat(199)}\n`),
			events: 3,
			first: noon + number * secondMs,
			last: noon + (number + 0.5) * secondMs,
		});
	for (let number = 0; number < 9; number++) add(number);
	await t.throwsAsync(backlog.flush(), {message: 'away'});
	away = false;
	await backlog.flush();
	add(9);
	await backlog.flush();
	t.deepEqual(counted, {written: 18, lost: 12});
	t.is(written.length, 7);
	const [gap] = parsed(written[5] ?? '');
	t.like(gap, {what: 'lost', count: 12, first: '2026-11-27T12:00:05.000Z', last: '2026-11-27T12:00:08.500Z'});
});

test('at the end the rest is written; where that cannot be, it is counted and told', async t => {
	const {memory, audit, counted} = await setUp(t);
	audit.record(event());
	await audit.stop();
	t.is((await linesOf(memory)).length, 1);
	t.deepEqual(counted, {written: 1, lost: 0});

	const other = await setUp(t);
	other.audit.record(event());
	other.audit.record(event({who: 'user:bob'}));
	other.faults.away = true;
	await other.audit.stop();
	t.deepEqual(other.counted, {written: 0, lost: 2});
	t.is(other.told.at(-1), 'store lost 2');
});

test('the file has the same lines, whether the store is away or not', async t => {
	const {faults, memory, path, audit, pass} = await setUp(t, {withFile: true});
	audit.record(event({why: 'one'}));
	await pass();
	faults.away = true;
	audit.record(event({why: 'two'}));
	await pass();
	t.deepEqual(reasons(parsed(await readFile(path, 'utf8'))), ['one', 'two']);
	faults.away = false;
	audit.record(event({why: 'three'}));
	await audit.stop();
	t.is(await readFile(path, 'utf8'), (await linesOf(memory)).map(line => `${JSON.stringify(line)}\n`).join(''));
});

test('a file that was moved away goes on under its name once it is told to', async t => {
	const {path, audit, pass} = await setUp(t, {withFile: true});
	audit.record(event({why: 'one'}));
	await pass();
	await rename(path, `${path}.1`);
	audit.record(event({why: 'two'}));
	await pass();
	audit.reopen();
	audit.record(event({why: 'three'}));
	await audit.stop();
	t.deepEqual(reasons(parsed(await readFile(`${path}.1`, 'utf8'))), ['one', 'two']);
	t.deepEqual(reasons(parsed(await readFile(path, 'utf8'))), ['three']);
});

test('a file that cannot be written is told at the start, with its name', async t => {
	const folder = await temporaryFolder(t);
	await t.throwsAsync(openAuditFile(join(folder, 'missing', 'audit.jsonl'), process.stdout), {
		instanceOf: AuditFileUnusable,
		message: /^LAYERCACHE_AUDIT_FILE: .*missing\/audit\.jsonl cannot be written: ENOENT/,
	});
});

test('lines that a full disk refuses come again when there is room, and not behind a piece of themselves', async t => {
	const folder = await temporaryFolder(t);
	const path = join(folder, 'audit.jsonl');
	await symlink('/dev/full', path);
	const file = await openAuditFile(path, process.stdout);
	await t.throwsAsync(file.append(Buffer.from('one\n')), {code: 'ENOSPC'});
	await rm(path);
	await writeFile(path, 'o');
	file.reopen();
	await file.append(Buffer.from('one\n'));
	await file.append(Buffer.from('two\n'));
	await file.close();
	t.is(await readFile(path, 'utf8'), 'o\none\ntwo\n');
});

test('a dash is standard output, a line at a time: workers share it', async t => {
	const chunks: string[] = [];
	const stdout = new Writable({
		write(chunk, _, done) {
			chunks.push(String(chunk));
			done();
		},
	});
	const file = await openAuditFile('-', stdout);
	await file.append(Buffer.from('one\ntwo\n'));
	t.deepEqual(chunks, ['one\n', 'two\n']);
});
