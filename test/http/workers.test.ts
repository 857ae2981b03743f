import {once} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import {createServer, type IncomingMessage, request as send} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {createDiskStore} from '../../src/storage/disk.ts';
import {waitBeforeStart} from '../../src/workers.ts';
import type {LogLine} from '../support/app.ts';
import {someBytes} from '../support/bytes.ts';
import {asImporter, pushCache} from '../support/caches.ts';
import {createClient, withDigest} from '../support/client.ts';
import {cli, exitOf, isRunning, lines, main, run, waitForLine, waitForLines} from '../support/serverProcess.ts';
import {keysOf} from '../support/stores.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {until} from '../support/until.ts';
import {readUsage} from '../support/usage.ts';

const workers = 2;

const environmentOf = (folder: string) => ({
	LAYERCACHE_PORT: '0',
	LAYERCACHE_LOG: 'json',
	LAYERCACHE_DISK_PATH: folder,
	LAYERCACHE_WORKERS: String(workers),
});

const startWorkers = async (t: ExecutionContext, {program = main, args = [] as string[], environment = {}} = {}) => {
	const server = run(t, program, args, {...environmentOf(await temporaryFolder(t)), ...environment});
	const {url} = await waitForLine(server, 'listening');
	await waitForLines(server, 'worker serves', workers);
	return {...server, url: String(url), pids: lines(server, 'worker serves').map(({pid}) => Number(pid))};
};

/** On a connection of its own, since a connection stays with its worker. */
const fresh = async (url: string, path: string, headers = {}) => {
	const [answer] = (await once(send(`${url}${path}`, {agent: false, headers}).end(), 'response')) as [IncomingMessage];
	return {status: answer.statusCode, text: await text(answer)};
};

const metricOf = async (url: string, name: string) => {
	const {text} = await fresh(url, '/metrics');
	return Number(
		text
			.split('\n')
			.find(line => line.startsWith(`${name} `))
			?.split(' ')[1],
	);
};

const pings = 'layercache_http_requests_total{kind="ping",method="GET",status="200"}';
const inFlight = 'layercache_http_requests_in_flight';

const requestsOf = (server: Parameters<typeof lines>[0], what: object) =>
	lines(server, 'request').filter(line => Object.entries(what).every(([key, value]) => line[key] === value));

const workersIn = (found: LogLine[]) => new Set(found.map(line => line.worker));

/** Asks on fresh connections until every worker has answered once. */
const askEveryWorker = async (server: {url: string} & Parameters<typeof lines>[0], path: string, what: object, headers = {}) => {
	const answers: string[] = [];
	await until(async () => {
		answers.push((await fresh(server.url, path, headers)).text);
		return workersIn(requestsOf(server, what)).size === workers;
	});
	await until(() => requestsOf(server, what).length === answers.length);
	return answers;
};

test('every worker answers with the sum of what all have counted', async t => {
	const server = await startWorkers(t, {environment: {LAYERCACHE_SERVICE_HOST: '10.0.0.1'}});
	const asked = (await askEveryWorker(server, '/v2/', {kind: 'ping'})).length;
	t.true(asked >= workers);
	const answers = await askEveryWorker(server, '/metrics', {path: '/metrics'});
	for (const answer of answers) {
		t.is(answer.split('\n').filter(line => line === `${pings} ${asked}`).length, 1);
		t.true(answer.includes(`\n${inFlight} 1\n`));
		t.regex(answer, /^layercache_build_info\{version="[\d.]+"\} 1$/m);
		t.regex(answer, /^process_start_time_seconds \d+/m);
		t.notRegex(answer, /^[a-z_]+(?:\{[^}]*\})? (?:null|undefined)$/m);
	}
	t.deepEqual([...workersIn(requestsOf(server, {kind: 'ping'}))].sort(), [1, 2]);
	t.is(lines(server, 'listening').length, 1);
	t.is(server.output.text.split('\n').filter(line => line.includes('"ignored"')).length, 1);
});

