/** The other commands, on the store itself and through a server: what they answer, and how they end. */
import test, {type ExecutionContext} from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {type OperationName, operations} from '../../src/operations/table.ts';
import {keys} from '../../src/registry/keys.ts';
import {startApp} from '../support/app.ts';
import {importCache, layerDigest, pushCache} from '../support/caches.ts';
import {makeCertificate} from '../support/certificates.ts';
import {type CommandOptions, json, runCommand} from '../support/commandLine.ts';
import {anyoneMayMove, policyFile} from '../support/policy.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const repo = parseRepositoryName('ci/app');
const ways = ['the store', 'a server'] as const;

const start = async (t: ExecutionContext, way: (typeof ways)[number], policy?: string) => {
	const environment: Record<string, string> =
		policy === undefined ? {} : {LAYERCACHE_POLICY: await policyFile(t, `${policy}${anyoneMayMove}`)};
	const {client, store, url} = await startApp(t, {environment});
	await pushCache(client, repo, 'main', {steps: ['one', 'two']});
	await pushCache(client, repo, 'pr-1', {steps: ['one', 'three']});
	const where = way === 'a server' ? ['--server', url] : [];
	const run = (args: string[], options: CommandOptions = {}) => runCommand([...args, ...where], {store, environment, ...options});
	/** As a program reads it. */
	const read = async (name: OperationName, ...args: string[]) => {
		const result = await run([...name.split('.'), ...args, '--json']);
		const answer = operations[name].output.safeParse(json(result));
		t.true(answer.success, JSON.stringify(answer.error?.issues));
		return json(result);
	};
	return {client, store, run, read};
};

for (const way of ways) {
	test(`on ${way}, prune deletes what every condition holds for, and says what stays`, async t => {
		const {client, run} = await start(t, way, 'refs: [{match: "ci/**:pr-9", protect: true}]');
		await pushCache(client, repo, 'pr-9', {steps: ['one']});
		t.like(await run(['prune', '--repo', 'ci/**', '--yes']), {code: 2});
		const soon = await run(['prune', '--tag', 'pr-*', '--older-than', 'soon']);
		t.is(soon.code, 2);
		t.regex(soon.said, /error: --older-than: must be a duration such as 12h.*\n {2}-> `layercache prune --help`/);
		t.regex((await run(['prune', '--tag', 'pr-*', '--older-than', '1d', '--dry-run'])).out, /nothing goes/);
		const shown = await run(['prune', '--tag', 'pr-*', '--dry-run']);
		t.regex(shown.out, /ci\/app:pr-1 [\s\S]*STAYS[\s\S]*ci\/app:pr-9 .*protected by the policy/);
		t.is((await run(['prune', '--tag', 'pr-*', '--yes'])).code, 0);
		t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 404);
		t.is((await client.get('/v2/ci/app/manifests/pr-9')).status, 200);
	});

	test(`on ${way}, retention is previewed and applied, with the rule as the reason`, async t => {
		const {client, run, read} = await start(t, way, 'refs: [{match: "ci/**:pr-*", keep: {newest: 1}}]');
		await pushCache(client, repo, 'pr-2', {steps: ['one']});
		const preview = await read('retention.preview');
		t.like(preview.removals, {length: 1, 0: {tag: 'pr-1', kind: 'tag', rule: 'ci/**:pr-*, line 1'}});
		t.regex((await run(['retention', 'preview'])).out, /ci\/app:pr-1/);
		t.is((await run(['retention', 'apply'])).code, 1);
		t.regex((await run(['retention', 'apply'], {answer: true})).out, /deleted: 1 ref/);
		t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 404);
		t.is((await client.get('/v2/ci/app/manifests/pr-2')).status, 200);
	});

	test(`on ${way}, a cycle of the collector is previewed, run and told of`, async t => {
		const {read, run} = await start(t, way);
		t.like(await read('gc.preview'), {total: {deleted: {count: 0}}});
		t.like(await read('gc.status'), {earlier: [], graceSeconds: 259_200});
		const ran = await run(['gc', 'run', '--yes', '--json']);
		t.is(ran.code, 0);
		t.true(operations['gc.run'].output.safeParse(json(ran)).success);
		const {report} = json(ran);
		t.like(report, {totals: {tags: 2}, did: {deleted: {count: 0}, condemned: {count: 0}}});
		// Where nothing goes nobody needs to be asked, and the cycle is run all the same.
		t.is((await run(['gc', 'run'])).code, 0);
		t.like(await read('gc.status'), {earlier: {length: 1}});
		t.regex((await run(['gc', 'status'])).out, /grace 3 d[\s\S]*\nnobody collects just now\n[\s\S]*the last cycle/);
	});

	test(`on ${way}, usage and top tell what was used`, async t => {
		const {client, read, run} = await start(t, way);
		await importCache(client, repo, 'main');
		t.like(await read('usage', '--days', '7'), {days: {length: 7}, repositories: {0: {repository: 'ci/app', refs: 2}}});
		t.like(await read('top', '--by', 'size', '--limit', '1'), {refs: {length: 1}});
		t.regex((await run(['usage'])).out, /REPOSITORY[\s\S]*ci\/app/);
		t.regex((await run(['top'])).out, /ci\/app:main/);
		t.like(await run(['top', '--by', 'beauty']), {code: 2});
	});

	test(`on ${way}, verify finds a blob that is not what it should be, and exits 1`, async t => {
		const {read, run, store} = await start(t, way);
		t.like(await read('verify'), {complete: true, findingCount: 0});
		await store.write(keys.blob(repo, layerDigest('two')), Buffer.from('something else'));
		const found = await run(['verify', '--restart']);
		t.is(found.code, 1);
		t.regex(found.out, /damaged .*_blobs\/sha256\//);
	});

	test(`on ${way}, the doctor exits 0 where all is well`, async t => {
		const {run} = await start(t, way);
		const {code, out} = await run(['doctor']);
		t.is(code, 0, out);
		t.regex(out, /ok {6} {0,2}settings/);
	});
}

