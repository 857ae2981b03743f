import test, {type ExecutionContext} from 'ava';
import {mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {describe, encode, imageOf, withDigest} from '../support/client.ts';

const one = {'X-Forwarded-For': '127.0.1.1'};
const two = {'X-Forwarded-For': '127.0.2.2'};
const hourMs = 3_600_000;

const start = async (t: ExecutionContext, limit = '1KB') => {
	let now = 1;
	const {client} = await startApp(t, {
		environment: {LAYERCACHE_UNREFERENCED_LIMIT: limit, LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1', LAYERCACHE_AUTH: 'none'},
		elapsed: () => now,
	});
	const begin = (headers: Record<string, string>, repo = 'ci/app') => client.request('POST', `/v2/${repo}/blobs/uploads/`, {headers});
	const push = async (bytes: string, headers = one, repo = 'ci/app') => {
		const begun = await begin(headers, repo);
		if (begun.status !== 202) return begun;
		const {digest} = describe(bytes);
		return client.request('PUT', withDigest(String(begun.headers.get('location')), digest), {headers, body: bytes});
	};
	return {
		client,
		begin,
		push,
		putImage: (layers: readonly string[], headers = one) =>
			client.request('PUT', '/v2/ci/app/manifests/main', {
				headers: {'Content-Type': mediaTypes.ociManifest, ...headers},
				body: encode(
					imageOf(
						describe('{}', mediaTypes.ociConfig),
						layers.map(layer => describe(layer)),
					),
				),
			}),
		pass: (ms: number) => {
			now += ms;
		},
	};
};

const large = (letter: string) => letter.repeat(600);

test('who leaves too much without a manifest is refused the next upload, with what to do; others are not', async t => {
	const {begin, push} = await start(t);
	for (const layer of ['a', 'b']) t.is((await push(large(layer))).status, 201);
	const refused = await begin(one);
	t.like(refused, {status: 403, error: 'DENIED'});
	t.is(
		JSON.parse(refused.text).errors[0].message,
		'within a day this client has pushed 1.2KB that no manifest names: push the manifests, or wait until a day is over; ' +
			'the operator of the registry may allow more than 1KB (LAYERCACHE_UNREFERENCED_LIMIT)',
	);
	t.is((await begin(one, 'ci/other')).status, 403);
	t.is((await push(large('c'), two)).status, 201);
});

test('an upload that has begun may end', async t => {
	const {begin, push, client} = await start(t);
	const begun = await begin(one);
	for (const layer of ['a', 'b']) await push(large(layer));
	const bytes = large('c');
	const path = withDigest(String(begun.headers.get('location')), describe(bytes).digest);
	t.is((await client.request('PUT', path, {headers: one, body: bytes})).status, 201);
});

test('what a manifest names is counted no more, whosever it is', async t => {
	const {begin, push, putImage} = await start(t);
	for (const layer of ['{}', large('a'), large('b')]) await push(layer);
	t.is((await begin(one)).status, 403);
	t.is((await putImage([large('a')], two)).status, 201);
	t.is((await begin(one)).status, 202);
});

test('a manifest that is refused names nothing', async t => {
	const {begin, push, putImage} = await start(t);
	for (const layer of [large('a'), large('b')]) await push(layer);
	t.not((await putImage([large('a'), 'absent'])).status, 201);
	t.is((await begin(one)).status, 403);
});

test('after a day nothing is counted any more', async t => {
	const {begin, push, pass} = await start(t);
	await push(large('a'));
	pass(23 * hourMs);
	await push(large('b'));
	t.is((await begin(one)).status, 403);
	pass(2 * hourMs);
	t.is((await begin(one)).status, 202);
});

test('the same blob again counts once, chunks and mounts count as well', async t => {
	const {begin, push, client} = await start(t);
	for (const _ of [1, 2, 3]) t.is((await push(large('a'))).status, 201);
	const begun = await begin(one);
	const patched = await client.request('PATCH', String(begun.headers.get('location')), {headers: one, body: 'x'.repeat(200)});
	const {digest} = describe('x'.repeat(200));
	t.is((await client.request('PUT', withDigest(String(patched.headers.get('location')), digest), {headers: one})).status, 201);
	t.is((await begin(one)).status, 202);
	t.is(
		(await client.request('POST', `/v2/ci/other/blobs/uploads/?mount=${describe(large('a')).digest}&from=ci/app`, {headers: one})).status,
		201,
	);
	t.is((await begin(one)).status, 403);
});

test('0 is without a limit', async t => {
	const {begin, push} = await start(t, '0');
	for (const layer of ['a', 'b', 'c']) await push(large(layer));
	t.is((await begin(one)).status, 202);
});