test('a worker that is busy counts as it last said, and the answer does not wait for it', async t => {
	const server = await startWorkers(t);
	const asked = (await askEveryWorker(server, '/v2/', {kind: 'ping'})).length;
	t.is(await metricOf(server.url, pings), asked);
	const [busy] = server.pids as [number];
	process.kill(busy, 'SIGSTOP');
	t.is(await metricOf(server.url, pings), asked);
	process.kill(busy, 'SIGCONT');
	t.is(await metricOf(server.url, pings), asked);
});

test('a worker that is killed is replaced under its number, requests go on, and its counts stay', async t => {
	const server = await startWorkers(t);
	let asked = (await askEveryWorker(server, '/v2/', {kind: 'ping'})).length;
	for (const [index, pid] of server.pids.entries()) {
		t.is(await metricOf(server.url, pings), asked);
		process.kill(pid, 'SIGKILL');
		const ended = await waitForLines(server, 'a worker ended; another takes its place', index + 1);
		t.like(ended[index], {pid, signal: 'SIGKILL'});
		t.is((await fresh(server.url, '/v2/')).status, 200);
		asked += 1;
		const serving = await waitForLines(server, 'worker serves', workers + index + 1);
		t.is(serving[workers + index]?.worker, ended[index]?.worker);
		t.not(serving[workers + index]?.pid, pid);
	}
	// Both are new by now, and nothing that the old ones counted is lost.
	await until(() => requestsOf(server, {kind: 'ping'}).length === asked);
	t.is(await metricOf(server.url, pings), asked);
	t.is((await fresh(server.url, '/readyz')).status, 200);
});

test('when a worker is killed amid new connections, no client waits for ever', async t => {
	const server = await startWorkers(t);
	let waiting = 0;
	let isOver = false;
	const askAgainAndAgain = async () => {
		while (!isOver) {
			waiting += 1;
			// Answered or cut, either will do: clients come again.
			await fresh(server.url, '/v2/').catch(() => undefined);
			waiting -= 1;
		}
	};
	const clients = Array.from({length: 20}, askAgainAndAgain);
	for (let kills = 0; kills < 4; kills += 1) {
		const victim = lines(server, 'worker serves').findLast(({worker}) => worker === (kills % workers) + 1)?.pid;
		process.kill(Number(victim), 'SIGKILL');
		await waitForLines(server, 'worker serves', workers + kills + 1);
	}
	isOver = true;
	await until(() => waiting === 0);
	await Promise.all(clients);
	t.is((await fresh(server.url, '/readyz')).status, 200);
});

/** An upload of which half has arrived at some worker. */
const beginUpload = async (url: string) => {
	const bytes = someBytes(100_000);
	const upload = send(url + withDigest(await createClient(url).startUpload('team/app'), digestOf(bytes)), {
		method: 'PUT',
		agent: false,
		headers: {'Content-Length': bytes.length},
	});
	const answer = once(upload, 'response').then(([{statusCode}]) => statusCode as number);
	answer.catch(() => undefined);
	upload.write(bytes.subarray(0, 50_000));
	await until(async () => (await metricOf(url, inFlight)) === 2);
	return {answer, end: () => upload.end(bytes.subarray(50_000))};
};

const refuses = (url: string) =>
	fresh(url, '/livez').then(
		() => false,
		error => error.code === 'ECONNREFUSED',
	);

test('SIGTERM lets an upload under way end, also when every process gets it at once, as systemd does', async t => {
	const server = await startWorkers(t);
	const {answer, end} = await beginUpload(server.url);
	for (const pid of [...server.pids, server.child.pid as number]) process.kill(pid, 'SIGTERM');
	await waitForLine(server, 'stopping: requests under way may end');
	await until(() => refuses(server.url));
	end();
	t.is(await answer, 201);
	t.is(await exitOf(server.child), 0);
	t.deepEqual(server.pids.filter(isRunning), []);
	t.is(lines(server, 'stopped').length, 1);
	t.is(lines(server, 'a worker ended; another takes its place').length, 0);
});

