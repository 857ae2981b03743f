/** The admin API: every answer is what its OpenAPI document says, and that is what OpenAPI 3.1 asks for. */
import {Ajv2020} from 'ajv/dist/2020.js';
import test, {type ExecutionContext} from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {createOpenApi} from '../../src/operations/openApi.ts';
import {apiRoutes} from '../../src/operations/routes.ts';
import {operationNames} from '../../src/operations/table.ts';
import {createQueue} from '../../src/upstream/queue.ts';
import {apiOf} from '../support/adminApi.ts';
import {startApp} from '../support/app.ts';
import {cacheOf, importCache, pushCache} from '../support/caches.ts';

const repo = parseRepositoryName('ci/app');

const start = async (t: ExecutionContext) => {
	const {client, url, store, app} = await startApp(t);
	await pushCache(client, repo, 'main', {steps: ['one', 'two']});
	await pushCache(client, repo, 'pr-1', {steps: ['one', 'three']});
	await importCache(client, repo, 'main');
	return {client, store, app, api: apiOf(t, url)};
};

test('each operation answers what the document says', async t => {
	const {api, store} = await start(t);
	await createQueue(store, {holder: 'a test'}).add(repo, cacheOf(['one', 'two']).digest, [parseTag('v1')]);
	const inputs: Record<string, Record<string, unknown>> = {
		'refs.show': {ref: 'ci/app:main'},
		'refs.diff': {a: 'ci/app:main', b: 'ci/app:pr-1'},
		'refs.protect': {ref: 'ci/app:main'},
		'refs.delete': {refs: ['ci/app:pr-1'], dryRun: true},
		prune: {tag: 'pr-*'},
		'handovers.drop': {ref: 'ci/app:v1'},
		'tokens.create': {name: 'deploy'},
		'tokens.revoke': {name: 'deploy'},
	};
	for (const name of operationNames) {
		const answer = await api.run(name, inputs[name] ?? {});
		t.is(answer.state, 'done', `${name}: ${JSON.stringify(answer)}`);
	}
	t.like((await api.run('refs.list', {})).result, {refs: {length: 1}, total: {count: 1}});
});

test('a query narrows, and a number in it is a number', async t => {
	const {api} = await start(t);
	t.like((await api.get('/api/v1/refs/list?sort=size&limit=1')).body, {refs: {length: 1}, total: {count: 2}});
	t.like(await api.get('/api/v1/refs/list?limit=many'), {status: 400, error: 'invalid'});
	t.like(await api.get('/api/v1/refs/list?limt=1'), {status: 400, error: 'invalid'});
});

test('what is wrong with a request is said in one shape, with what to do', async t => {
	const {api} = await start(t);
	const {body} = await api.get('/api/v1/refs/show?ref=ci/app:none');
	t.like(body, {error: {code: 'not-found', message: 'there is no ci/app:none', advice: '`layercache refs list` shows what there is'}});
	for (const [method, path, given, status, code] of [
		['POST', '/api/v1/refs/list', {}, 405, 'method'],
		['GET', '/api/v1/prune', undefined, 405, 'method'],
		['GET', '/api/v1/nothing', undefined, 404, 'not-found'],
		['GET', '/api/v1/jobs/none', undefined, 404, 'not-found'],
		['GET', '/api', undefined, 404, 'not-found'],
		['GET', '/API/v1/refs/list', undefined, 404, 'not-found'],
		['POST', '/api/v1/prune', {}, 202, undefined],
		['POST', '/api/v1/prune', {olderThan: 'soon'}, 400, 'invalid'],
		['POST', '/api/v1/refs/delete', {refs: ['ci/app:pr-1'], plan: 'another'}, 409, 'changed'],
	] as const) {
		t.like(await api.send(method, path, given), {status, error: code}, `${method} ${path} ${JSON.stringify(given)}`);
	}
	t.like(await api.raw('POST', '/api/v1/prune', {'Content-Type': 'application/json'}, '{'), {status: 400, error: 'invalid'});
	t.like(await api.raw('POST', '/api/v1/prune', {'Content-Type': 'application/json'}, `"${'x'.repeat(2 * 1024 * 1024)}"`), {
		status: 413,
		error: 'too-large',
	});
});

test('long work is a job, which another server of the store can tell of', async t => {
	const {api, store} = await start(t);
	const begun = await api.send('POST', '/api/v1/prune', {tag: 'pr-*', dryRun: false});
	t.like(begun, {status: 202, body: {operation: 'prune'}});
	const path = begun.headers.get('location') ?? '';
	const ended = await api.follow(path);
	t.like(ended, {state: 'done', result: {removals: {length: 1}}});
	const other = await startApp(t, {store});
	t.deepEqual((await apiOf(t, other.url).get(path)).body, ended);
});

test('a job that cannot be done says why', async t => {
	const {api} = await start(t);
	const begun = await api.send('POST', '/api/v1/prune', {});
	t.like(await api.follow(begun.headers.get('location') ?? ''), {
		state: 'failed',
		error: {code: 'invalid', message: 'nothing says which refs shall go'},
	});
});

test('the document is OpenAPI 3.1: every schema is one, every reference leads somewhere, every operation has a name and answers', async t => {
	const {api} = await start(t);
	const {body: document} = await api.get('/api/v1/openapi.json');
	t.like(document, {openapi: '3.1.1', info: {title: 'layercache admin API'}});
	const ajv = new Ajv2020({strict: false, validateFormats: false});
	for (const [name, schema] of Object.entries(document.components.schemas)) t.notThrows(() => ajv.compile(schema as object), name);
	const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name as string);
	for (const name of references) t.true(name in document.components.schemas, name);
	const ids = Object.values(document.paths as Record<string, Record<string, {operationId: string; responses: object}>>).flatMap(item =>
		Object.values(item).map(({operationId, responses}) => {
			t.true(Object.keys(responses).length > 0);
			return operationId;
		}),
	);
	t.is(new Set(ids).size, ids.length);
	for (const {name} of apiRoutes) t.true(ids.includes(name));
	t.deepEqual(document, JSON.parse(JSON.stringify(createOpenApi(document.info.version))));
});
