import test from 'ava';
import {createClient} from '../support/client.ts';
import {cli, exitOf, lines, main, run, waitForLine} from '../support/serverProcess.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

test('the server serves from an empty folder, stops on SIGTERM and exits 0', async t => {
	const folder = await temporaryFolder(t);
	const server = run(t, main, [], {LAYERCACHE_PORT: '0', LAYERCACHE_DISK_PATH: `${folder}/new/data`});
	const {url, ...facts} = await waitForLine(server, 'listening');
	t.false('workers' in facts);
	t.is((await fetch(`${url}/v2/`)).status, 200);
	server.child.kill('SIGTERM');
	t.is(await exitOf(server.child), 0);
	t.is(lines(server, 'stopped').length, 1);
});

test('what Kubernetes injects is warned about once, and the server starts', async t => {
	const server = run(t, cli, ['serve'], {
		LAYERCACHE_STORE: 'memory',
		LAYERCACHE_HOST: '127.0.0.1',
		LAYERCACHE_SERVICE_HOST: '10.0.0.1',
		LAYERCACHE_SERVICE_PORT: '5000',
		LAYERCACHE_PORT_5000_TCP_ADDR: '10.0.0.1',
		LAYERCACHE_PUBLIC_URL: 'https://cache.example',
		LAYERCACHE_AUTH: 'none',
		LAYERCACHE_LOG: 'json',
		...(process.platform === 'linux' && {LAYERCACHE_PORT: '0'}),
	});
	t.like(await waitForLine(server, 'listening'), {url: 'https://cache.example'});
	t.is(server.output.text.split('\n').filter(text => text.includes('"ignored"')).length, 1);
});

test('settings that cannot be used end the process with a sentence for each, and no stack', async t => {
	const {child, output} = run(t, main, [], {LAYERCACHE_PORT: 'x', LAYERCACHE_STOER: 'disk'});
	t.is(await exitOf(child), 1);
	t.regex(output.text, /LAYERCACHE_STOER is no setting; did you mean LAYERCACHE_STORE\?/);
	t.regex(output.text, /LAYERCACHE_PORT must be a whole number/);
	t.notRegex(output.text, /\n {4}at /);
});

test('a folder that cannot be made ends the process with a sentence', async t => {
	const {child, output} = run(t, main, [], {LAYERCACHE_PORT: '0', LAYERCACHE_DISK_PATH: `${main}/data`});
	t.is(await exitOf(child), 1);
	t.regex(output.text, /layercache cannot start: /);
	t.notRegex(output.text, /\n {4}at /);
});

test('the doctor exits 0 where all is well and 1 where something must be mended', async t => {
	const well = run(t, cli, ['doctor', '--json'], {LAYERCACHE_STORE: 'memory'});
	t.is(await exitOf(well.child), 0);
	t.true(JSON.parse(well.output.text).ok);
	const ill = run(t, cli, ['doctor'], {LAYERCACHE_STORE: 's3'});
	t.is(await exitOf(ill.child), 1);
	t.regex(ill.output.text, /FAILED {2}settings: LAYERCACHE_S3_BUCKET is needed/);
});

test('a command ends as ever where nobody reads what it says', async t => {
	const {child, output} = run(t, cli, ['doctor'], {LAYERCACHE_STORE: 'memory'});
	child.stdout?.destroy();
	t.is(await exitOf(child), 0);
	t.is(output.text, '');
});

test('a command that keeps to a rate lives until it has ended', async t => {
	const folder = await temporaryFolder(t);
	const server = run(t, main, [], {LAYERCACHE_PORT: '0', LAYERCACHE_DISK_PATH: folder});
	const {url} = await waitForLine(server, 'listening');
	await createClient(String(url)).pushBlob('ci/app', Buffer.alloc(1_000_000));
	// While it waits for its turn nothing else keeps the process.
	const {child, output} = run(t, cli, ['verify', '--rate', '5MB', '--json'], {LAYERCACHE_DISK_PATH: folder});
	t.is(await exitOf(child), 0);
	t.like(JSON.parse(output.text), {complete: true, checked: {count: 1, bytes: 1_000_000}});
});

test('on an address that others reach it does not start before it was said who may do what', async t => {
	const {child, output} = run(t, main, [], {LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory', LAYERCACHE_HOST: '0.0.0.0'});
	t.is(await exitOf(child), 1);
	t.regex(output.text, /^layercache cannot start: .*LAYERCACHE_AUTH has to say who may\. `required` .* `none`/ms);
	t.notRegex(output.text, /\n {4}at /);
	const told = run(t, main, [], {
		...{LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory', LAYERCACHE_HOST: '0.0.0.0', LAYERCACHE_AUTH: 'none', LAYERCACHE_LOG: 'json'},
	});
	t.like(await waitForLine(told, 'anyone who reaches this address may read, push and delete'), {level: 'warn'});
});
