/** Who is answered what: challenges, credentials and tokens in requests of the registry. */
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {linesOf} from '../support/auditEvents.ts';
import {createClient, describe, imageOf} from '../support/client.ts';
import {alice, asAlice, basic, bearing, challengeOf, getToken, startSecuredApp} from '../support/securedApp.ts';

const digest = digestOf(Buffer.from('bytes'));

test('without a credential every request is a challenge that says where a token is had, and for what', async t => {
	const {client, url} = await startSecuredApp(t);
	const {host} = new URL(url);
	const cases: [method: string, path: string, scope: string | undefined][] = [
		['GET', '/v2/', undefined],
		['HEAD', `/v2/ci/app/blobs/${digest}`, 'repository:ci/app:pull'],
		['GET', '/v2/ci/app/manifests/main', 'repository:ci/app:pull'],
		['GET', '/v2/ci/app/tags/list', 'repository:ci/app:pull'],
		['POST', '/v2/ci/app/blobs/uploads/', 'repository:ci/app:pull,push'],
		['PUT', '/v2/ci/app/manifests/main', 'repository:ci/app:pull,push'],
		['POST', `/v2/ci/app/blobs/uploads/?mount=${digest}&from=ci/base`, 'repository:ci/app:pull,push repository:ci/base:pull'],
		['DELETE', '/v2/ci/app/manifests/main', 'repository:ci/app:pull,delete'],
		['GET', '/v2/_catalog', 'registry:catalog:*'],
	];
	for (const [method, path, scope] of cases) {
		const answer = await client.request(method, path);
		t.is(answer.status, 401, path);
		if (method !== 'HEAD') t.is(answer.error, 'UNAUTHORIZED', path);
		t.deepEqual(challengeOf(answer), {scheme: 'Bearer', realm: `${url}/token`, service: host, ...(scope && {scope})}, path);
	}
});

