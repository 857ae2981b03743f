/** Who may use the admin API, the dashboard, the metrics and explanations where clients have to be somebody. */
import {writeFile} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import {apiOf} from '../support/adminApi.ts';
import {startApp} from '../support/app.ts';
import {linesOf} from '../support/auditEvents.ts';
import {alice, asAlice, basic, bearing, getToken, type SecuredOptions, startSecuredApp} from '../support/securedApp.ts';

const adminToken = 'a-token-that-nobody-guesses';
const aliceAdministers = 'access:\n  - {who: {user: alice}, may: admin, on: "**:*"}\n  - {who: {token: "*"}, may: pull, on: "**:*"}\n';
const forwarded = {'X-Forwarded-For': '203.0.113.9'};

const start = async (t: ExecutionContext, options: SecuredOptions = {}) => {
	const app = await startSecuredApp(t, {policy: aliceAdministers, ...options});
	return {...app, api: apiOf(t, app.url)};
};

test('the admin API is for those whom the policy lets administer, and for the token of the administrator', async t => {
	const {api, tokens, url} = await start(t, {environment: {LAYERCACHE_ADMIN_TOKEN: adminToken}});
	const statusWith = async (headers: Record<string, string>) => (await api.get('/api/v1/gc/status', headers)).status;
	t.is(await statusWith({}), 401);
	t.is(await statusWith({Authorization: basic(alice.name, 'wrong')}), 401);
	t.is(await statusWith(asAlice), 200);
	t.is(await statusWith({Authorization: `Bearer ${adminToken}`}), 200);
	t.is(await statusWith({Authorization: basic('admin', adminToken)}), 200);
	const {text} = await tokens.create({name: 'deploy', createdBy: 'a test'});
	t.is(await statusWith({Authorization: `Bearer ${text}`}), 403);
	// A token that opens repositories is lent to builders.
	t.is(await statusWith(bearing(await getToken(url, ['repository:x:pull'], asAlice))), 403);
});

test('what administrators do and what others try is told of by their names', async t => {
	const {app, api, tokens, store} = await start(t);
	const {text} = await tokens.create({name: 'deploy', createdBy: 'a test'});
	await api.get('/api/v1/gc/status', asAlice);
	await api.get('/api/v1/gc/status', {Authorization: `Bearer ${text}`});
	await api.get('/api/v1/gc/status', {Authorization: basic('root', 'x')});
	await app.stop();
	const told = (await linesOf(store)).filter(({what}) => what === 'admin:gc.status').map(({who, allowed}) => [who, allowed]);
	t.deepEqual(told.sort(), [
		['anonymous', false],
		['token:deploy', false],
		['user:alice', true],
	]);
});

test('the dashboard is signed in to with a name and a password, for as long as they hold', async t => {
	const {app, url, htpasswd, store} = await start(t);
	const ask = (path: string, Cookie = '') => fetch(url + path, {redirect: 'manual', headers: {Cookie}});
	const signIn = (form: Record<string, string>) =>
		fetch(`${url}/ui/sign-in`, {method: 'POST', redirect: 'manual', headers: {Origin: url}, body: new URLSearchParams(form)});
	t.is((await ask('/ui/repositories')).headers.get('location'), '/ui/sign-in?next=%2Fui%2Frepositories');
	const wrong = await signIn({name: 'alice', secret: 'wrong'});
	t.is(wrong.status, 403);
	t.is(wrong.headers.get('set-cookie'), null);
	const right = await signIn({name: 'alice', secret: alice.password, next: '/ui/repositories'});
	t.is(right.headers.get('location'), '/ui/repositories');
	const cookie = right.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
	t.is((await ask('/ui/repositories', cookie)).status, 200);
	await writeFile(htpasswd, '');
	await app.reload();
	t.is((await ask('/ui/repositories', cookie)).status, 303);
	await app.stop();
	const told = (await linesOf(store)).filter(({what}) => what === 'signIn').map(({who, allowed, claimed}) => [who, allowed, claimed]);
	t.deepEqual(told.sort(), [
		['anonymous', false, 'a... (5 characters)'],
		['user:alice', true, undefined],
	]);
});

test('who is somebody and may not administer is told so at the door', async t => {
	const {url, tokens} = await start(t);
	const {text} = await tokens.create({name: 'deploy', createdBy: 'a test'});
	const answer = await fetch(`${url}/ui/sign-in`, {method: 'POST', headers: {Origin: url}, body: new URLSearchParams({secret: text})});
	t.is(answer.status, 403);
	t.regex(await answer.text(), /token:deploy may not administer the registry/);
});

test('the metrics are for this machine, for their own token and for administrators', async t => {
	const metricsToken = 'another-token-that-nobody-guesses';
	const {client} = await start(t, {environment: {LAYERCACHE_METRICS_TOKEN: metricsToken}});
	t.is((await client.get('/metrics')).status, 200);
	const elsewhere = async (headers = {}) => (await client.get('/metrics', {...forwarded, ...headers})).status;
	t.is(await elsewhere(), 401);
	t.is(await elsewhere({Authorization: `Bearer ${metricsToken}x`}), 401);
	t.is(await elsewhere({Authorization: `Bearer ${metricsToken}`}), 200);
	t.is(await elsewhere({Authorization: basic('prometheus', metricsToken)}), 200);
	t.is(await elsewhere(asAlice), 200);
});

test('where nobody has to be anybody the metrics are for all, unless they have a token', async t => {
	const open = await startApp(t);
	t.is((await open.client.get('/metrics', forwarded)).status, 200);
	const closed = await startApp(t, {environment: {LAYERCACHE_METRICS_TOKEN: 'a-token-for-the-metrics'}});
	t.is((await closed.client.get('/metrics', forwarded)).status, 403);
	t.is((await closed.client.get('/metrics', {...forwarded, Authorization: 'Bearer a-token-for-the-metrics'})).status, 200);
});

test('what a ref would answer is told to those who may pull it', async t => {
	const policy = 'access:\n  - {who: {user: alice}, may: pull, on: "ci/app:main"}\n';
	const {api} = await start(t, {policy});
	const explain = async (ref: string, headers = {}) => {
		const {status, error, body} = await api.get(`/api/v1/refs/${ref}`, headers);
		return status === 404 ? status : [status, error, body.error?.message];
	};
	t.is((await api.get('/api/v1/refs/ci/app:main', asAlice)).status, 200);
	t.like(await explain('ci/app:main'), {0: 401, 1: 'unauthenticated'});
	t.like(await explain('ci/app:pr-1', asAlice), {0: 403, 1: 'forbidden'});
	t.like(await explain('ci/app:main', {Authorization: basic('alice', 'wrong')}), {0: 401});
});

test('the probes and the lines to paste need nobody', async t => {
	const {client} = await start(t);
	for (const path of ['/livez', '/readyz', '/']) t.is((await client.get(path)).status, 200, path);
});
