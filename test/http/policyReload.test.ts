import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import {startApp} from '../support/app.ts';
import {describe, imageOf} from '../support/client.ts';
import {policyFile, replacePolicy} from '../support/policy.ts';
import {cli, exitOf, lines, main, run, waitForLine, waitForLines} from '../support/serverProcess.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const protects = (tag: string) => `refs:\n  - match: "ci/**:${tag}"\n    protect: true\n`;
const image = imageOf(describe('{}'), []);
const refused = 'the policy file cannot be used; the policy before it stays in force';

test('a new policy holds from the next request on, a broken one never, and both are counted', async t => {
	const path = await policyFile(t, protects('main'));
	const {app, client, log} = await startApp(t, {environment: {LAYERCACHE_POLICY: path}});
	await client.pushBlob('ci/app', '{}');
	const pushed = async (tag: string) => (await client.putManifest('ci/app', tag, image)).status;
	const metric = async (name: string) =>
		(await client.get('/metrics')).text.match(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\d+)$`, 'm'))?.[1];
	t.is(await pushed('main'), 403);

	await replacePolicy(path, protects('other'));
	await app.reload();
	t.is(await pushed('main'), 201);
	t.is(await pushed('other'), 403);

	await replacePolicy(path, 'refs:\n  - match: "ci/**:other"\n    protekt: false\n');
	await app.reload();
	t.is(await pushed('other'), 403);
	const problem = {line: 3, column: 5, message: 'refs[0].protekt is no name that is known; did you mean protect?'};
	t.like(
		log.find(({msg}) => msg === refused),
		{level: 'error', file: path, problems: [problem]},
	);
	t.is(await metric('layercache_policy_stale'), '1');
	// Once or twice: the change may be seen before it is asked for.
	t.true(Number(await metric('layercache_policy_reads_total{outcome="refused"}')) >= 1);

	await replacePolicy(path, '{}');
	await app.reload();
	t.is(await pushed('other'), 201);
	t.is(await metric('layercache_policy_stale'), '0');
	t.true(Number(await metric('layercache_policy_reads_total{outcome="loaded"}')) >= 3);
});

test('a change is found without any signal', async t => {
	const path = await policyFile(t, protects('main'));
	const server = run(t, main, [], {LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory', LAYERCACHE_POLICY: path});
	await waitForLine(server, 'listening');
	await replacePolicy(path, '{}');
	const [, second] = await waitForLines(server, 'policy loaded', 2);
	t.is(second?.rules, 0);
});

test('SIGHUP reads the policy again, changed or not, and the server goes on', async t => {
	const path = await policyFile(t, protects('main'));
	const server = run(t, main, [], {LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory', LAYERCACHE_POLICY: path});
	const {url} = await waitForLine(server, 'listening');
	server.child.kill('SIGHUP');
	await waitForLines(server, 'policy loaded', 2);
	t.is((await fetch(`${url}/v2/`)).status, 200);
});

const startTwoWorkers = async (t: ExecutionContext, policyPath: string) => {
	const server = run(t, main, [], {
		LAYERCACHE_PORT: '0',
		LAYERCACHE_LOG: 'json',
		LAYERCACHE_DISK_PATH: await temporaryFolder(t),
		LAYERCACHE_WORKERS: '2',
		LAYERCACHE_POLICY: policyPath,
	});
	await waitForLine(server, 'listening');
	return server;
};

test('at SIGHUP every worker reads the policy again', async t => {
	const path = await policyFile(t, protects('main'));
	const server = await startTwoWorkers(t, path);
	await waitForLines(server, 'worker serves', 2);
	t.is(lines(server, 'policy loaded').length, 2);
	server.child.kill('SIGHUP');
	const loaded = await waitForLines(server, 'policy loaded', 4);
	t.deepEqual(
		loaded
			.slice(2)
			.map(({worker}) => worker)
			.sort(),
		[1, 2],
	);
});

test('without a policy SIGHUP ends the server, as it ends whatever loses its terminal', async t => {
	const server = run(t, main, [], {LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory'});
	await waitForLine(server, 'listening');
	server.child.kill('SIGHUP');
	const [, signal] = await once(server.child, 'close');
	t.is(signal, 'SIGHUP');
});

const broken = 'refs:\n  - match: main\n    onPush: merg\n';
for (const [what, workers] of Object.entries({'one process': '1', 'several processes': '2'})) {
	test(`a policy that cannot be used ends the start of ${what} with all its problems, once, and no stack`, async t => {
		const path = await policyFile(t, broken);
		const server = run(t, main, [], {
			LAYERCACHE_PORT: '0',
			LAYERCACHE_DISK_PATH: await temporaryFolder(t),
			LAYERCACHE_POLICY: path,
			LAYERCACHE_WORKERS: workers,
		});
		t.is(await exitOf(server.child), 1);
		const {text} = server.output;
		t.is(text.match(/layercache cannot start: the policy cannot be used:/g)?.length, 1, text);
		t.regex(text, /policy\.yaml:2:12: refs\[0\]\.match must be a pattern/);
		t.regex(text, /policy\.yaml:3:13: refs\[0\]\.onPush must be replace or merge; did you mean merge\?/);
		t.notRegex(text, /\n {4}at /);
	});
}

test('a policy file that is not there ends the start with its name', async t => {
	const server = run(t, cli, ['serve'], {LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory', LAYERCACHE_POLICY: '/nowhere/policy.yaml'});
	t.is(await exitOf(server.child), 1);
	t.regex(server.output.text, /\/nowhere\/policy\.yaml:1:1: the file cannot be read: ENOENT/);
});

test('a worker that is replaced while the file is broken serves by the policy that the others have', async t => {
	const path = await policyFile(t, protects('main'));
	const server = await startTwoWorkers(t, path);
	const serving = await waitForLines(server, 'worker serves', 2);
	await replacePolicy(path, broken);
	server.child.kill('SIGHUP');
	await waitForLines(server, refused, 2);
	process.kill(Number(serving[0]?.pid), 'SIGKILL');
	await waitForLines(server, 'worker serves', 3);
	await waitForLines(server, refused, 3);
	t.is(lines(server, 'a worker ended; another takes its place').length, 1);
});
