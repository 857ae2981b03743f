/** What becomes of chunks: what the store is asked for them, and what is left when they cross, fail or are given up. */
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {type Client, location, withDigest} from '../support/client.ts';
import {keysOf, recording} from '../support/stores.ts';

const repo = 'ci/app';
const bytes = Buffer.from('first,second,last');
const digest = digestOf(bytes);
const blobPath = `/v2/${repo}/blobs/${digest}`;

/** docker, skopeo: all in one chunk of unknown length. Answers where to close it. */
const patchAll = async (client: Client, body: Uint8Array | string = bytes) => {
	async function* unannounced() {
		yield Buffer.from(body);
	}
	return location(await client.request('PATCH', await client.startUpload(repo), {body: unannounced()}));
};

/** regctl: two chunks with Content-Range. */
const patchTwice = async (client: Client) => {
	const first = await client.request('PATCH', await client.startUpload(repo), {
		body: bytes.subarray(0, 6),
		headers: {'Content-Range': '0-5'},
	});
	return location(await client.request('PATCH', location(first), {body: bytes.subarray(6), headers: {'Content-Range': '6-16'}}));
};

/** A store that can join nothing by itself, as S3 with chunks that are too short. */
const joiningNothing = (inner: ObjectStore): ObjectStore => ({
	...inner,
	joinsInside: () => false,
	compose: () => Promise.reject(new Error('these cannot be joined')),
});

test('a push in one chunk is finished by one copy, and its bytes are not read back', async t => {
	const {store, asked} = recording(createMemoryStore());
	const {client} = await startApp(t, {store});
	asked.length = 0;
	const closing = withDigest(await patchAll(client), digest);
	t.deepEqual(asked.splice(0), ['upload', 'list', 'write']);
	t.is((await client.request('PUT', closing)).status, 201);
	// The second listing is of tombstones.
	t.deepEqual(asked.splice(0), ['list', 'joinsInside', 'list', 'compose', 'remove']);
	t.deepEqual((await client.get(blobPath)).body, bytes);
	t.is((await keysOf(store, 'repos/')).length, 1);
});

test('the digest of a chunk is known to the replica that closes the upload', async t => {
	const {store, asked} = recording(createMemoryStore());
	const [one, other] = [await startApp(t, {store}), await startApp(t, {store})];
	const closing = withDigest(await patchAll(one.client), digest);
	asked.length = 0;
	t.is((await other.client.request('PUT', closing)).status, 201);
	t.false(asked.includes('read'));
	t.deepEqual((await one.client.get(blobPath)).body, bytes);
});

test('a push in one chunk that is closed with a sha512 is read to be hashed', async t => {
	const {client, store} = await startApp(t);
	const longer = digestOf(bytes, 'sha512');
	t.is((await client.request('PUT', withDigest(await patchAll(client), longer))).status, 201);
	t.deepEqual((await client.get(`/v2/${repo}/blobs/${longer}`)).body, bytes);
	const wrong = digestOf(Buffer.from('other'), 'sha512');
	t.is((await client.request('PUT', withDigest(await patchAll(client), wrong))).error, 'DIGEST_INVALID');
	t.is((await keysOf(store, 'repos/')).length, 1);
});

test('a chunk is not taken for the blob whose digest it has not, and nothing is left of it', async t => {
	const {store, asked} = recording(createMemoryStore());
	const {client} = await startApp(t, {store});
	const closing = withDigest(await patchAll(client, 'something else'), digest);
	asked.length = 0;
	const answer = await client.request('PUT', closing);
	t.like(answer, {status: 400, error: 'DIGEST_INVALID'});
	t.true(answer.text.includes(digestOf(Buffer.from('something else'))));
	t.deepEqual(asked, ['list', 'joinsInside', 'remove']);
	t.deepEqual(await keysOf(store, 'repos/'), []);
});

test('a chunk whose digest could not be written down is read once more', async t => {
	const memory = createMemoryStore();
	let isAway = false;
	const {store, asked} = recording({
		...memory,
		write: (...given) => (isAway ? Promise.reject(new StoreUnavailable('away')) : memory.write(...given)),
	});
	const {client} = await startApp(t, {store});
	isAway = true;
	const closing = withDigest(await patchAll(client), digest);
	asked.length = 0;
	t.is((await client.request('PUT', closing)).status, 201);
	t.deepEqual(
		asked.filter(operation => operation === 'read'),
		['read'],
	);
	t.deepEqual((await client.get(blobPath)).body, bytes);
});

test('chunks that the store joins are read once, to be hashed', async t => {
	const {store, asked} = recording(createMemoryStore());
	const {client} = await startApp(t, {store});
	const closing = withDigest(await patchTwice(client), digest);
	asked.length = 0;
	t.is((await client.request('PUT', closing)).status, 201);
	t.deepEqual(asked, ['list', 'joinsInside', 'read', 'read', 'list', 'compose', 'remove']);
	t.deepEqual((await client.get(blobPath)).body, bytes);
	t.is((await keysOf(store, 'repos/')).length, 1);
});

