/** Which uploads go straight to S3, and what happens to the connection that they began on. One at a time: each starts a server and looks at S3. */
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {type IncomingMessage, request as sendRaw} from 'node:http';
import {connect} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {createUploadId, digestOf} from 'oci-spec-types';
import type {Found} from '../../src/app.ts';
import type {S3Settings} from '../../src/storage/s3/settings.ts';
import {startApp} from '../support/app.ts';
import {someBytes} from '../support/bytes.ts';
import {describe, imageOf, location, withDigest} from '../support/client.ts';
import type {Leniency} from '../support/s3Double.ts';
import {openStoreOn, startStoreOnDouble} from '../support/s3DoubleStore.ts';
import {until} from '../support/until.ts';

const repo = 'ci/app';
const MiB = 1024 * 1024;
const layer = someBytes(MiB);
const builder = {'User-Agent': 'buildkit/v0.33'};

type Given = {
	environment?: Record<string, string>;
	lenient?: Leniency;
	settings?: Partial<S3Settings>;
	/** How far S3's clock is ahead of ours. */
	leadMs?: number;
	found?: Found;
};

const startOnS3 = async (t: ExecutionContext, {environment = {}, lenient, settings, leadMs = 0, found}: Given = {}) => {
	const {double, store} = await startStoreOnDouble(t, {lenient, now: () => new Date(Date.now() + leadMs)}, settings);
	const s3 = {LAYERCACHE_STORE: 's3', LAYERCACHE_S3_BUCKET: double.bucketName};
	let elapsed = 0;
	const running = await startApp(t, {store, environment: {...s3, ...environment}, elapsed: () => elapsed, found});
	const pass = (ms: number) => {
		elapsed += ms;
	};
	const {client} = running;
	const put = async (headers: Record<string, string> = builder, body: Uint8Array | AsyncIterable<Uint8Array> = layer, digest?: string) =>
		client.request('PUT', withDigest(await client.startUpload(repo), digest ?? digestOf(body as Uint8Array)), {headers, body});
	const metrics = async () => (await client.get('/metrics')).text;
	return {...running, double, store, put, metrics, pass};
};

const counted = (reason: string) =>
	reason === ''
		? 'layercache_uploads_total{way="redirected",reason=""} 1'
		: `layercache_uploads_total{way="streamed",reason="${reason}"} 1`;

test.serial('a builder is sent to S3 with a layer, which is then there as if it had come through the server', async t => {
	const {client, put, double, log, metrics} = await startOnS3(t);
	const answer = await put();
	t.is(answer.status, 307);
	t.is(answer.headers.get('cache-control'), 'no-store');
	t.not(answer.headers.get('connection'), 'close');
	const url = new URL(location(answer));
	t.is(url.host, double.endpoint.host);

	t.is((await fetch(url, {method: 'PUT', body: layer, headers: {'content-type': 'application/octet-stream'}})).status, 200);
	t.is((await client.head(`/v2/${repo}/blobs/${digestOf(layer)}`)).headers.get('content-length'), String(layer.length));
	const config = describe('{}', 'application/vnd.oci.image.config.v1+json');
	await client.pushBlob(repo, '{}');
	t.is((await client.putManifest(repo, 'main', imageOf(config, [describe(layer)]))).status, 201);
	t.is((await client.putManifest(repo, 'main', imageOf(config, [{...describe(layer), size: 5}]))).error, 'SIZE_INVALID');

	t.like(
		log.find(line => line.kind === 'upload.finish'),
		{status: 307, redirected: true, bytesIn: 0},
	);
	t.false(JSON.stringify(log).includes('X-Amz'));
	t.true((await metrics()).includes(counted('')));
	t.regex(await metrics(), /^layercache_upload_redirects 1$/m);
});

async function* unannounced() {
	yield layer;
}

