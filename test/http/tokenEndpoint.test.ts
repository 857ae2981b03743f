/** `/token` as docker, BuildKit and the others ask for it. */
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {type IncomingMessage, request as send} from 'node:http';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {alice, asAlice, basic, bearing, getToken, postToken, startSecuredApp} from '../support/securedApp.ts';

const login = {grant_type: 'password', client_id: 'buildkit-client', username: alice.name, password: alice.password};
const both = ['repository:ci/app:pull,push', 'repository:ci/base:pull'];

test('by GET and Basic and by a form alike, a token is issued for all scopes, repeated or joined', async t => {
	const {client, url} = await startSecuredApp(t);
	const answers = [
		await getToken(url, both, asAlice, '&service=cache&account=alice'),
		await getToken(url, [both.join(' ')], asAlice),
		await postToken(url, {...login, scope: both.join(' ')}),
	];
	for (const answer of answers) {
		const {status, headers, body} = answer;
		t.is(status, 200);
		t.is(headers.get('cache-control'), 'no-store');
		t.regex(headers.get('content-type') ?? '', /^application\/json/);
		t.like(body, {token: body.access_token, token_type: 'Bearer', expires_in: 3600, scope: both.join(' ')});
		t.true(Math.abs(Date.parse(body.issued_at) - Date.now()) < 60_000);
		t.false('refresh_token' in body);
		t.is((await client.request('POST', '/v2/ci/app/blobs/uploads/', {headers: bearing(answer)})).status, 202);
		t.is((await client.get('/v2/ci/base/manifests/x', bearing(answer))).status, 404);
	}
	// Repeated in a form, too.
	const form = new URLSearchParams([...Object.entries(login), ...both.map(scope => ['scope', scope])] as [string, string][]);
	const answer = await fetch(`${url}/token`, {method: 'POST', body: form});
	t.is(((await answer.json()) as {scope: string}).scope, both.join(' '));
});

test('what is not allowed is left out, and so is what is no scope of a repository', async t => {
	const policy =
		'access:\n  - {who: {user: alice}, may: [pull, push], on: "ci/**:pr-*"}\n  - {who: {user: alice}, may: pull, on: "base:*"}\n';
	const {url} = await startSecuredApp(t, {policy});
	const scopeOf = async (...scopes: string[]) => (await getToken(url, scopes, asAlice)).body.scope;
	t.is(
		await scopeOf('repository:ci/app:pull,push,delete', 'repository:base:pull,push', 'repository:other:pull'),
		'repository:ci/app:pull,push repository:base:pull',
	);
	t.is(await scopeOf('repository:ci/app:*'), 'repository:ci/app:pull,push');
	t.is(await scopeOf('repository:NOT/A/NAME:pull', 'nonsense', 'plugin:x:pull', 'repository:ci/app:'), '');
	t.is(await scopeOf('registry:catalog:*'), 'registry:catalog:*');
	const many = Array.from({length: 500}, (_, index) => `repository:ci/a${index}:pull`);
	t.is((await scopeOf(...many)).split(' ').length, 50);
});

test('whoever is not logged in gets a token for what anyone may', async t => {
	const {url} = await startSecuredApp(t, {policy: 'access:\n  - {who: {anyone: true}, may: pull, on: "public/**:*"}\n'});
	const {status, body} = await getToken(
		url,
		['repository:public/app:pull,push', 'repository:ci/app:pull', 'registry:catalog:*'],
		{},
		'&offline_token=true',
	);
	t.is(status, 200);
	t.is(body.scope, 'repository:public/app:pull');
	t.false('refresh_token' in body);
});

test('a log-in that shall last gets a token that renews, in the place of the password', async t => {
	const {client, url} = await startSecuredApp(t);
	const given = [
		await getToken(url, [], asAlice, '&offline_token=true&account=alice&client_id=docker'),
		await postToken(url, {...login, access_type: 'offline'}),
	];
	for (const {body} of given) {
		const renewed = await postToken(url, {
			grant_type: 'refresh_token',
			refresh_token: body.refresh_token,
			client_id: 'x',
			scope: 'repository:ci/app:pull',
		});
		t.like(renewed, {status: 200, body: {scope: 'repository:ci/app:pull'}});
		t.false('refresh_token' in renewed.body);
		t.is((await client.get('/v2/ci/app/manifests/x', bearing(renewed))).status, 404);
	}
});

