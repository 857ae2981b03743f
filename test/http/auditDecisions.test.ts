/** Each kind of decision, as the audit tells it afterwards: who, on what, whether, and why. */
import test from 'ava';
import {mediaTypes, parseRepositoryName} from 'oci-spec-types';
import type {AuditLine} from '../../src/audit/line.ts';
import {startApp} from '../support/app.ts';
import {linesOf} from '../support/auditEvents.ts';
import {pushCache} from '../support/caches.ts';
import {describe, encode, imageOf, location, withDigest} from '../support/client.ts';
import {alice, asAlice, basic, bearing, getToken, postToken, startSecuredApp} from '../support/securedApp.ts';

const repo = parseRepositoryName('ci/app');

const policy = `refs:
  - {match: "ci/**:quiet", protect: true, onDenied: discard}
access:
  - who: {user: alice}
    may: [pull, push, delete, protect, admin]
    on: "**:*"
  - who: {issuer: ci, claims: {ref: "refs/pull/{pr}/merge"}}
    may: [pull, push]
    on: "ci/app:pr-{pr}"
  - who: {issuer: ci}
    may: pull
    on: "ci/app:main"
`;

const only = (lines: readonly AuditLine[], wanted: Partial<AuditLine>) =>
	lines.filter(line => Object.entries(wanted).every(([key, value]) => line[key as keyof AuditLine] === value));

test('requests of the registry: what was allowed by which rule, and what was refused to whom', async t => {
	const {app, client, store, issuer} = await startSecuredApp(t, {policy});
	const job = {Authorization: basic('job', await issuer.sign({sub: 'pr', ref: 'refs/pull/7/merge'}))};
	await client.request('POST', '/v2/ci/app/blobs/uploads/', {headers: asAlice});
	await client.get('/v2/ci/app/manifests/main', job);
	await client.get('/v2/ci/app/manifests/other', job);
	await client.request('PUT', '/v2/ci/app/manifests/main', {headers: {'Content-Type': mediaTypes.ociManifest, ...job}, body: '{}'});
	await client.request('PUT', '/v2/ci/app/manifests/pr-7', {headers: {'Content-Type': mediaTypes.ociManifest, ...job}, body: '{}'});
	await client.request('POST', `/v2/ci/app/blobs/uploads/?mount=${describe('x').digest}&from=other/secret`, {headers: job});
	await client.get(`/v2/other/secret/blobs/${describe('x').digest}`, job);
	await client.get('/v2/ci/app/manifests/main');
	await app.stop();

	const lines = await linesOf(store);
	const who = 'oidc:ci:pr';
	t.like(only(lines, {what: 'upload.start'}), {length: 1, 0: {who: 'user:alice', from: '127.0.0.1', repo, allowed: true, status: 202}});
	const [read] = only(lines, {what: 'manifest.get', tag: 'main', who});
	t.like(read, {allowed: true, status: 404});
	t.regex(String(read?.why), /line 12/, 'the rule for main, and not the one that let the request in');
	t.like(only(lines, {what: 'manifest.get', tag: 'other', who}), {length: 1, 0: {allowed: false, status: 403}});
	t.like(only(lines, {what: 'manifest.put', tag: 'main', who}), {length: 1, 0: {allowed: false, status: 403}});
	t.like(only(lines, {what: 'manifest.put', tag: 'pr-7', who}), {length: 1, 0: {allowed: true, status: 400}});
	t.like(only(lines, {what: 'upload.mount', who}), {length: 1, 0: {status: 202, input: 'from=other/secret'}});
	t.like(only(lines, {what: 'blob.get', repo: 'other/secret', who}), {length: 1, 0: {allowed: false, status: 403}});
	t.like(only(lines, {what: 'manifest.get', who: 'anonymous'}), {length: 1, 0: {allowed: false, status: 401, tag: 'main'}});
});

test('a push that was dropped is no push that was allowed, whatever its answer', async t => {
	const {app, client, store} = await startApp(t, {
		policy: 'refs: [{match: "**:quiet", protect: true, onDenied: discard}]',
		environment: {LAYERCACHE_AUDIT: 'on'},
	});
	for (const blob of ['{}', 'one']) await client.pushBlob(repo, blob);
	const image = encode(imageOf(describe('{}', mediaTypes.ociConfig), [describe('one')]));
	const put = (path: string) =>
		client.request('PUT', `/v2/${repo}/manifests/${path}`, {headers: {'Content-Type': mediaTypes.ociManifest}, body: image});
	t.is((await put('quiet')).status, 201);
	t.is((await put(`${describe(image.toString()).digest}?tag=open&tag=quiet`)).status, 201);
	await app.stop();
	const lines = only(await linesOf(store), {what: 'manifest.put'});
	t.deepEqual(
		lines.map(({tag, allowed, count}) => [tag, allowed, count]),
		[
			['quiet', false, 2],
			['open', true, 1],
		],
	);
	t.regex(String(lines[0]?.why), /the push was dropped/);
});