const digest = digestOf(layer);
for (const [title, reason, send] of [
	['an older builder', 'client', ({put}) => put({'User-Agent': 'buildkit/v0.25'})],
	['another client', 'client', ({put}) => put({'User-Agent': 'docker/29.1.0'})],
	['a client that says nothing of itself', 'client', ({put}) => put({'User-Agent': ''})],
	['a sha512 blob', 'digest', ({put}) => put(builder, layer, digestOf(layer, 'sha512'))],
	['a small blob', 'size', ({put}) => put(builder, layer.subarray(1))],
	['a blob of unknown length', 'size', ({put}) => put(builder, unannounced(), digest)],
	['the empty blob', 'size', ({put}) => put(builder, new Uint8Array())],
	['a blob with a Content-Range', 'chunks', ({put}) => put({...builder, 'Content-Range': `0-${MiB - 1}`})],
	[
		'the last chunk of several',
		'chunks',
		async ({client}) => {
			const first = await client.request('PATCH', await client.startUpload(repo), {body: layer.subarray(0, 5), headers: builder});
			const rest = {headers: builder, body: Buffer.concat([layer.subarray(5), layer])};
			return client.request('PUT', withDigest(location(first), digestOf(Buffer.concat([layer, layer]))), rest);
		},
	],
	['a client that would carry its token along', 'authorization', ({put}) => put({...builder, Authorization: 'Bearer x'})],
] as readonly [string, string, (given: Awaited<ReturnType<typeof startOnS3>>) => ReturnType<typeof given.put>][]) {
	test.serial(`${title}: streamed`, async t => {
		const given = await startOnS3(t);
		t.is((await send(given)).status, 201);
		t.true((await given.metrics()).includes(counted(reason)));
	});
}

for (const [title, given] of [
	['S3 takes what was not signed', {lenient: {takes: 'tags'}}],
	['the settings say never', {environment: {LAYERCACHE_REDIRECT_UPLOADS: 'never'}}],
	['builders are not sent to S3 for layers either', {environment: {LAYERCACHE_REDIRECT_DOWNLOADS: 'never'}}],
] as readonly [string, Given][]) {
	test.serial(`where ${title}, uploads are streamed`, async t => {
		const {put, metrics} = await startOnS3(t, given);
		t.is((await put()).status, 201);
		t.true((await metrics()).includes(counted('store')));
		t.regex(await metrics(), /^layercache_upload_redirects 0$/m);
	});
}

test.serial('unsafe redirects whatever S3 takes, and every start warns of it', async t => {
	const {put, log} = await startOnS3(t, {lenient: {takes: 'tags'}, environment: {LAYERCACHE_REDIRECT_UPLOADS: 'unsafe'}});
	t.is((await put()).status, 307);
	t.like(
		log.find(line => line.msg === 'uploads'),
		{level: 'warn', redirected: true, reason: 'LAYERCACHE_REDIRECT_UPLOADS=unsafe, whatever the store takes'},
	);
});

test.serial('the log of a start says why uploads are streamed', async t => {
	const {log} = await startOnS3(t, {lenient: {takes: 'keyId'}});
	const line = log.find(found => found.msg === 'uploads');
	t.like(line, {level: 'warn', redirected: false});
	t.regex(String(line?.reason), /CVE-2026-41145/);
});

test.serial('credentials that end before the URL would: streamed', async t => {
	const expiration = new Date(Date.now() + 600_000);
	const session = {accessKeyId: 'AKIDOUBLE', secretAccessKey: 'the+secret/of=double', expiration};
	const {put, metrics} = await startOnS3(t, {settings: {credentials: async () => session}});
	t.is((await put()).status, 201);
	t.true((await metrics()).includes(counted('store')));
});

test.serial('a token is no reason where the bucket has another host name', async t => {
	const {double} = await startStoreOnDouble(t);
	const publicEndpoint = new URL(`http://localhost:${double.endpoint.port}`);
	const store = openStoreOn(t, double, {publicEndpoint});
	const {client} = await startApp(t, {store});
	const headers = {...builder, Authorization: 'Bearer x'};
	const answer = await client.request('PUT', withDigest(await client.startUpload(repo), digest), {headers, body: layer});
	t.is(answer.status, 307);
	t.is(new URL(location(answer)).host, publicEndpoint.host);
});

