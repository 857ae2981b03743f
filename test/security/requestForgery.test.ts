/** Making the server ask somebody (SSRF): no URL that a client sends is ever fetched, and no client names where another one is sent. Making a browser ask us (CSRF). */
import {createServer} from 'node:http';
import test from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {someBytes} from '../support/bytes.ts';
import {pushCache} from '../support/caches.ts';
import {createClient, describe, imageOf} from '../support/client.ts';
import {listenOnLoopback} from '../support/loopback.ts';
import {sendRaw} from '../support/rawConnection.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';
import {sourceFiles} from '../support/sourceFiles.ts';

test('no URL in a manifest, a cache, a query or a header is asked', async t => {
	let asked = 0;
	const trap = createServer((_, response) => void response.end('{}'));
	trap.on('connection', () => {
		asked += 1;
	});
	const trapUrl = await listenOnLoopback(t, trap);
	const {host} = new URL(trapUrl);
	const {client, url} = await startApp(t, {environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1', LAYERCACHE_AUTH: 'none'}});
	await client.pushBlob('ci/app', '{}');

	const foreign = {...describe('far away', mediaTypes.ociForeignLayer), urls: [`${trapUrl}/layer`]};
	const config = {...describe('{}', mediaTypes.ociConfig), urls: [`${trapUrl}/config`]};
	const annotations = {'containerd.io/distribution.source.evil': trapUrl, 'org.opencontainers.image.source': trapUrl};
	t.is((await client.putManifest('ci/app', 'main', imageOf(config, [foreign], {annotations}))).status, 201);
	const cache = Buffer.from(JSON.stringify({layers: [{blob: foreign.digest, parent: -1}], records: [], url: trapUrl}));
	await client.pushBlob('ci/app', cache);
	await client.putManifest('ci/app', 'cache', imageOf(describe(cache, 'application/vnd.buildkit.cacheconfig.v0'), [foreign]));
	const importer = {'User-Agent': 'buildkit/v0.33', Accept: `${mediaTypes.ociManifest}, */*`};
	for (const tag of ['main', 'cache']) await client.get(`/v2/ci/app/manifests/${tag}?ns=${host}`, importer);
	await client.get(`/v2/ci/app/blobs/${foreign.digest}?ns=${host}&url=${trapUrl}`, importer);
	await client.request('POST', `/v2/ci/app/blobs/uploads/?mount=${foreign.digest}&from=${host}/ci/app&origin=${trapUrl}`);
	await client.get(`/token?realm=${trapUrl}&service=${host}&redirect_uri=${trapUrl}&scope=repository:${host}/a:pull`);
	await client.get(`/ui/sign-in?next=${trapUrl}`);

	const headers = [
		'X-Forwarded-Host',
		'Forwarded',
		'Referer',
		'Origin',
		'X-Original-URL',
		'X-Rewrite-URL',
		'Location',
		'Link',
		'Destination',
	];
	const named = headers.map(name => `${name}: ${trapUrl}/\r\n`).join('');
	for (const line of [
		`GET ${trapUrl}/v2/ HTTP/1.1`,
		`GET /v2/ HTTP/1.1`,
		`CONNECT ${host} HTTP/1.1`,
		`COPY /v2/ci/app/manifests/main HTTP/1.1`,
	])
		await sendRaw(url, `${line}\r\nHost: ${host}\r\n${named}Connection: close\r\n\r\n`);
	t.is(asked, 0);
});

test('where a client is sent with a layer is where the settings say, whatever host it names', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const environment = {LAYERCACHE_STORE: 's3', LAYERCACHE_S3_BUCKET: double.bucketName};
	const {client, url} = await startApp(t, {store, environment});
	const layer = someBytes(128 * 1024);
	await client.pushBlob('ci/app', layer);
	const answer = await sendRaw(
		url,
		`GET /v2/ci/app/blobs/${digestOf(layer)} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n`,
	);
	t.regex(answer, new RegExp(`^Location: http://${double.endpoint.host}/`, 'm'));
	t.false(answer.includes('evil.example'));
	const start = await sendRaw(
		url,
		'POST /v2/ci/app/blobs/uploads/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
	);
	t.regex(start, /^Location: \/v2\/ci\/app\/blobs\/uploads\//m);
});

test('only the rooms that speak to a store, an issuer, an upstream or a server of ours can ask anybody', async t => {
	const asking =
		/from '(?:undici|node:dns|node:dgram|[./]*\/(?:lib\/)?httpAgent\.ts)'|\bfetch\(|\bconnect\(|\bhttps?\.(?:request|get)\(|client-s3'/;
	const sources = await sourceFiles('src');
	// An agent asks nobody until somebody imports it: who does is looked at as if it imported undici.
	const rooms = /^src\/(?:storage\/s3|upstream|cli)\/|^src\/auth\/issuerDocument\.ts$|^src\/lib\/httpAgent\.ts$/;
	t.deepEqual(
		sources.filter(({path, text}) => asking.test(text) && !rooms.test(path)).map(({path}) => path),
		[],
	);
});

test('a page in the browser of somebody who may reach the registry writes nothing there, by whatever name the page has us', async t => {
	const {client, url} = await startApp(t);
	t.is((await pushCache(client, 'ci/app', 'main', {steps: ['one']})).status, 201);
	for (const origin of ['https://evil.example', new URL(url).origin, 'null']) {
		const page = createClient(url, {Origin: origin});
		for (const [method, path] of [
			['POST', '/v2/ci/app/blobs/uploads/'],
			['PUT', '/v2/ci/app/manifests/main'],
			['DELETE', '/v2/ci/app/manifests/main'],
		] as const)
			t.like(await page.request(method, path), {status: 403, error: 'DENIED'}, `${method} from ${origin}`);
		t.is((await page.get('/v2/ci/app/manifests/main')).status, 200);
	}
	t.is((await client.get('/v2/ci/app/manifests/main')).status, 200);
});