test('a limit that refuses is told as a refusal', async t => {
	const {app, client, store} = await startSecuredApp(t, {policy, environment: {LAYERCACHE_UNREFERENCED_LIMIT: '1KB'}});
	const begin = () => client.request('POST', `/v2/${repo}/blobs/uploads/`, {headers: asAlice});
	const bytes = 'a'.repeat(2000);
	const begun = await begin();
	await client.request('PUT', withDigest(location(begun), describe(bytes).digest), {headers: asAlice, body: bytes});
	t.is((await begin()).status, 403);
	await app.stop();
	t.regex(String(only(await linesOf(store), {what: 'upload.start', allowed: false})[0]?.why), /no manifest names/);
});

test('tokens, with what they are for, and log-ins that fail, with no more of the name than its beginning', async t => {
	const {app, url, store} = await startSecuredApp(t, {policy});
	await getToken(url, ['repository:ci/app:pull,push', 'repository:ci/web:pull'], asAlice);
	await postToken(url, {grant_type: 'password', service: 'x', client_id: 'y', username: 'correct-horse-battery', password: 'nothing'});
	await getToken(url, [], {Authorization: basic('alice', 'nothing')});
	await app.stop();
	const lines = only(await linesOf(store), {what: 'token'});
	t.like(only(lines, {who: 'user:alice'}), {
		length: 1,
		0: {allowed: true, why: 'for repository:ci/app:pull,push repository:ci/web:pull', status: 200},
	});
	t.like(only(lines, {claimed: 'cor... (21 characters)'}), {length: 1, 0: {who: 'anonymous', allowed: false, status: 401}});
	t.like(only(lines, {claimed: 'a... (5 characters)'}), {length: 1, 0: {who: 'anonymous', allowed: false}});
	t.false(JSON.stringify(lines).includes('battery'));
});

test('sign-ins, pages, operations and explanations, each by whoever it was', async t => {
	const {app, url, store, issuer} = await startSecuredApp(t, {policy});
	const signIn = (form: Record<string, string>) =>
		fetch(`${url}/ui/sign-in`, {
			method: 'POST',
			redirect: 'manual',
			headers: {'Sec-Fetch-Site': 'same-origin'},
			body: new URLSearchParams({next: '/ui', ...form}),
		});
	await signIn({name: 'alice', secret: 'wrong'});
	const signedIn = await signIn({name: alice.name, secret: alice.password});
	const cookie = String(signedIn.headers.get('set-cookie')).split(';')[0] ?? '';
	await fetch(`${url}/ui/usage`, {headers: {cookie}});
	const job = {Authorization: `Bearer ${await issuer.sign({sub: 'job'})}`};
	await fetch(`${url}/api/v1/gc/status`, {headers: asAlice});
	await fetch(`${url}/api/v1/gc/status`, {headers: job});
	await fetch(`${url}/api/v1/gc/status`);
	for (const tag of ['main', 'secret']) await fetch(`${url}/api/v1/refs/ci/app:${tag}`, {headers: job});
	await app.stop();
	const lines = await linesOf(store);
	const told = (what: string) => only(lines, {what}).map(({who, allowed, tag, input, claimed}) => [who, allowed, tag ?? input ?? claimed]);
	t.deepEqual(told('signIn'), [
		['anonymous', false, 'a... (5 characters)'],
		['user:alice', true, undefined],
	]);
	t.deepEqual(told('admin:dashboard'), [['user:alice', true, '/ui/usage']]);
	t.deepEqual(told('admin:gc.status'), [
		['user:alice', true, ''],
		['oidc:ci:job', false, undefined],
		['anonymous', false, undefined],
	]);
	t.deepEqual(told('refs.explain'), [
		['oidc:ci:job', true, 'main'],
		['oidc:ci:job', false, 'secret'],
	]);
});

test('without authentication it is the address that tells who asks', async t => {
	const {app, client, store} = await startApp(t, {environment: {LAYERCACHE_AUDIT: 'on'}});
	await pushCache(client, repo, 'main', {steps: ['one']});
	await app.stop();
	const lines = await linesOf(store);
	t.like(only(lines, {what: 'manifest.put'}), {
		length: 1,
		0: {who: 'anonymous', from: '127.0.0.1', repo, tag: 'main', allowed: true, status: 201},
	});
	t.true(lines.every(({allowed}) => allowed));
});

test('a token of a repository that its bearer asks more of is told as refused', async t => {
	const {app, client, url, store} = await startSecuredApp(t, {policy});
	const token = await getToken(url, ['repository:ci/app:pull'], asAlice);
	await client.request('POST', '/v2/ci/app/blobs/uploads/', {headers: bearing(token)});
	await app.stop();
	t.like(only(await linesOf(store), {what: 'upload.start'}), {
		length: 1,
		0: {who: 'user:alice', allowed: false, status: 401, why: 'the token was not asked for to push in ci/app'},
	});
});
