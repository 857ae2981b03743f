import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';

const bytes = Buffer.from('0123456789');
const digest = digestOf(bytes);
const path = `/v2/ci/app/blobs/${digest}`;
const layer = Buffer.alloc(64 * 1024, 'layer');
const layerPath = `/v2/ci/app/blobs/${digestOf(layer)}`;

/** A store that has URLs, as S3 does. */
const withUrls = (host: string): ObjectStore => ({
	...createMemoryStore(),
	presign: async key => new URL(`http://${host}/${key}?X-Amz-Signature=secret`),
	probe: async () => ({presignedGet: true, warnings: []}),
});

test('a pushed blob is there for HEAD and GET, with what clients check', async t => {
	const {client} = await startApp(t);
	t.is((await client.pushBlob('ci/app', bytes)).status, 201);
	const head = await client.head(path);
	t.is(head.status, 200);
	t.is(head.headers.get('content-length'), '10');
	t.is(head.headers.get('docker-content-digest'), digest);
	const get = await client.get(path);
	t.deepEqual(get.body, bytes);
	t.is(get.headers.get('etag'), `"${digest}"`);
	t.is(get.headers.get('content-encoding'), null);
});

test('an absent blob is 404, also in a repository that nobody ever pushed to', async t => {
	const {client} = await startApp(t);
	t.is((await client.head(path)).status, 404);
	t.like(await client.get(path), {status: 404, error: 'BLOB_UNKNOWN'});
});

test("another repository's blob cannot be read", async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/other', bytes);
	t.is((await client.get(path)).status, 404);
});

for (const {range, status, part, contentRange} of [
	{range: 'bytes=2-4', status: 206, part: '234', contentRange: 'bytes 2-4/10'},
	{range: 'bytes=7-', status: 206, part: '789', contentRange: 'bytes 7-9/10'},
	{range: 'bytes=-3', status: 206, part: '789', contentRange: 'bytes 7-9/10'},
	{range: 'bytes=5-99', status: 206, part: '56789', contentRange: 'bytes 5-9/10'},
	{range: 'bytes=10-', status: 416, part: undefined, contentRange: 'bytes */10'},
	{range: 'bytes=0-1,3-4', status: 200, part: '0123456789', contentRange: null},
	{range: 'lines=1-2', status: 200, part: '0123456789', contentRange: null},
	{range: 'bytes=4-2', status: 416, part: undefined, contentRange: 'bytes */10'},
]) {
	test(`a GET with Range: ${range} is ${status}`, async t => {
		const {client} = await startApp(t);
		await client.pushBlob('ci/app', bytes);
		const answer = await client.get(path, {Range: range});
		t.is(answer.status, status);
		t.is(answer.headers.get('content-range'), contentRange);
		if (part !== undefined) t.is(answer.text, part);
	});
}

test('a Range whose If-Range names another version gets the whole', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', bytes);
	t.is((await client.get(path, {Range: 'bytes=2-4', 'If-Range': '"another"'})).status, 200);
	t.is((await client.get(path, {Range: 'bytes=2-4', 'If-Range': `"${digest}"`})).status, 206);
});

test('If-None-Match with the digest is 304 without a body', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', bytes);
	const answer = await client.get(path, {'If-None-Match': `W/"x", "${digest}"`});
	t.is(answer.status, 304);
	t.is(answer.body.length, 0);
	t.is((await client.get(path, {'If-None-Match': '"x"'})).status, 200);
});

test('If-None-Match does not hide that a blob is gone', async t => {
	const {client} = await startApp(t);
	t.is((await client.get(path, {'If-None-Match': `"${digest}"`})).status, 404);
});

test('a deleted blob is gone, and deleting it again is 404', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', bytes);
	t.is((await client.delete(path)).status, 202);
	t.is((await client.get(path)).status, 404);
	t.like(await client.delete(path), {status: 404, error: 'BLOB_UNKNOWN'});
});

test('a layer is a redirect to the store, which nobody may cache', async t => {
	const {client} = await startApp(t, {store: withUrls('s3.example')});
	await client.pushBlob('ci/app', layer);
	const answer = await client.get(layerPath);
	t.is(answer.status, 307);
	t.regex(answer.headers.get('location') ?? '', /^http:\/\/s3\.example\//);
	t.is(answer.headers.get('cache-control'), 'no-store');
	t.is(answer.headers.get('docker-content-digest'), digestOf(layer));
});

test('HEAD is never redirected, an absent layer is 404, and small blobs and documents come from here', async t => {
	const {client} = await startApp(t, {store: withUrls('s3.example')});
	await client.pushBlob('ci/app', layer);
	await client.pushBlob('ci/app', bytes);
	t.is((await client.head(layerPath)).status, 200);
	t.is((await client.get(`/v2/ci/app/blobs/${digestOf(Buffer.from('absent'))}`)).status, 404);
	t.is((await client.get(path)).status, 200);
	t.is((await client.get(layerPath, {Accept: 'application/vnd.buildkit.cacheconfig.v0, */*'})).status, 200);
});

test('a client that would carry its Authorization along to the store is streamed to', async t => {
	const {client} = await startApp(t, {store: withUrls('127.0.0.1:9000')});
	await client.pushBlob('ci/app', layer);
	const answer = await client.get(layerPath, {Authorization: 'Bearer token'});
	t.is(answer.status, 200);
	t.deepEqual(answer.body, layer);
	t.is((await client.get(layerPath)).status, 307);
});

test('with LAYERCACHE_REDIRECT_DOWNLOADS=never every byte is streamed', async t => {
	const {client} = await startApp(t, {store: withUrls('s3.example'), environment: {LAYERCACHE_REDIRECT_DOWNLOADS: 'never'}});
	await client.pushBlob('ci/app', layer);
	t.deepEqual((await client.get(layerPath)).body, layer);
});

test('behind a proxy it is the public name whose Authorization would be carried along', async t => {
	const environment = {LAYERCACHE_PUBLIC_URL: 'https://cache.corp', LAYERCACHE_AUTH: 'none'};
	const {client} = await startApp(t, {store: withUrls('s3.cache.corp'), environment});
	await client.pushBlob('ci/app', layer);
	t.is((await client.get(layerPath, {Authorization: 'Bearer token'})).status, 200);
	t.is((await client.get(layerPath)).status, 307);
});

test('If-None-Match holds for HEAD and for documents too', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', bytes);
	const known = {'If-None-Match': `"${digest}"`};
	t.is((await client.head(path, known)).status, 304);
	t.is((await client.get(path, {...known, Accept: 'application/vnd.buildkit.cacheconfig.v0, */*'})).status, 304);
});

test('a presigned URL is in no line of the log', async t => {
	const {client, log} = await startApp(t, {store: withUrls('s3.example')});
	await client.pushBlob('ci/app', layer);
	await client.get(layerPath);
	t.true(log.some(line => line.kind === 'blob.get' && line.redirected === true));
	t.notRegex(JSON.stringify(log), /secret|X-Amz/);
});