const blobKey = `repos/${repo}/_blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;

/** The head of a PUT, and nothing after it. */
const announce = async (url: string, path: string, headers: Record<string, string | number>) => {
	const {hostname, port} = new URL(url);
	const sent = sendRaw({method: 'PUT', hostname, port, path, headers: {...builder, ...headers}, agent: false});
	sent.flushHeaders();
	return sent;
};

test.serial('5 GiB are redirected, which is what S3 takes at once; a byte more is not', async t => {
	const {client, url, over, metrics} = await startOnS3(t);
	const path = withDigest(await client.startUpload(repo), digest);
	const most = await announce(url, path, {'Content-Length': 5 * 1024 * MiB, Connection: 'keep-alive'});
	const [answer] = (await once(most, 'response')) as [IncomingMessage];
	t.is(answer.statusCode, 307);
	most.on('error', () => undefined).destroy();

	const more = await announce(url, path, {'Content-Length': 5 * 1024 * MiB + 1, Connection: 'keep-alive'});
	more.on('error', () => undefined);
	// Only its first bytes prove that it has come; then the client leaves.
	more.write(layer.subarray(0, 10));
	const ended = over('upload.finish');
	await until(async () => (await metrics()).includes('layercache_http_requests_in_flight 2'));
	more.destroy();
	await ended;
	t.true((await metrics()).includes(counted('size')));
});

test.serial('a connection that ends with its answer is not redirected: the client would see it break', async t => {
	const {client, url, metrics} = await startOnS3(t);
	const path = withDigest(await client.startUpload(repo), digest);
	const sent = await announce(url, path, {'Content-Length': layer.length, Connection: 'close'});
	sent.end(layer);
	const [answer] = (await once(sent, 'response')) as [IncomingMessage];
	t.is(answer.resume().statusCode, 201);
	t.true((await metrics()).includes(counted('connection')));
});

test.serial('a server that drains takes an upload itself, since its answer ends the connection', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const {app, client, url} = await startApp(t, {store, environment: {LAYERCACHE_DRAIN_SECONDS: '30'}});
	const path = withDigest(await client.startUpload(repo), digest);
	const goOn = Promise.withResolvers<void>();
	const isHeld = Promise.withResolvers<void>();
	double.faults = ({operation}) => {
		if (operation !== 'GetObject') return undefined;
		isHeld.resolve();
		return {hold: goOn.promise};
	};
	const socket = connect(Number(new URL(url).port), '127.0.0.1');
	const heard: string[] = [];
	socket.setEncoding('latin1').on('data', text => heard.push(String(text)));
	const head = 'HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: buildkit/v0.33\r\n';
	socket.write(`GET /v2/${repo}/manifests/main ${head}\r\n`);
	await isHeld.promise;
	const stopped = app.stop();
	// On a connection that is still busy, a request may come after the drain has begun.
	socket.write(`PUT ${path} ${head}Content-Length: ${layer.length}\r\n\r\n`);
	socket.write(layer);
	await until(() => double.bucket.objects.has(blobKey));
	const closed = once(socket, 'close');
	goOn.resolve();
	await Promise.all([stopped, closed]);
	t.regex(heard.join(''), /HTTP\/1\.1 404/);
	t.notRegex(heard.join(''), /HTTP\/1\.1 307/);
});

const longBytes = 64 * MiB;

const openUpload = async (t: ExecutionContext, sizeBytes = longBytes) => {
	const {client, url} = await startOnS3(t);
	const path = withDigest(await client.startUpload(repo), digestOf(layer));
	const socket = connect(Number(new URL(url).port), '127.0.0.1');
	t.teardown(() => socket.destroy());
	const heard: string[] = [];
	socket.setEncoding('latin1').on('data', text => heard.push(String(text)));
	socket.write(
		`PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: buildkit/v0.33\r\nContent-Length: ${sizeBytes}\r\n\r\n${'x'.repeat(1000)}`,
	);
	const hears = (words: string) => until(async () => heard.join('').includes(words));
	await hears('HTTP/1.1 307');
	return {socket, hears, heard};
};

test.serial(
	'what still comes after the redirect is neither read nor stored, and the client is not cut before it could have left',
	async t => {
		const {socket, heard} = await openUpload(t);
		t.notRegex(heard.join(''), /connection: close/i);
		const redirectedAt = performance.now();
		const isOver = new Promise(resolve => socket.on('error', resolve).on('close', resolve));
		socket.write(Buffer.alloc(longBytes - 1000));
		await isOver;
		t.true(performance.now() - redirectedAt > 1000);
		t.true(socket.writableLength > 0, 'the rest never left');
	},
);

test.serial('a body that fits into the buffers is dropped at once, and its connection serves the next request', async t => {
	const {socket, hears} = await openUpload(t, 2 * MiB);
	socket.write(Buffer.alloc(2 * MiB - 1000));
	socket.write('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
	await hears('ok\n');
	t.false(socket.destroyed);
});

test.serial('a client that stops after the redirect, in the middle of its body, is let go', async t => {
	const {socket} = await openUpload(t);
	const isOver = new Promise(resolve => socket.on('error', resolve).on('close', resolve));
	socket.end();
	await isOver;
	t.pass();
});

// The look of the start is no longer fresh.
const longAfterTheStartMs = 1_800_000;

test.serial('after a redirected upload that never arrived uploads are streamed until S3 was looked at again', async t => {
	const {client, put, double, log, pass} = await startOnS3(t);
	const lost = someBytes(2 * MiB);
	pass(longAfterTheStartMs);
	t.is((await put(builder, lost)).status, 307);
	const goOn = Promise.withResolvers<void>();
	double.faults = ({key, query}) => (key.startsWith('_probe/') && query.has('X-Amz-Content-Sha256') ? {hold: goOn.promise} : undefined);
	const config = describe('{}', 'application/vnd.oci.image.config.v1+json');
	await client.pushBlob(repo, '{}');
	const refused = await client.putManifest(repo, 'main', imageOf(config, [describe(lost)]));
	t.is(refused.error, 'MANIFEST_BLOB_UNKNOWN');

	t.is((await put()).status, 201);
	t.regex(String(log.filter(line => line.msg === 'uploads').at(-1)?.reason), /never arrived/);
	goOn.resolve();
	await until(async () => log.filter(line => line.msg === 'uploads').at(-1)?.redirected === true);
	t.is((await put()).status, 307);
});

test.serial('a cache that lacks a redirected layer is noticed, though it is accepted', async t => {
	const {client, put, log, pass} = await startOnS3(t);
	const lost = someBytes(2 * MiB);
	pass(longAfterTheStartMs);
	await put(builder, lost);
	const config = describe('{}', 'application/vnd.buildkit.cacheconfig.v0');
	await client.pushBlob(repo, '{}');
	t.is((await client.putManifest(repo, 'main', imageOf(config, [describe(lost)]))).status, 201);
	t.true(log.some(line => line.msg === 'uploads' && line.redirected === false && /never arrived/.test(String(line.reason))));
});

test.serial('an upload that was streamed after all, and failed, is no reason to distrust S3', async t => {
	const {client, put, log, pass} = await startOnS3(t);
	const lost = describe(someBytes(2 * MiB));
	pass(longAfterTheStartMs);
	// A client that would carry its token along, with other bytes than it says.
	t.is((await put({...builder, Authorization: 'Bearer x'}, layer, lost.digest)).error, 'DIGEST_INVALID');
	const config = describe('{}', 'application/vnd.oci.image.config.v1+json');
	await client.pushBlob(repo, '{}');
	t.is((await client.putManifest(repo, 'main', imageOf(config, [lost]))).error, 'MANIFEST_BLOB_UNKNOWN');
	t.false(log.some(line => line.msg === 'uploads' && line.redirected === false));
	t.is((await put()).status, 307);
});

const hourMs = 3_600_000;

for (const [title, startedAt] of [
	['long ago', Date.now() - 49 * hourMs],
	['in the future', Date.now() + 2 * hourMs],
] as const) {
	test.serial(`an upload that began ${title} is unknown, and nobody is sent to S3 with it`, async t => {
		const {client} = await startOnS3(t);
		const path = (await client.startUpload(repo)).replace(/[0-9a-f-]{36}/, createUploadId(startedAt, randomBytes(10)));
		const answer = await client.request('PUT', withDigest(path, digest), {headers: builder, body: layer});
		t.like(answer, {status: 404, error: 'BLOB_UPLOAD_UNKNOWN'});
	});
}

test.serial('a clock that is wrong by half an hour does not make S3 look as if it refused uploads', async t => {
	const {put} = await startOnS3(t, {leadMs: hourMs / 2});
	const answer = await put();
	t.is(answer.status, 307);
	t.is((await fetch(location(answer), {method: 'PUT', body: layer})).status, 200);
});

test.serial('a process that was told all of S3 but its time still signs by it', async t => {
	const found = {abilities: {presignedGet: true, warnings: []}, uploads: {redirect: true, reason: 'as another process found'}};
	const {put} = await startOnS3(t, {leadMs: hourMs / 2, found});
	t.is((await fetch(location(await put()), {method: 'PUT', body: layer})).status, 200);
});
