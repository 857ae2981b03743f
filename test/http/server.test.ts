import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {withDigest} from '../support/client.ts';

test('/v2/ answers, with and without the last slash', async t => {
	const {client} = await startApp(t);
	for (const path of ['/v2/', '/v2']) {
		const answer = await client.get(path);
		t.is(answer.status, 200);
		t.is(answer.headers.get('docker-distribution-api-version'), 'registry/2.0');
	}
});

test('/ shows the lines to paste, as text and as a page, for the host that was asked', async t => {
	const {client, url} = await startApp(t);
	const {host} = new URL(url);
	const text = await client.get('/');
	t.true(text.text.includes(`--cache-to   type=registry,ref=${host}/ci/app:main,mode=max`));
	const page = await client.get('/', {Accept: 'text/html'});
	t.regex(page.headers.get('content-type') ?? '', /^text\/html/);
	t.true(page.text.includes(`ref=${host}/ci/app:main`));
});

test('a host that is no host name cannot put markup into the page', async t => {
	const {client} = await startApp(t, {environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1', LAYERCACHE_AUTH: 'none'}});
	const answer = await client.get('/', {Accept: 'text/html', 'X-Forwarded-Host': '<script>alert(1)</script>'});
	t.false(answer.text.includes('<script>'));
	t.not(answer.status, 500);
});

test('/livez says that the process lives, /readyz that its store answers', async t => {
	const broken: ObjectStore = {...createMemoryStore()};
	const {client} = await startApp(t, {store: broken});
	t.is((await client.get('/readyz')).status, 200);
	broken.now = () => Promise.reject(new StoreUnavailable('the bucket at s3.internal is away'));
	t.is((await client.get('/livez')).status, 200);
	const answer = await client.get('/readyz');
	t.is(answer.status, 503);
	t.false(answer.text.includes('s3.internal'));
});

test('a store that is away is 503 with a request id, and the log has the cause under the same id', async t => {
	const store: ObjectStore = {...createMemoryStore()};
	const {client, log} = await startApp(t, {store});
	store.read = () => Promise.reject(new StoreUnavailable('the bucket at s3.internal is away'));
	const answer = await client.get('/v2/ci/app/manifests/main', {'X-Request-Id': 'job-17'});
	t.like(answer, {status: 503, error: 'UNAVAILABLE'});
	t.true(answer.text.includes('job-17'));
	t.false(answer.text.includes('s3.internal'));
	const line = log.find(found => found.msg === 'request failed');
	t.like(line, {requestId: 'job-17', level: 'error'});
	t.true(JSON.stringify(line).includes('s3.internal'));
});

test('a connection that the store breaks is its failure, and not the departure of the client', async t => {
	const store: ObjectStore = {...createMemoryStore()};
	const {client, log} = await startApp(t, {store});
	store.read = () => Promise.reject(Object.assign(new StoreUnavailable('S3 broke the connection'), {code: 'ECONNRESET'}));
	t.like(await client.get('/v2/ci/app/manifests/main'), {status: 503, error: 'UNAVAILABLE'});
	t.true(log.some(line => line.level === 'error'));
});

test('what nobody foresaw is 500 without a word about the inside', async t => {
	const store: ObjectStore = {...createMemoryStore()};
	const {client, log} = await startApp(t, {store});
	store.read = () => Promise.reject(new TypeError('cannot read properties of undefined'));
	const answer = await client.head('/v2/ci/app/manifests/main');
	t.is(answer.status, 500);
	t.like(
		log.find(found => found.msg === 'request failed'),
		{level: 'error'},
	);
});

test('each request is one line with what was asked, how it ended and its id', async t => {
	const {client, log} = await startApp(t);
	await client.pushBlob('ci/app', 'bytes');
	const digest = digestOf(Buffer.from('bytes'));
	const answer = await client.get(`/v2/ci/app/blobs/${digest}`);
	const lines = log.filter(line => line.msg === 'request');
	t.is(lines.length, 3);
	const line = lines.at(-1);
	t.like(line, {level: 'info', method: 'GET', kind: 'blob.get', repo: 'ci/app', digest, status: 200, bytesOut: 5, client: '127.0.0.1'});
	t.is(line?.requestId, answer.headers.get('x-request-id'));
	t.is(typeof line?.durationMs, 'number');
});

test('a request id that could break a log is replaced', async t => {
	const {client} = await startApp(t);
	t.is((await client.get('/v2/', {'X-Request-Id': 'fine-1'})).headers.get('x-request-id'), 'fine-1');
	t.not((await client.get('/v2/', {'X-Request-Id': '"}{"'})).headers.get('x-request-id'), '"}{"');
});

test('X-Forwarded-For counts only from a trusted proxy', async t => {
	const headers = {'X-Forwarded-For': '203.0.113.9, 10.0.0.7'};
	const trusting = await startApp(t, {environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.0/8', LAYERCACHE_AUTH: 'none'}});
	await trusting.client.get('/v2/', headers);
	t.is(trusting.log.find(line => line.msg === 'request')?.client, '203.0.113.9');
	const plain = await startApp(t);
	await plain.client.get('/v2/', headers);
	t.is(plain.log.find(line => line.msg === 'request')?.client, '127.0.0.1');
});

test('/metrics counts requests and what was asked of the store', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', 'bytes');
	const {text} = await client.get('/metrics');
	t.regex(text, /layercache_http_requests_total\{kind="upload\.finish",method="PUT",status="201"\} 1/);
	t.regex(text, /layercache_store_operations_total\{operation="upload",outcome="ok"\} 1/);
	t.regex(text, /layercache_http_received_bytes_total 5/);
	t.regex(text, /layercache_build_info\{version="\d+\.\d+\.\d+"\} 1/);
});

test('a drain lets a request under way end and takes no new one', async t => {
	const started = Promise.withResolvers<void>();
	const goOn = Promise.withResolvers<void>();
	const memory = createMemoryStore();
	const store: ObjectStore = {
		...memory,
		async upload(key, body, options) {
			started.resolve();
			await goOn.promise;
			return memory.upload(key, body, options);
		},
	};
	const {app, client, url} = await startApp(t, {store, environment: {LAYERCACHE_DRAIN_SECONDS: '30'}});
	const push = client.pushBlob('ci/app', 'bytes');
	await started.promise;
	const stopped = app.stop();
	await t.throwsAsync(fetch(`${url}/livez`));
	goOn.resolve();
	t.is((await push).status, 201);
	await stopped;
});

test('a drain waits for work whose client was cut off, and only then closes the store', async t => {
	const order: string[] = [];
	const started = Promise.withResolvers<void>();
	const memory = createMemoryStore();
	const store: ObjectStore = {
		...memory,
		async upload(_key, body) {
			started.resolve();
			try {
				for await (const _ of body);
			} finally {
				await new Promise(setImmediate);
				order.push('taken back');
			}
			throw new Error('the body never ends');
		},
		async close() {
			order.push('closed');
		},
	};
	const {app, client} = await startApp(t, {store});
	async function* endless() {
		yield Buffer.alloc(100_000);
		await new Promise(() => {});
	}
	const push = client.request('PUT', withDigest(await client.startUpload('ci/app'), digestOf(Buffer.from('x'))), {body: endless()});
	await started.promise;
	await Promise.all([app.stop(), t.throwsAsync(push)]);
	t.deepEqual(order, ['taken back', 'closed']);
});

test('an absolute target is taken, and what it carries besides the path is neither logged nor repeated', async t => {
	const {client, log} = await startApp(t);
	t.is((await client.raw('GET', 'http://user:hunter2@registry.example/v2/')).status, 200);
	for (const target of ['http://user:hunter2@registry.example/nothing', 'http://[::1/v2/x', 'http://user:hunter2@']) {
		const {text, headers} = await client.raw('GET', target);
		t.false(text.includes('hunter2'), target);
		t.truthy(headers.get('x-request-id'), target);
	}
	t.false(JSON.stringify(log).includes('hunter2'));
});

test('a port in use is named together with its setting', async t => {
	const {app} = await startApp(t);
	const error = await t.throwsAsync(startApp(t, {environment: {LAYERCACHE_PORT: String(app.server.address.port)}}), {name: 'CannotListen'});
	t.regex(error.message, /LAYERCACHE_PORT/);
});
