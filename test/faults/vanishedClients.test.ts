import {connect} from 'node:net';
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {withDigest} from '../support/client.ts';

const bytes = Buffer.alloc(1 << 20, 'x');
const digest = digestOf(bytes);

/** Writes `head` and some bytes to the server, then cuts the connection as soon as `when` resolves. */
const cutAfter = async (url: string, head: string, body: Uint8Array, when: Promise<unknown>) => {
	const {hostname, port} = new URL(url);
	const socket = connect(Number(port), hostname);
	socket.on('error', () => {});
	socket.write(head);
	socket.write(body);
	await when;
	socket.destroy();
};

test('a client that leaves half way through an upload leaves nothing behind, and is no failure of ours', async t => {
	const memory = createMemoryStore();
	const started = Promise.withResolvers<void>();
	const ended = Promise.withResolvers<unknown>();
	const store: ObjectStore = {
		...memory,
		upload(key, body, options) {
			started.resolve();
			const answer = memory.upload(key, body, options);
			answer.catch(ended.resolve);
			return answer;
		},
	};
	const {client, url, log} = await startApp(t, {store});
	const path = withDigest(await client.startUpload('ci/app'), digest);
	await cutAfter(
		url,
		`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`,
		bytes.subarray(0, 1000),
		started.promise,
	);
	t.truthy(await ended.promise);
	t.is((await client.head(`/v2/ci/app/blobs/${digest}`)).status, 404);
	t.deepEqual(
		log.filter(line => line.level === 'error'),
		[],
	);
	t.like(
		log.find(line => line.kind === 'upload.finish'),
		{status: 499},
	);
});

test('a client that leaves half way through a download frees what was opened for it', async t => {
	const memory = createMemoryStore();
	const opened = Promise.withResolvers<void>();
	const freed = Promise.withResolvers<void>();
	const store: ObjectStore = {
		...memory,
		async read(key, range) {
			const object = await memory.read(key, range);
			if (!object || !key.includes('_blobs')) return object;
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
			const body = endless();
			return {...object, body: Object.assign(body, {destroy: () => void body.return()})};
		},
	};
	const {client, url, log} = await startApp(t, {store});
	await client.pushBlob('ci/app', bytes);
	await cutAfter(url, `GET /v2/ci/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`, new Uint8Array(), opened.promise);
	await freed.promise;
	t.deepEqual(
		log.filter(line => line.level === 'error'),
		[],
	);
});

test('a store that fails half way through a download cuts the connection: the client must see that bytes are missing', async t => {
	const memory = createMemoryStore();
	const store: ObjectStore = {
		...memory,
		async read(key, range) {
			const object = await memory.read(key, range);
			if (!object) return object;
			async function* broken() {
				yield bytes.subarray(0, 1000);
				throw new Error('the disk is on fire');
			}
			return {...object, body: Object.assign(broken(), {destroy() {}})};
		},
	};
	const {client, log} = await startApp(t, {store});
	await client.pushBlob('ci/app', bytes);
	await t.throwsAsync(client.get(`/v2/ci/app/blobs/${digest}`));
	t.true(log.some(line => line.level === 'error' && JSON.stringify(line).includes('on fire')));
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
