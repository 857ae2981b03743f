/** The double of ECR refuses what ECR refuses, and no test of ours can rely on what ECR does not do. */
import test, {type ExecutionContext} from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {cacheOf} from '../support/caches.ts';
import {type Answer, createClient, describe, imageOf, location, withDigest} from '../support/client.ts';
import {type EcrDoubleOptions, startEcrDouble} from '../support/ecrDouble.ts';

const start = async (t: ExecutionContext, {now, ...options}: Partial<EcrDoubleOptions> = {}) => {
	const {url} = await startApp(t);
	const time = {ms: Date.now()};
	const double = await startEcrDouble(t, {inner: url, now: now ?? (() => new Date(time.ms)), ...options});
	double.repositories.set('team/app', {isImmutable: false});
	const password = 'the-password-of-a-token';
	double.tokens.set(password, new Date(time.ms + 12 * 3_600_000));
	const plain = createClient(double.url);
	const headers = {Authorization: `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`};
	const ask = (method: string, path: string, more: {headers?: Record<string, string>; body?: string | Uint8Array} = {}): Promise<Answer> =>
		plain.request(method, path, {...more, headers: {...headers, ...more.headers}});
	const upload = async (bytes: string, repo = 'team/app') => {
		const at = location(await ask('POST', `/v2/${repo}/blobs/uploads/`));
		return ask('PUT', withDigest(at, digestOf(Buffer.from(bytes))), {body: bytes});
	};
	const put = (reference: string, manifest: unknown, type: string = mediaTypes.ociManifest, repo = 'team/app') =>
		ask('PUT', `/v2/${repo}/manifests/${reference}`, {
			body: typeof manifest === 'string' ? manifest : JSON.stringify(manifest),
			headers: {'Content-Type': type},
		});
	const image = (word: string) => imageOf(describe('{}', mediaTypes.ociConfig), [describe(word)]);
	const push = async (tag: string, word: string) => {
		for (const blob of ['{}', word]) await upload(blob);
		return put(tag, image(word));
	};
	return {double, ask, upload, put, push, image, time};
};

test('whoever has no token of AWS is asked for one by Basic', async t => {
	const {ask, double} = await start(t);
	const anonymous = await fetch(`${double.url}/v2/team/app/tags/list`);
	t.is(anonymous.status, 401);
	t.is(anonymous.headers.get('www-authenticate'), `Basic realm="${double.url}/",service="ecr.amazonaws.com"`);
	for (const authorization of [
		'Basic QVdTOndyb25n',
		'Bearer the-password-of-a-token',
		`Basic ${Buffer.from('me:the-password-of-a-token').toString('base64')}`,
	])
		t.is((await fetch(`${double.url}/v2/`, {headers: {authorization}})).status, 401);
	t.is((await ask('GET', '/v2/')).status, 200);
});

test('a token is good for twelve hours, and then refused with 403', async t => {
	const {ask, time} = await start(t);
	time.ms += 12 * 3_600_000 - 1;
	t.is((await ask('GET', '/v2/')).status, 200);
	time.ms += 1;
	t.like(await ask('GET', '/v2/'), {status: 403, error: 'DENIED'});
});

test('a repository that nobody created is missing, whatever is asked of it', async t => {
	const {ask, double} = await start(t);
	for (const [method, path] of [
		['POST', '/v2/team/other/blobs/uploads/'],
		['PUT', '/v2/team/other/manifests/v1'],
		['GET', '/v2/team/other/tags/list'],
	] as const)
		t.like(await ask(method, path), {status: 404, error: 'NAME_UNKNOWN'});
	t.false(double.repositories.has('team/other'));
});

test('with a template a push creates its repository', async t => {
	const {ask, upload, double} = await start(t, {createsOnPush: true});
	t.is((await ask('GET', '/v2/team/other/tags/list')).status, 404);
	t.is((await upload('bytes', 'team/other')).status, 201);
	t.true(double.repositories.has('team/other'));
});

test('a whole blob arrives, and is read from a storage that takes no other credentials', async t => {
	const {ask, upload} = await start(t);
	t.is((await upload('a layer')).status, 201);
	const path = `/v2/team/app/blobs/${digestOf(Buffer.from('a layer'))}`;
	t.is((await ask('HEAD', path)).headers.get('content-length'), '7');
	const answer = await ask('GET', path);
	t.is(answer.status, 307);
	t.is(await (await fetch(location(answer))).text(), 'a layer');
	t.is(await (await fetch(location(answer), {headers: {range: 'bytes=2-4'}})).text(), 'lay');
	const refused = await fetch(location(answer), {headers: {authorization: 'Basic QVdTOng='}});
	t.is(refused.status, 400);
	t.regex(await refused.text(), /Only one auth mechanism allowed/);
	t.is((await fetch(location(answer), {method: 'HEAD'})).status, 403);
	t.is((await fetch(location(answer).replace('Signature=', 'Signature=0'))).status, 403);
	t.is((await ask('GET', `/v2/team/app/blobs/${digestOf(Buffer.from('nothing'))}`)).status, 404);
});