test('chunks that the store cannot join are hashed and uploaded as they are read, once', async t => {
	const {store, asked} = recording(joiningNothing(createMemoryStore()));
	const {client} = await startApp(t, {store});
	const closing = withDigest(await patchTwice(client), digest);
	asked.length = 0;
	t.is((await client.request('PUT', closing)).status, 201);
	t.deepEqual(asked, ['list', 'joinsInside', 'list', 'upload', 'read', 'read', 'remove']);
	t.deepEqual((await client.get(blobPath)).body, bytes);
	t.is((await keysOf(store, 'repos/')).length, 1);
});

test('chunks that the store cannot join, and that are not the blob, are refused and forgotten', async t => {
	const {client, store} = await startApp(t, {store: joiningNothing(createMemoryStore())});
	const wrong = digestOf(Buffer.from('other'));
	t.is((await client.request('PUT', withDigest(await patchTwice(client), wrong))).error, 'DIGEST_INVALID');
	t.deepEqual(await keysOf(store, 'repos/'), []);
});

test('of two closing PUTs at once the slower finds the blob that the faster made, though chunks vanish while it reads them', async t => {
	const memory = createMemoryStore();
	const reading = Promise.withResolvers<void>();
	const goOn = Promise.withResolvers<void>();
	let reads = 0;
	const store = joiningNothing({
		...memory,
		async read(...given) {
			// The first has read one chunk of two, and stands still.
			if (++reads === 2) {
				reading.resolve();
				await goOn.promise;
			}
			return memory.read(...given);
		},
	});
	const {client} = await startApp(t, {store});
	const closing = withDigest(await patchTwice(client), digest);
	reads = 0;
	const slower = client.request('PUT', closing);
	await reading.promise;
	t.is((await client.request('PUT', closing)).status, 201);
	goOn.resolve();
	t.is((await slower).status, 201);
	t.deepEqual((await client.get(blobPath)).body, bytes);
	t.is((await keysOf(store, 'repos/')).length, 1);
});

test('the last chunk may come with the PUT after a PATCH, and then no digest is written down for it', async t => {
	const {store, asked} = recording(createMemoryStore());
	const {client} = await startApp(t, {store});
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: bytes.subarray(0, 6)});
	asked.length = 0;
	const put = await client.request('PUT', withDigest(location(patched), digest), {body: bytes.subarray(6)});
	t.is(put.status, 201);
	t.deepEqual(asked, ['list', 'upload', 'list', 'joinsInside', 'read', 'read', 'list', 'compose', 'remove']);
	t.deepEqual((await client.get(blobPath)).body, bytes);
	t.is((await keysOf(store, 'repos/')).length, 1);
});

test('a second chunk at the first Location is refused with the range we have, and the upload goes on without it', async t => {
	const {client, store} = await startApp(t);
	const started = await client.startUpload(repo);
	t.is((await client.request('PATCH', started, {body: bytes})).status, 202);
	const before = await keysOf(store, 'repos/');
	const again = await client.request('PATCH', started, {body: 'once more'});
	t.like(again, {status: 416, error: 'BLOB_UPLOAD_INVALID'});
	t.is(again.headers.get('range'), '0-16');
	t.deepEqual(await keysOf(store, 'repos/'), before);
	t.is((await client.request('PUT', withDigest(started, digest))).status, 201);
	t.deepEqual((await client.get(blobPath)).body, bytes);
});

test('a chunk that comes while its upload is cancelled is refused, and nothing is left of it', async t => {
	const memory = createMemoryStore();
	const storing = Promise.withResolvers<void>();
	const goOn = Promise.withResolvers<void>();
	const store: ObjectStore = {
		...memory,
		async upload(...given) {
			storing.resolve();
			await goOn.promise;
			return memory.upload(...given);
		},
	};
	const {client} = await startApp(t, {store});
	const upload = await client.startUpload(repo);
	const patching = client.request('PATCH', upload, {body: bytes});
	await storing.promise;
	t.is((await client.delete(upload)).status, 204);
	goOn.resolve();
	t.like(await patching, {status: 404, error: 'BLOB_UPLOAD_UNKNOWN'});
	t.deepEqual(
		(await keysOf(store, 'repos/')).map(key => key.split('/').at(-1)),
		['cancelled'],
	);
});

test('a cancelled upload takes the digests of its chunks along', async t => {
	const {client, store} = await startApp(t);
	t.is((await client.delete(await patchTwice(client))).status, 204);
	t.deepEqual(
		(await keysOf(store, 'repos/')).map(key => key.split('/').at(-1)),
		['cancelled'],
	);
});

test('an upload counts its chunks and not what is written beside them', async t => {
	const {client} = await startApp(t);
	const at = await patchTwice(client);
	t.is((await client.get(at)).headers.get('range'), '0-16');
	const empty = await client.request('PATCH', at, {body: ''});
	t.is(empty.headers.get('range'), '0-16');
});

test('a store that does not answer whether two chunks crossed keeps the chunk', async t => {
	const memory = createMemoryStore();
	let lists = 0;
	const store: ObjectStore = {
		...memory,
		list(...given) {
			if (given[0].includes('_uploads') && ++lists === 1) throw new StoreUnavailable('away');
			return memory.list(...given);
		},
	};
	const {client} = await startApp(t, {store});
	const upload = await client.startUpload(repo);
	t.is((await client.request('PATCH', upload, {body: bytes})).status, 503);
	t.is((await client.get(upload)).headers.get('range'), '0-16');
	t.is((await client.request('PUT', withDigest(upload, digest))).status, 201);
});