test('what a budget lets go now is not foreseen for later once more', async t => {
	const {app, client, store} = await startApp(t);
	await pushCache(client, repo, 'pr-1', {steps: ['one', 'three']});
	// Its last minute is written down by then.
	await app.stop();
	const policy = 'refs: [{match: "ci/**:pr-1", expire: {age: 7d}}]\nbudget: [{match: "ci/**:pr-*", size: 1B}]';
	const environment = {LAYERCACHE_POLICY: await policyFile(t, policy)};
	const {removals, upcoming} = json(await runCommand(['retention', 'preview', '--json'], {store, environment}));
	t.like(removals, {length: 1, 0: {tag: 'pr-1', rule: 'ci/**:pr-*, line 2'}});
	t.deepEqual(upcoming, []);
});

test('a store with nothing of ours, settings that do not fit, and a server that is away are told with what to do, and exit 3', async t => {
	t.like(await runCommand(['refs', 'list']), {code: 3});
	t.like(await runCommand(['refs', 'list'], {environment: {LAYERCACHE_STORE: 'memory'}}), {code: 3});
	t.like(await runCommand(['refs', 'list'], {environment: {LAYERCACHE_STORE: 's3'}}), {code: 3});
	const away = await runCommand(['refs', 'list', '--server', 'http://127.0.0.1:1']);
	t.is(away.code, 3);
	t.regex(away.said, /cannot be reached: [\s\S]*-> check --server/);
	const {cert, key} = await makeCertificate(await temporaryFolder(t));
	const {url} = await startApp(t, {environment: {LAYERCACHE_TLS_CERT: cert, LAYERCACHE_TLS_KEY: key}});
	const distrusted = await runCommand(['refs', 'list', '--server', url]);
	t.is(distrusted.code, 3);
	t.regex(distrusted.said, /cannot be reached: [\s\S]*-> name the authority of its certificate in NODE_EXTRA_CA_CERTS/);
	t.like(await runCommand(['refs', 'list', '--server', 'nonsense']), {code: 2});
	t.like(await runCommand(['refs', 'list'], {environment: {LAYERCACHE_POLICY: '/nowhere'}}), {code: 3});
});

test('what is no command, and an option that is none, exit 2', async t => {
	t.like(await runCommand(['refs', 'lst']), {code: 2});
	t.like(await runCommand(['refs', 'list', '--sise']), {code: 2});
	t.like(await runCommand(['--help']), {code: 0});
});

test('the policy commands keep their exit codes', async t => {
	t.is((await runCommand(['policy', 'check', await policyFile(t, 'refs: []')])).code, 0);
	t.is((await runCommand(['policy', 'check', await policyFile(t, 'refs: [{}]')])).code, 1);
	t.is((await runCommand(['policy', 'check'])).code, 2);
	t.is((await runCommand(['policy', 'explain', 'ci/app:main', '--json'])).code, 0);
});