test('an address of the storage is good for a while', async t => {
	const {ask, upload, time} = await start(t);
	await upload('a layer');
	const at = location(await ask('GET', `/v2/team/app/blobs/${digestOf(Buffer.from('a layer'))}`));
	time.ms += 3_600_001;
	t.is((await fetch(at)).status, 403);
});

test('chunks after the first are answered with 201, and lost', async t => {
	const {ask} = await start(t);
	const first = await ask('PATCH', location(await ask('POST', '/v2/team/app/blobs/uploads/')), {body: '01234'});
	t.is(first.status, 201);
	t.is(first.headers.get('range'), '0-4');
	const second = await ask('PATCH', location(first), {body: '56789', headers: {'Content-Range': '5-9'}});
	t.is(second.status, 201);
	t.is(second.headers.get('range'), '0-4');
	t.like(await ask('PUT', withDigest(location(second), digestOf(Buffer.from('0123456789')))), {status: 400, error: 'DIGEST_INVALID'});
});

test('one chunk is a blob', async t => {
	const {ask} = await start(t);
	const first = await ask('PATCH', location(await ask('POST', '/v2/team/app/blobs/uploads/')), {body: '01234'});
	t.is((await ask('PUT', withDigest(location(first), digestOf(Buffer.from('01234'))))).status, 201);
});

test('a mount is an upload, unless the account has opted in', async t => {
	const {ask, upload, double} = await start(t);
	await upload('shared');
	double.repositories.set('team/new', {isImmutable: false});
	const path = `/v2/team/new/blobs/uploads/?mount=${digestOf(Buffer.from('shared'))}&from=team/app`;
	t.is((await ask('POST', path)).status, 202);
	const optedIn = await start(t, {mounts: true});
	await optedIn.upload('shared');
	optedIn.double.repositories.set('team/new', {isImmutable: false});
	t.is((await optedIn.ask('POST', path)).status, 201);
});

test('an index of layers is refused, and one of images that are not there', async t => {
	const {upload, put, push, image} = await start(t);
	const cache = cacheOf(['a step'], {form: 'index'});
	for (const blob of ['the layer of a step', cache.config.toString()]) await upload(blob);
	t.like(await put('cache', cache.manifest.toString(), cache.mediaType), {status: 400, error: 'MANIFEST_INVALID'});
	await push('v1', 'a layer');
	const index = (child: string) => ({
		schemaVersion: 2,
		mediaType: mediaTypes.ociIndex,
		manifests: [describe(child, mediaTypes.ociManifest)],
	});
	t.is((await put('multi', index(JSON.stringify(image('a layer'))), mediaTypes.ociIndex)).status, 201);
	t.like(await put('multi', index(JSON.stringify(image('another'))), mediaTypes.ociIndex), {status: 400, error: 'MANIFEST_BLOB_UNKNOWN'});
});

test('a cache in the form of an image is taken', async t => {
	const {upload, put} = await start(t);
	const cache = cacheOf(['a step']);
	for (const blob of ['the layer of a step', cache.config.toString()]) await upload(blob);
	t.is((await put('cache', cache.manifest.toString(), cache.mediaType)).status, 201);
});

test('where tags are immutable none is pushed twice, not even as it is', async t => {
	const {push, double} = await start(t);
	double.repositories.set('team/app', {isImmutable: true});
	t.is((await push('v1', 'one')).status, 201);
	for (const word of ['one', 'two']) {
		const answer = await push('v1', word);
		t.like(answer, {status: 400, error: 'TAG_INVALID'});
		t.regex(answer.text, /cannot be overwritten because the repository is immutable/);
	}
	t.is((await push('v2', 'one')).status, 201);
});

test('more than ten manifests a second are too many', async t => {
	const {push, put, image, double, time} = await start(t);
	await push('v0', 'a layer');
	const statuses = [];
	for (let at = 1; at <= 12; at += 1) statuses.push((await put(`v${at}`, image('a layer'))).status);
	t.deepEqual(statuses, [...Array(9).fill(201), 429, 429, 429]);
	t.is(double.throttled, 3);
	time.ms += 100;
	t.is((await put('v13', image('a layer'))).status, 201);
	t.is((await put('v14', image('a layer'))).headers.get('retry-after'), null);
});

test('nothing is deleted over OCI, unless that has shipped', async t => {
	const paths = ['manifests/v1', `manifests/${digestOf(Buffer.from('x'))}`, `blobs/${digestOf(Buffer.from('a layer'))}`];
	const {double, push} = await start(t);
	await push('v1', 'a layer');
	const [authorization] = double.requests.flatMap(request => request.authorization ?? []);
	for (const path of paths) {
		const answer = await fetch(`${double.url}/v2/team/app/${path}`, {method: 'DELETE', headers: {authorization: authorization ?? ''}});
		t.is(answer.status, 404);
		t.is(await answer.text(), '404 page not found\n');
	}
	const shipped = await start(t, {deletes: true});
	await shipped.push('v1', 'a layer');
	t.is((await shipped.ask('DELETE', '/v2/team/app/manifests/v1')).status, 202);
	t.is((await shipped.ask('HEAD', '/v2/team/app/manifests/v1')).status, 404);
});
