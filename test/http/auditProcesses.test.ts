/** The audit of real processes: several workers, signals, and standard output. */
import {readFile, rename} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {createDiskStore} from '../../src/storage/disk.ts';
import {linesOf, parsed} from '../support/auditEvents.ts';
import {exitOf, lines, main, run, waitForLine, waitForLines} from '../support/serverProcess.ts';
import {keysOf} from '../support/stores.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {until} from '../support/until.ts';

const start = async (t: ExecutionContext, environment: Record<string, string>) => {
	const folder = await temporaryFolder(t);
	const data = join(folder, 'data');
	const settings = {LAYERCACHE_PORT: '0', LAYERCACHE_LOG: 'json', LAYERCACHE_DISK_PATH: data, LAYERCACHE_AUDIT: 'on'};
	const server = run(t, main, [], {...settings, LAYERCACHE_AUDIT_FILE: join(folder, 'audit.jsonl'), ...environment});
	const {url} = await waitForLine(server, 'listening');
	/** On a connection of its own, which may come to any worker. */
	const ask = () => fetch(`${url}/api/v1/gc/status`, {headers: {Connection: 'close'}});
	const end = async () => {
		server.child.kill('SIGTERM');
		t.is(await exitOf(server.child), 0);
	};
	return {...server, ask, end, store: createDiskStore({path: data}), file: join(folder, 'audit.jsonl')};
};

const countOf = (found: readonly {count: number}[]) => found.reduce((sum, {count}) => sum + count, 0);

test('each worker writes what it has heard, in the store and on standard output, and all of it is there at the end', async t => {
	const {ask, end, store, ...server} = await start(t, {LAYERCACHE_WORKERS: '2', LAYERCACHE_AUDIT_FILE: '-'});
	await waitForLines(server, 'worker serves', 2);
	let asked = 0;
	await until(async () => {
		await ask();
		asked += 1;
		return new Set(lines(server, 'request').map(({worker}) => worker)).size === 2;
	});
	await end();
	const stored = await linesOf(store);
	t.is(countOf(stored), asked);
	const replicas = (await keysOf(store, 'audit/')).map(key => /\/\d{9}-([0-9a-f-]{36})-\d+$/.exec(key)?.[1]);
	t.is(new Set(replicas).size, 2);
	const printed = parsed(
		server.output.text
			.split('\n')
			.filter(line => line.startsWith('{"audit":1'))
			.join('\n'),
	);
	t.is(countOf(printed), asked);
});

test('after SIGHUP it goes on in a new file', async t => {
	const {ask, end, file, ...server} = await start(t, {});
	await ask();
	await rename(file, `${file}.1`);
	server.child.kill('SIGHUP');
	// A signal is heard before what is asked after it.
	await ask();
	await ask();
	await end();
	t.is(countOf(parsed(await readFile(file, 'utf8'))), 3);
	t.is(await readFile(`${file}.1`, 'utf8'), '');
});

test('a file that cannot be written ends the start with a sentence', async t => {
	const server = run(t, main, [], {
		...{LAYERCACHE_PORT: '0', LAYERCACHE_DISK_PATH: await temporaryFolder(t), LAYERCACHE_AUDIT: 'on'},
		LAYERCACHE_AUDIT_FILE: '/nowhere/audit.jsonl',
	});
	t.is(await exitOf(server.child), 1);
	t.regex(server.output.text, /^layercache cannot start: LAYERCACHE_AUDIT_FILE: \/nowhere\/audit\.jsonl cannot be written: ENOENT/m);
	t.notRegex(server.output.text, /^ {4}at /m);
});
