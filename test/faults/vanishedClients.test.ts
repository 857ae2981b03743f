import {connect} from 'node:net';
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, type StoredObject, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {type LogLine, startApp} from '../support/app.ts';
import {withDigest} from '../support/client.ts';

const bytes = Buffer.alloc(1 << 20, 'x');
const digest = digestOf(bytes);

const blobPath = `/v2/ci/app/blobs/${digest}`;
const getBlob = `GET ${blobPath} HTTP/1.1\r\nHost: x\r\n\r\n`;
const failures = (log: LogLine[]) => log.filter(line => line.level === 'error');

/** Writes to the server, then cuts the connection as soon as `when` resolves. */
const cutAfter = async (url: string, head: string, body: Uint8Array, when: Promise<unknown>) => {
	const {hostname, port} = new URL(url);
	const socket = connect(Number(port), hostname);
	socket.on('error', () => {});
	socket.write(head);
	socket.write(body);
	await when;
	socket.destroy();
};

/** A store that tells when an upload has begun, and when one has failed. */
const watchingUploads = () => {
	const memory = createMemoryStore();
	const started = Promise.withResolvers<void>();
	const failed = Promise.withResolvers<unknown>();
	const store: ObjectStore = {
		...memory,
		upload(...given) {
			started.resolve();
			const answer = memory.upload(...given);
			answer.catch(failed.resolve);
			return answer;
		},
	};
	return {store, started: started.promise, failed: failed.promise};
};

/** A store whose blobs have another body when they are read. */
const withBody = (bodyOf: (stored: StoredObject) => StoredObject['body'] | Promise<StoredObject['body']>): ObjectStore => {
	const memory = createMemoryStore();
	return {
		...memory,
		async read(key, range) {
			const object = await memory.read(key, range);
			return object && key.includes('_blobs') ? {...object, body: await bodyOf(object)} : object;
		},
	};
};

test('a client that leaves half way through an upload leaves nothing behind, and is no failure of ours', async t => {
	const {store, started, failed} = watchingUploads();
	const {client, url, log} = await startApp(t, {store});
	const path = withDigest(await client.startUpload('ci/app'), digest);
	await cutAfter(url, `PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`, bytes.subarray(0, 100_000), started);
	t.truthy(await failed);
	t.is((await client.head(blobPath)).status, 404);
	t.deepEqual(failures(log), []);
	const line = log.find(({kind}) => kind === 'upload.finish');
	t.like(line, {status: 499});
});

test('what is logged of an upload that was cut is what came of it', async t => {
	const {store, started} = watchingUploads();
	const {client, url, log, over} = await startApp(t, {store});
	const path = withDigest(await client.startUpload('ci/app'), digest);
	const gone = over('upload.finish');
	const head = `PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Number.MAX_SAFE_INTEGER}\r\n\r\n`;
	// What is worked on as soon as it is there.
	await cutAfter(url, head, bytes.subarray(0, 16 * 1024), started);
	await gone;
	const line = log.find(({kind}) => kind === 'upload.finish');
	t.like(line, {status: 499, bytesIn: 16 * 1024});
});

test('a client that leaves half way through a download frees what was opened for it', async t => {
	const opened = Promise.withResolvers<void>();
	const freed = Promise.withResolvers<void>();
	async function* endless() {
		try {
			for (;;) {
				opened.resolve();
				yield bytes;
				await new Promise(setImmediate);
			}
		} finally {
			freed.resolve();
		}
	}
	const store = withBody(() => {
		const body = endless();
		return Object.assign(body, {destroy: () => void body.return()});
	});
	const {client, url, log, over} = await startApp(t, {store});
	await client.pushBlob('ci/app', bytes);
	const gone = over('blob.get');
	await cutAfter(url, getBlob, new Uint8Array(), opened.promise);
	await Promise.all([freed.promise, gone]);
	t.deepEqual(failures(log), []);
});

test('a client that leaves before its download was opened frees it all the same', async t => {
	const asked = Promise.withResolvers<void>();
	const goOn = Promise.withResolvers<void>();
	const freed = Promise.withResolvers<void>();
	const store = withBody(async ({body}) => {
		asked.resolve();
		await goOn.promise;
		return {[Symbol.asyncIterator]: () => body[Symbol.asyncIterator](), destroy: freed.resolve};
	});
	const {client, url, log, over} = await startApp(t, {store});
	await client.pushBlob('ci/app', bytes);
	const gone = over('blob.get');
	await cutAfter(url, getBlob, new Uint8Array(), asked.promise);
	await gone;
	goOn.resolve();
	await freed.promise;
	t.deepEqual(failures(log), []);
});

test('a store that fails half way through a download cuts the connection: the client must see that bytes are missing', async t => {
	async function* broken() {
		yield bytes.subarray(0, 100_000);
		throw new Error('the disk is on fire');
	}
	const {client, log} = await startApp(t, {store: withBody(() => Object.assign(broken(), {destroy() {}}))});
	await client.pushBlob('ci/app', bytes);
	await t.throwsAsync(client.get(blobPath));
	t.true(failures(log).some(line => JSON.stringify(line).includes('on fire')));
});

test('a store that fails before the first byte of a download is told in a status', async t => {
	const away = () => Promise.reject(new StoreUnavailable('away'));
	const {client} = await startApp(t, {store: withBody(() => ({[Symbol.asyncIterator]: () => ({next: away}), destroy() {}}))});
	await client.pushBlob('ci/app', bytes);
	const answer = await client.get(blobPath);
	t.like(answer, {status: 503, error: 'UNAVAILABLE'});
	t.is(answer.headers.get('content-length'), String(answer.body.length));
});

test('a body that is refused half way is read to its end, and the connection goes on', async t => {
	const {url} = await startApp(t);
	const {hostname, port} = new URL(url);
	const socket = connect(Number(port), hostname);
	t.teardown(() => socket.destroy());
	let received = '';
	const answers = new Promise<void>((resolve, reject) => {
		socket.on('error', reject).on('data', data => {
			received += data;
			if (received.includes('HTTP/1.1 200 OK')) resolve();
		});
	});
	socket.write('PUT /v2/ci/app/manifests/main HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
	for (let sent = 0; sent < 16; sent++) {
		socket.write(`${bytes.length.toString(16)}\r\n`);
		socket.write(bytes);
		socket.write('\r\n');
	}
	socket.write('0\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
	await answers;
	t.regex(received, /^HTTP\/1\.1 413 /);
});

test('garbage behind a request is not answered into its download', async t => {
	const {client, url} = await startApp(t);
	const large = Buffer.alloc(32 << 20, 'x');
	await client.pushBlob('ci/app', large);
	const {hostname, port} = new URL(url);
	const socket = connect(Number(port), hostname);
	let received = '';
	const closed = new Promise<void>(resolve => socket.on('close', () => resolve()).on('error', () => {}));
	socket.once('data', () => socket.write('\x00garbage\r\n\r\n'));
	socket.on('data', data => (received += data.toString('latin1')));
	socket.write(`GET /v2/ci/app/blobs/${digestOf(large)} HTTP/1.1\r\nHost: x\r\n\r\n`);
	await closed;
	t.is(received.split('HTTP/1.1').length, 2);
	t.true(received.length < large.length);
});

test('an upload that is refused is told why, although more bytes are on their way', async t => {
	const {client} = await startApp(t);
	const answer = await client.request('PATCH', await client.startUpload('ci/app'), {
		body: bytes,
		headers: {'Content-Range': `5-${bytes.length + 4}`},
	});
	t.is(answer.status, 416);
	t.is((await client.pushBlob('ci/app', bytes)).status, 201);
});
