/** What is stored was written by somebody: it is given back as bytes, and never acts in a browser or decodes in a client. */
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {someBytes} from '../support/bytes.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';

const page = '<script>fetch("/ui/prune", {method: "POST"})</script>';

for (const mediaType of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml', 'text/javascript', 'application/pdf']) {
	test(`a manifest that is pushed as ${mediaType} is shown in a sandbox, where nothing runs and nothing is the origin of the dashboard`, async t => {
		const {client} = await startApp(t);
		t.is((await client.putManifest('evil/app', 'page', page, mediaType)).status, 201);
		const answer = await client.get('/v2/evil/app/manifests/page');
		t.like(answer, {status: 200, text: page});
		t.is(answer.headers.get('content-security-policy'), "default-src 'none'; sandbox");
		t.is(answer.headers.get('x-content-type-options'), 'nosniff');
	});
}

test('a blob is an octet stream whatever it holds, and no browser may guess otherwise', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('evil/app', page);
	const {headers, text} = await client.get(`/v2/evil/app/blobs/${digestOf(Buffer.from(page))}`);
	t.is(text, page);
	t.is(headers.get('content-type'), 'application/octet-stream');
	t.is(headers.get('x-content-type-options'), 'nosniff');
	t.is(headers.get('content-security-policy'), "default-src 'none'; sandbox");
});

test('errors repeat what was asked as JSON, which no browser takes for a page', async t => {
	const {client} = await startApp(t);
	for (const path of ['/v2/%3Cscript%3E/tags/list', '/%3Cscript%3E', '/api/%3Cscript%3E']) {
		const {headers} = await client.get(path);
		t.is(headers.get('content-type'), 'application/json', path);
		t.is(headers.get('x-content-type-options'), 'nosniff', path);
	}
});

test('a Content-Encoding that somebody stored with a layer reaches no client, by URL or through the server', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const environment = {LAYERCACHE_STORE: 's3', LAYERCACHE_S3_BUCKET: double.bucketName};
	const {client} = await startApp(t, {store, environment});
	// What would decode: as it is stored, undici and Go would hand on other bytes than the digest names.
	const layer = gzipSync(someBytes(128 * 1024));
	const digest = digestOf(layer);
	await client.pushBlob('ci/app', layer);
	for (const object of double.bucket.objects.values()) {
		object.contentEncoding = 'gzip';
		object.contentType = 'text/html';
	}
	const redirect = await client.get(`/v2/ci/app/blobs/${digest}`);
	t.is(redirect.status, 307);
	const stored = await fetch(redirect.headers.get('location') ?? '');
	t.is(stored.headers.get('content-encoding'), 'identity');
	t.is(stored.headers.get('content-type'), 'application/octet-stream');
	t.is(digestOf(Buffer.from(await stored.arrayBuffer())), digest);

	const streamed = await client.get(`/v2/ci/app/blobs/${digest}`, {Accept: 'application/vnd.buildkit.cacheconfig.v0'});
	t.is(streamed.status, 200);
	t.is(streamed.headers.get('content-encoding'), null);
	t.is(digestOf(streamed.body), digest);
});

test('what comes with a Content-Encoding is stored as it came: nothing is ever unpacked, so no zip bomb goes off', async t => {
	const {client} = await startApp(t);
	const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
	t.true(bomb.length < 100_000);
	const headers = {'Content-Encoding': 'gzip'};
	const start = await client.startUpload('ci/app');
	t.is((await client.request('PUT', `${start}&digest=${digestOf(bomb)}`.replace('?size=0&', '?'), {body: bomb, headers})).status, 201);
	const answer = await client.get(`/v2/ci/app/blobs/${digestOf(bomb)}`, {'Accept-Encoding': 'gzip'});
	t.is(answer.headers.get('content-encoding'), null);
	t.true(answer.body.equals(bomb));
	const manifest = {...headers, 'Content-Type': mediaTypes.ociManifest};
	t.like(await client.request('PUT', '/v2/ci/app/manifests/main', {body: bomb, headers: manifest}), {
		status: 400,
		error: 'MANIFEST_INVALID',
	});
});