test('what renews ends with its credential, and so do the tokens that it got', async t => {
	const {app, client, url, htpasswd} = await startSecuredApp(t);
	const {body} = await postToken(url, {...login, access_type: 'offline', scope: 'repository:ci/app:pull'});
	const renew = () => postToken(url, {grant_type: 'refresh_token', refresh_token: body.refresh_token});
	t.is((await renew()).status, 200);
	await writeFile(htpasswd, '');
	await app.reload();
	t.like(await renew(), {status: 401, body: {error: 'invalid_grant'}});
	t.is((await client.get('/v2/ci/app/manifests/x', {Authorization: `Bearer ${body.access_token}`})).status, 401);
});

test('a static token is renewed no longer than it lives', async t => {
	let now = Date.now();
	const {tokens, url} = await startSecuredApp(t, {clock: () => now});
	const {text} = await tokens.create({name: 'deploy-1', createdBy: 'a test', expiresInMs: 3_600_000});
	const {body} = await postToken(url, {...login, username: 'x', password: text, access_type: 'offline'});
	const renew = () => postToken(url, {grant_type: 'refresh_token', refresh_token: body.refresh_token});
	t.is((await renew()).status, 200);
	now += 3_700_000;
	t.is((await renew()).status, 401);
});

test('an access token gets no other token, and what renews opens nothing itself', async t => {
	const {url} = await startSecuredApp(t);
	const token = await postToken(url, {...login, access_type: 'offline'});
	t.is((await getToken(url, both, bearing(token))).status, 401);
	t.is((await postToken(url, {grant_type: 'refresh_token', refresh_token: token.body.access_token})).status, 401);
	t.is((await getToken(url, both, {Authorization: basic('x', token.body.refresh_token)})).status, 401);
});

test('errors are told as OAuth does, and as registries do', async t => {
	const {url} = await startSecuredApp(t);
	const wrong = [
		await getToken(url, both, {Authorization: basic(alice.name, 'wrong')}),
		await postToken(url, {...login, password: 'wrong'}),
		await postToken(url, {...login, username: 'mallory'}),
		await postToken(url, {grant_type: 'refresh_token', refresh_token: 'x'}),
	];
	for (const {status, headers, body} of wrong) {
		t.is(status, 401);
		t.is(headers.get('cache-control'), 'no-store');
		t.is(body.error, 'invalid_grant');
		t.deepEqual(body.errors, [{code: 'UNAUTHORIZED', message: body.error_description}]);
	}
	// Nobody learns which names there are.
	t.deepEqual(wrong[1]?.body, wrong[2]?.body);
	t.like(await postToken(url, {grant_type: 'client_credentials'}), {status: 400, body: {error: 'unsupported_grant_type'}});
	t.like(await postToken(url, {grant_type: 'password', username: 'alice'}), {status: 400, body: {error: 'invalid_request'}});
	t.like(await postToken(url, {}), {status: 400, body: {error: 'invalid_request'}});
	t.like(await getToken(url, [], {Authorization: 'Digest x'}), {status: 400, body: {error: 'invalid_request'}});
});

test('a secret in a URL is refused, even a good one: it would stand in logs', async t => {
	const {url, log} = await startSecuredApp(t);
	const answer = await getToken(url, [], {}, `&username=alice&password=${encodeURIComponent(alice.password)}`);
	t.like(answer, {status: 400, body: {error: 'invalid_request'}});
	t.false(JSON.stringify(log).includes(encodeURIComponent(alice.password)));
});

test('a form that is none, or longer than any, is refused, and so are other methods', async t => {
	const {url} = await startSecuredApp(t);
	const post = async (body: string, type: string) => {
		const answer = await fetch(`${url}/token`, {method: 'POST', body, headers: {'Content-Type': type}});
		return {status: answer.status, error: ((await answer.json()) as {error: string}).error};
	};
	t.deepEqual(await post(JSON.stringify(login), 'application/json'), {status: 415, error: 'invalid_request'});
	t.deepEqual(await post(`x=${'x'.repeat(33 * 1024)}`, 'application/x-www-form-urlencoded'), {status: 413, error: 'invalid_request'});
	const put = await fetch(`${url}/token`, {method: 'PUT', body: 'x'});
	t.is(put.status, 405);
	t.is(put.headers.get('allow'), 'GET, HEAD, POST');
});

test('a form without an end is read no further than its bound', async t => {
	const {url} = await startSecuredApp(t);
	const request = send(`${url}/token`, {method: 'POST', headers: {'Content-Type': 'application/x-www-form-urlencoded'}});
	request.on('error', () => undefined);
	request.write('x'.repeat(40 * 1024));
	const [answer] = (await once(request, 'response')) as [IncomingMessage];
	t.is(answer.statusCode, 413);
	t.regex(await text(answer), /more than 32 KiB/);
	request.destroy();
});
