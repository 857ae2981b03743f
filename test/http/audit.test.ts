/** Who did what, as it is found again: through the API, on the command line, and in a file. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {apiOf} from '../support/adminApi.ts';
import {startApp} from '../support/app.ts';
import {linesOf, parsed} from '../support/auditEvents.ts';
import {pushCache} from '../support/caches.ts';
import {json, runCommand} from '../support/commandLine.ts';
import {keysOf} from '../support/stores.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const repo = parseRepositoryName('ci/app');
const on = {LAYERCACHE_AUDIT: 'on'};

test('what an administrator does is found again, job or not, on a server and on the store', async t => {
	const {app, client, store, url} = await startApp(t, {environment: on});
	await pushCache(client, repo, 'main', {steps: ['one']});
	await pushCache(client, repo, 'pr-1', {steps: ['one', 'two']});
	const api = apiOf(t, url);
	await api.run('refs.protect', {ref: 'ci/app:main'});
	await api.run('prune', {tag: 'pr-*'});
	t.is((await runCommand(['refs', 'delete', 'ci/app:main', '--yes'], {store, environment: on})).code, 1);
	await app.stop();

	const listed = async (...args: string[]) =>
		json(await runCommand(['audit', 'list', '--json', ...args], {store, environment: on})).entries;
	t.like((await listed('--on', 'ci/*:pr-*'))[0], {
		what: 'admin:prune',
		who: 'administrator',
		from: '127.0.0.1',
		repository: 'ci/app',
		tag: 'pr-1',
		why: 'done',
	});
	t.like((await listed('--on', 'ci/*:main', '--who', 'admin*'))[0], {what: 'admin:refs.protect', input: 'ref=ci/app:main'});
	t.like(
		(await listed('--who', 'local:*', '--limit', '1000')).find(({what}: {what: string}) => what === 'admin:refs.delete'),
		{
			...{who: 'local:operator', from: 'local', tag: 'main'},
			input: 'refs=["ci/app:main"] dryRun=true',
		},
	);
	t.deepEqual(await listed('--who', 'admin'), []);
	t.true((await listed('--who', '!local:*')).every(({who}: {who: string}) => who === 'anonymous' || who === 'administrator'));
	t.deepEqual(new Set((await listed('--what', 'admin:p*')).map(({what}: {what: string}) => what)), new Set(['admin:prune']));
	t.deepEqual(await listed('--until', '1h'), []);
	const shown = await runCommand(['audit', 'list', '--on', 'ci/*:pr-*'], {store});
	t.regex(shown.out, /allowed +admin:prune +administrator +127\.0\.0\.1 +ci\/app:pr-1 tag=pr-\* +done/);
});

test('over HTTP it is asked for with the same filters, and the API says what is wrong with them', async t => {
	const {url} = await startApp(t, {environment: on});
	const api = apiOf(t, url);
	t.like((await api.get('/api/v1/audit/list?since=2026-11-27&until=2026-11-27T10:30Z&on=ci/**:*&allowed=no&limit=5')).body, {entries: []});
	const wrong = await api.get('/api/v1/audit/list?since=soon&on=ci&allowed=perhaps&limit=9999');
	t.is(wrong.status, 400);
	for (const field of ['since', 'on', 'allowed', 'limit']) t.regex(wrong.body.error.message, new RegExp(`\\b${field}: `));
});

test('the file has what the store has', async t => {
	const path = join(await temporaryFolder(t), 'audit.jsonl');
	const {app, store, url} = await startApp(t, {environment: {...on, LAYERCACHE_AUDIT_FILE: path}});
	await apiOf(t, url).get('/api/v1/gc/status');
	await app.stop();
	const lines = parsed(await readFile(path, 'utf8'));
	t.like(lines, {length: 1, 0: {what: 'admin:gc.status'}});
	t.deepEqual(lines, await linesOf(store));
});

test('nothing is written down where that is off, and decisions are counted all the same', async t => {
	const {app, store, url} = await startApp(t, {environment: {LAYERCACHE_AUDIT: 'off'}});
	await apiOf(t, url).get('/api/v1/gc/status');
	const metrics = await (await fetch(`${url}/metrics`)).text();
	t.regex(metrics, /^layercache_decisions_total\{subject="admin",outcome="allowed"\} 1$/m);
	await app.stop();
	t.deepEqual(await keysOf(store, 'audit/'), []);
});

test('requests go on where it cannot be written down; what is lost at the end is told', async t => {
	const memory = createMemoryStore();
	const isAudit = (key: string) => key.startsWith('audit/');
	const away = () => Promise.reject(new StoreUnavailable('S3 is away'));
	const store: ObjectStore = {...memory, write: (key, ...given) => (isAudit(key) ? away() : memory.write(key, ...given))};
	const {app, client, log} = await startApp(t, {store, environment: on});
	t.is((await pushCache(client, repo, 'main', {steps: ['one']})).status, 201);
	t.is((await client.get('/v2/ci/app/manifests/main')).status, 200);
	await app.stop();
	const [lost, ...more] = log.filter(({msg}) => msg === 'events of the audit are lost');
	t.like(lost, {place: 'store', level: 'error'});
	t.true(Number(lost?.events) > 3);
	t.deepEqual(more, []);
});

test('a command that cannot write it down does what it was told, and says so', async t => {
	const memory = createMemoryStore();
	const {client, app} = await startApp(t, {store: memory});
	await pushCache(client, repo, 'main', {steps: ['one']});
	const store = {
		...memory,
		write: (key: string, ...given: [Uint8Array]) =>
			key.startsWith('audit/') ? Promise.reject(new Error('AccessDenied')) : memory.write(key, ...given),
	};
	const result = await runCommand(['refs', 'list'], {store, environment: on});
	t.like(result, {code: 0, said: 'this command is not in the audit: AccessDenied\n'});
	await app.stop();
});