test('a second SIGTERM ends all processes at once', async t => {
	const server = await startWorkers(t);
	const {answer} = await beginUpload(server.url);
	server.child.kill('SIGTERM');
	await waitForLine(server, 'stopping: requests under way may end');
	server.child.kill('SIGTERM');
	t.is(await exitOf(server.child), 1);
	await t.throwsAsync(answer);
	await until(() => !server.pids.some(isRunning));
	t.pass();
});

test('when the primary is killed, its workers end too', async t => {
	const server = await startWorkers(t, {program: cli, args: ['serve']});
	t.true(server.pids.every(isRunning));
	server.child.kill('SIGKILL');
	await until(() => !server.pids.some(isRunning));
	// The last threads of a process may hold its socket a moment longer.
	await until(() => refuses(server.url));
});

const refusedStarts: Record<string, (t: ExecutionContext, folder: string) => Promise<{environment: object; sentence: RegExp}>> = {
	'a port that is taken': async t => {
		const taken = createServer().listen(0, '127.0.0.1');
		await once(taken, 'listening');
		t.teardown(() => taken.close());
		const {port} = taken.address() as AddressInfo;
		return {environment: {LAYERCACHE_PORT: String(port)}, sentence: /layercache cannot start: port \d+ of 127\.0\.0\.1 is taken/g};
	},
	'a store of another layout': async (_, folder) => {
		await mkdir(`${folder}/objects`, {recursive: true});
		await writeFile(`${folder}/objects/layout.json@bytes`, '{"version":2}');
		return {environment: {}, sentence: /layercache cannot start: layout\.json says/g};
	},
	'a folder that cannot be made': async () => ({
		environment: {LAYERCACHE_DISK_PATH: `${main}/data`},
		sentence: /layercache cannot start: /g,
	}),
	'a store that is kept in the memory of each': async () => ({
		environment: {LAYERCACHE_STORE: 'memory'},
		sentence: /LAYERCACHE_STORE=memory needs LAYERCACHE_WORKERS=1/g,
	}),
	'a number of workers that is none': async () => ({
		environment: {LAYERCACHE_WORKERS: 'all'},
		sentence: /LAYERCACHE_WORKERS must be a whole number/g,
	}),
};

for (const [what, arrange] of Object.entries(refusedStarts)) {
	test(`${what} ends the start of several with one sentence and code 1`, async t => {
		const folder = await temporaryFolder(t);
		const {environment, sentence} = await arrange(t, folder);
		const {child, output} = run(t, main, [], {...environmentOf(folder), ...environment});
		t.is(await exitOf(child), 1);
		t.is(output.text.match(sentence)?.length, 1, output.text);
		t.notRegex(output.text, /\n {4}at |worker serves/);
	});
}

test('a worker that lived long is replaced at once, one that ends again and again ever later', t => {
	t.deepEqual([0, 1, 2, 3, 10, 1000].map(waitBeforeStart), [0, 100, 200, 400, 30_000, 30_000]);
});

test('every worker writes down what it heard when it ends, each in a document of its own', async t => {
	const folder = await temporaryFolder(t);
	const server = await startWorkers(t, {environment: {LAYERCACHE_DISK_PATH: folder}});
	await pushCache(createClient(server.url), 'ci/app', 'main', {steps: ['a']});
	const asked = await askEveryWorker(server, '/v2/ci/app/manifests/main', {kind: 'manifest.get'}, asImporter);
	server.child.kill('SIGTERM');
	t.is(await exitOf(server.child), 0);
	const store = createDiskStore({path: folder});
	t.teardown(() => store.close());
	t.is((await keysOf(store, 'usage/')).length, workers);
	t.like(await readUsage(t, store).ref(parseRepositoryName('ci/app'), parseTag('main')), {pushes: 1, imports: asked.length});
});