test('the realm is where the client came from, behind a proxy too', async t => {
	const {client} = await startSecuredApp(t, {environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1'}});
	const headers = {'X-Forwarded-Host': 'cache.example', 'X-Forwarded-Proto': 'https'};
	t.like(challengeOf(await client.get('/v2/', headers)), {realm: 'https://cache.example/token', service: 'cache.example'});
	const named = await startSecuredApp(t, {environment: {LAYERCACHE_PUBLIC_URL: 'https://caches.example'}});
	t.like(challengeOf(await named.client.get('/v2/')), {realm: 'https://caches.example/token', service: 'caches.example'});
});

test('Basic is taken as well, and a wrong one is told from none', async t => {
	const {client} = await startSecuredApp(t);
	t.is((await client.get('/v2/', asAlice)).status, 200);
	for (const Authorization of [
		basic(alice.name, 'wrong'),
		basic('mallory', alice.password),
		basic('', ''),
		'Basic !!!',
		'Digest x',
		'Bearer x',
	]) {
		const answer = await client.get('/v2/ci/app/tags/list', {Authorization});
		t.like(answer, {status: 401, error: 'UNAUTHORIZED'}, Authorization);
		t.like(challengeOf(answer), {scheme: 'Bearer', scope: 'repository:ci/app:pull'}, Authorization);
		t.false(answer.text.includes(alice.password));
	}
});

test('a token opens what it was asked for, and is told what it lacks', async t => {
	const {client, url} = await startSecuredApp(t);
	const pull = bearing(await getToken(url, ['repository:ci/app:pull'], asAlice));
	t.is((await client.get('/v2/', pull)).status, 200);
	t.is((await client.get('/v2/ci/app/manifests/main', pull)).status, 404);

	const push = await client.request('POST', '/v2/ci/app/blobs/uploads/', {headers: pull});
	t.like(push, {status: 401, error: 'UNAUTHORIZED'});
	t.like(challengeOf(push), {error: 'insufficient_scope', scope: 'repository:ci/app:pull,push'});
	t.like(challengeOf(await client.get('/v2/ci/other/manifests/main', pull)), {error: 'insufficient_scope'});
	t.like(challengeOf(await client.get('/v2/_catalog', pull)), {error: 'insufficient_scope', scope: 'registry:catalog:*'});

	const more = bearing(await getToken(url, ['repository:ci/app:pull,push'], asAlice));
	t.is((await client.request('POST', '/v2/ci/app/blobs/uploads/', {headers: more})).status, 202);
	const catalog = bearing(await getToken(url, ['registry:catalog:*'], asAlice));
	t.is((await client.get('/v2/_catalog', catalog)).status, 200);
});

test('a token that has expired, was changed or is for something else is invalid, and a new one is asked for', async t => {
	let now = Date.now();
	const {client, url} = await startSecuredApp(t, {clock: () => now, environment: {LAYERCACHE_AUTH_TOKEN_LIFE: '60s'}});
	const {body} = await getToken(url, ['repository:ci/app:pull'], asAlice, '&offline_token=true');
	const statusWith = async (text: string) => {
		const answer = await client.get('/v2/ci/app/manifests/main', {Authorization: `Bearer ${text}`});
		return [answer.status, challengeOf(answer).error];
	};
	t.deepEqual(await statusWith(body.token), [404, undefined]);
	t.deepEqual(await statusWith(`${body.token.slice(0, -2)}AA`), [401, 'invalid_token']);
	t.deepEqual(await statusWith(body.refresh_token), [401, 'invalid_token']);
	now += 61_000;
	t.deepEqual(await statusWith(body.token), [401, 'invalid_token']);
});

test('what somebody may not do is refused with the reason, and no token would help', async t => {
	const policy = 'access:\n  - {who: {user: alice}, may: pull, on: "ci/**:*"}\n';
	const {client, url} = await startSecuredApp(t, {policy});
	for (const headers of [asAlice, bearing(await getToken(url, ['repository:ci/app:pull,push'], asAlice))]) {
		const refused = await client.request('POST', '/v2/ci/app/blobs/uploads/', {headers});
		t.like(refused, {status: 403, error: 'DENIED'});
		t.regex(refused.text, /user:alice may not push to ci\/app/);
		t.is(refused.headers.get('www-authenticate'), null);
	}
});

test('rights by tag are kept to behind the gate, and the answer is the same', async t => {
	const policy = 'access:\n  - {who: {user: alice}, may: [pull, push], on: "ci/app:pr-*"}\n';
	const {url} = await startSecuredApp(t, {policy});
	const client = createClient(url, bearing(await getToken(url, ['repository:ci/app:pull,push'], asAlice)));
	await client.pushBlob('ci/app', '{}');
	t.is((await client.putManifest('ci/app', 'pr-1', imageOf(describe('{}'), []))).status, 201);
	const refused = await client.putManifest('ci/app', 'main', imageOf(describe('{}'), []));
	t.like(refused, {status: 403, error: 'DENIED'});
	t.regex(refused.text, /user:alice may not push to ci\/app:main/);
});

test('a mount needs a token for where the blob is, and without is an upload', async t => {
	const {url} = await startSecuredApp(t);
	const all = ['repository:ci/app:pull,push', 'repository:ci/base:pull,push'];
	await createClient(url, bearing(await getToken(url, all, asAlice))).pushBlob('ci/base', 'bytes');
	const mount = async (scopes: string[]) => {
		const client = createClient(url, bearing(await getToken(url, scopes, asAlice)));
		return (await client.request('POST', `/v2/ci/app/blobs/uploads/?mount=${digest}&from=ci/base`)).status;
	};
	t.is(await mount(all.slice(0, 1)), 202);
	t.is(await mount(all), 201);
});

test('anyone has what the policy gives to anyone, and needs a log-in for the rest', async t => {
	const policy =
		'access:\n  - {who: {anyone: true}, may: pull, on: "public/**:*"}\n  - {who: {user: alice}, may: [pull, push], on: "**:*"}\n';
	const {client, url} = await startSecuredApp(t, {policy});
	await createClient(url, asAlice).pushBlob('public/app', 'bytes');
	t.is((await client.get(`/v2/public/app/blobs/${digest}`)).status, 200);
	t.is((await client.get(`/v2/ci/app/blobs/${digest}`)).status, 401);

	const nobody = bearing(await getToken(url, ['repository:public/app:pull,push', 'repository:ci/app:pull']));
	t.is((await client.get('/v2/', nobody)).status, 200);
	t.is((await client.get(`/v2/public/app/blobs/${digest}`, nobody)).status, 200);
	const refused = await client.request('POST', '/v2/public/app/blobs/uploads/', {headers: nobody});
	t.is(refused.status, 401);
	t.like(challengeOf(refused), {error: 'insufficient_scope'});
	t.regex(refused.text, /a client that is not logged in may not push to public\/app/);
	t.is((await client.get('/v2/_catalog', nobody)).status, 401);
});

test('static tokens and id tokens are passwords with any name, and bearers', async t => {
	const policy =
		'access:\n  - {who: {token: "deploy-*"}, may: pull, on: "**:*"}\n  - {who: {issuer: ci, claims: {repository: "acme/{app}"}}, may: pull, on: "ci/{app}:*"}\n';
	const {client, issuer, tokens} = await startSecuredApp(t, {policy});
	const {text} = await tokens.create({name: 'deploy-1', createdBy: 'a test'});
	const job = await issuer.sign({sub: 'repo:acme/app', repository: 'acme/app'});
	for (const secret of [text, job]) {
		for (const Authorization of [basic('anything', secret), `Bearer ${secret}`])
			t.is((await client.get('/v2/ci/app/manifests/main', {Authorization})).status, 404);
	}
	t.is((await client.get('/v2/ci/other/manifests/main', {Authorization: basic('x', job)})).status, 403);
	const other = await issuer.sign({sub: 'x', repository: 'acme/app'}, {audience: 'somebody-else'});
	t.is((await client.get('/v2/ci/app/manifests/main', {Authorization: basic('x', other)})).status, 401);
});

test('an issuer that is away is no refusal: the client may try again', async t => {
	const policy = 'access:\n  - {who: {issuer: ci}, may: pull, on: "**:*"}\n';
	const {client, url, issuer} = await startSecuredApp(t, {policy});
	issuer.misbehave('error');
	const Authorization = basic('x', await issuer.sign({sub: 'x'}));
	t.like(await client.get('/v2/ci/app/manifests/main', {Authorization}), {status: 503, error: 'UNAVAILABLE'});
	const refused = await getToken(url, [], {Authorization});
	t.like(refused, {status: 503, body: {error: 'temporarily_unavailable'}});
});

test('who asks is in the log and in the audit, and no secret is in either', async t => {
	const {app, client, url, log, store} = await startSecuredApp(t);
	const token = await getToken(url, ['repository:ci/app:pull'], asAlice);
	await client.get('/v2/ci/app/manifests/main', bearing(token));
	await client.get('/v2/ci/app/manifests/main', {Authorization: basic('alice', 'wrong password')});
	await client.get('/v2/ci/app/manifests/main');
	t.deepEqual(
		log.filter(({msg, kind}) => msg === 'request' && kind === 'manifest.get').map(({status, identity}) => [status, identity]),
		[
			[404, 'user:alice'],
			[401, undefined],
			[401, undefined],
		],
	);
	await app.stop();
	const told = (await linesOf(store)).map(({what, who, repo, tag, allowed, status}) => ({what, who, repo, tag, allowed, status}));
	const main = {what: 'manifest.get', repo: 'ci/app', tag: 'main'};
	for (const wanted of [
		{what: 'token', who: 'user:alice', allowed: true, status: 200},
		{...main, who: 'user:alice', allowed: true, status: 404},
		{...main, who: 'anonymous', allowed: false, status: 401},
	])
		t.true(
			told.some(line => Object.entries(wanted).every(([key, value]) => line[key as keyof typeof line] === value)),
			JSON.stringify(wanted),
		);
	const written = JSON.stringify([log, await linesOf(store)]);
	for (const secret of [alice.password, 'wrong password', token.body.token]) t.false(written.includes(secret));
});

test('where nobody has to be anybody, a credential of elsewhere does no harm, and there are no tokens', async t => {
	const {client, url} = await startApp(t);
	for (const headers of [{}, asAlice, {Authorization: 'Bearer x'}, {Authorization: 'Nonsense'}])
		t.is((await client.get('/v2/', headers)).status, 200);
	await createClient(url, asAlice).pushBlob('ci/app', 'bytes');
	t.is((await client.get('/token?service=x')).status, 404);
});
