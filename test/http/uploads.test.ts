import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {location, withDigest} from '../support/client.ts';
import {gate, keysOf, recording} from '../support/stores.ts';

const repo = 'ci/app';
const bytes = Buffer.from('first,second,last');
const digest = digestOf(bytes);
const blobPath = `/v2/${repo}/blobs/${digest}`;

const stored = (store: ObjectStore) => keysOf(store, 'repos/');

test('a POST answers a path-only Location with the upload id, and stores nothing', async t => {
	const {client, store} = await startApp(t);
	const answer = await client.request('POST', `/v2/${repo}/blobs/uploads/`);
	t.is(answer.status, 202);
	t.regex(location(answer), /^\/v2\/ci\/app\/blobs\/uploads\/[0-9a-f-]{36}\?/);
	t.deepEqual(await stored(store), []);
});

test('the PUT of a whole blob writes one object, and asks the store for nothing once its tombstones were listed', async t => {
	const {store, asked} = recording(createMemoryStore());
	const {client, log} = await startApp(t, {store});
	asked.length = 0;
	const answer = await client.pushBlob(repo, bytes);
	t.deepEqual(asked, ['list', 'upload']);
	t.is(answer.status, 201);
	t.is(location(answer), blobPath);
	asked.length = 0;
	await client.pushBlob(repo, bytes);
	t.deepEqual(asked, ['upload']);
	t.deepEqual(await stored(store), [`repos/ci/app/_blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`]);
	t.like(
		log.find(line => line.kind === 'upload.finish'),
		{repo, digest, bytesIn: bytes.length, status: 201},
	);
});

test('a blob of unknown length, sent in chunks of HTTP, is stored', async t => {
	const {client} = await startApp(t);
	async function* body() {
		yield bytes.subarray(0, 5);
		yield bytes.subarray(5);
	}
	t.is((await client.request('PUT', withDigest(await client.startUpload(repo), digest), {body: body()})).status, 201);
	t.deepEqual((await client.get(blobPath)).body, bytes);
});

for (const algorithm of ['sha256', 'sha512'] as const) {
	test(`the empty blob can be pushed, in one PUT and after an empty chunk: ${algorithm}`, async t => {
		const {client} = await startApp(t);
		const nothing = digestOf(new Uint8Array(), algorithm);
		t.is((await client.pushBlob(repo, '', nothing)).status, 201);
		t.is((await client.head(`/v2/${repo}/blobs/${nothing}`)).headers.get('content-length'), '0');
		const patched = await client.request('PATCH', await client.startUpload('ci/other'), {body: ''});
		t.is((await client.request('PUT', withDigest(location(patched), nothing))).status, 201);
		t.is((await client.head(`/v2/ci/other/blobs/${nothing}`)).status, 200);
	});
}

test('a whole blob can come with the POST', async t => {
	const {client} = await startApp(t);
	t.is((await client.request('POST', `/v2/${repo}/blobs/uploads/?digest=${digest}`, {body: bytes})).status, 201);
	t.deepEqual((await client.get(blobPath)).body, bytes);
});

test('chunks with Content-Range, the last with the PUT, become one blob and leave nothing behind', async t => {
	const {client, store} = await startApp(t);
	const first = await client.request('PATCH', await client.startUpload(repo), {
		body: bytes.subarray(0, 6),
		headers: {'Content-Range': '0-5'},
	});
	t.is(first.status, 202);
	t.is(first.headers.get('range'), '0-5');
	const second = await client.request('PATCH', location(first), {body: bytes.subarray(6, 13), headers: {'Content-Range': '6-12'}});
	t.is(second.headers.get('range'), '0-12');
	const put = await client.request('PUT', withDigest(location(second), digest), {
		body: bytes.subarray(13),
		headers: {'Content-Range': '13-16'},
	});
	t.is(put.status, 201);
	t.deepEqual((await client.get(blobPath)).body, bytes);
	t.is((await stored(store)).length, 1);
});

test("a PATCH without Content-Range appends, as docker's only one does", async t => {
	const {client} = await startApp(t);
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: bytes});
	t.is((await client.request('PUT', withDigest(location(patched), digest))).status, 201);
	t.deepEqual((await client.get(blobPath)).body, bytes);
});

test('a client that goes on using the first Location is understood all the same', async t => {
	const {client} = await startApp(t);
	const started = await client.startUpload(repo);
	await client.request('PATCH', started, {body: bytes});
	t.is((await client.request('PUT', withDigest(started, digest))).status, 201);
});

test('the status of an upload says what is there and where to go on', async t => {
	const {client} = await startApp(t);
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: bytes.subarray(0, 6)});
	const status = await client.get(location(patched));
	t.is(status.status, 204);
	t.is(status.headers.get('range'), '0-5');
	t.is(location(status), location(patched));
});

test('a chunk at the wrong offset is refused with the range we have', async t => {
	const {client} = await startApp(t);
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: bytes.subarray(0, 6)});
	for (const range of ['0-5', '3-8', '9-12']) {
		const answer = await client.request('PATCH', location(patched), {body: 'late', headers: {'Content-Range': range}});
		t.like(answer, {status: 416, error: 'BLOB_UPLOAD_INVALID'}, range);
		t.is(answer.headers.get('range'), '0-5');
	}
});

test('of two chunks sent for the same offset at once, never both are accepted, and the upload goes on', async t => {
	const memory = createMemoryStore();
	const bothChecked = gate(2);
	const bothStored = gate(2);
	const store: ObjectStore = {
		...memory,
		async upload(...given) {
			await bothChecked();
			const facts = await memory.upload(...given);
			await bothStored();
			return facts;
		},
	};
	const {client} = await startApp(t, {store});
	const upload = await client.startUpload(repo);
	const send = (body: string) => client.request('PATCH', upload, {body, headers: {'Content-Range': '0-3'}});
	const answers = await Promise.all(['aaaa', 'bbbb'].map(send));
	t.deepEqual(
		answers.map(({status}) => status),
		[416, 416],
	);
	t.is((await send('aaaa')).status, 202);
	t.is((await client.request('PUT', withDigest(upload, digestOf(Buffer.from('aaaa'))))).status, 201);
});

test('closing PUTs and chunks that cross never make other bytes readable under a digest', async t => {
	const memory = createMemoryStore();
	const composing = Promise.withResolvers<void>();
	const goOn = Promise.withResolvers<void>();
	let composed = 0;
	const store: ObjectStore = {
		...memory,
		async compose(...given) {
			// The first has hashed what it is about to join, and stands still.
			if (++composed === 1) {
				composing.resolve();
				await goOn.promise;
			}
			return memory.compose(...given);
		},
	};
	const {client} = await startApp(t, {store});
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: bytes});
	const closing = withDigest(location(patched), digest);
	const first = client.request('PUT', closing);
	await composing.promise;
	t.is((await client.request('PUT', closing)).status, 201);
	t.is((await client.request('PATCH', location(patched), {body: 'other bytes', headers: {'Content-Range': '0-10'}})).status, 202);
	goOn.resolve();
	t.is((await first).status, 201);
	t.deepEqual((await client.get(blobPath)).body, bytes);
});

test('a closing PUT whose answer was lost may be sent again', async t => {
	const {client} = await startApp(t);
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: bytes});
	const closing = withDigest(location(patched), digest);
	t.is((await client.request('PUT', closing)).status, 201);
	t.is((await client.request('PUT', closing)).status, 201);
});

test('a store that is away is no verdict about an upload', async t => {
	const store: ObjectStore = {...createMemoryStore()};
	const {client} = await startApp(t, {store});
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: bytes});
	await client.request('PUT', withDigest(location(patched), digest));
	store.stat = () => Promise.reject(new StoreUnavailable('away'));
	t.like(await client.request('PUT', withDigest(location(patched), digest)), {status: 503, error: 'UNAVAILABLE'});
});

test('a closing PUT at the first Location, with an empty body of unknown length, closes what was sent before', async t => {
	const {client} = await startApp(t);
	const started = await client.startUpload(repo);
	await client.request('PATCH', started, {body: bytes});
	async function* empty() {}
	t.is((await client.request('PUT', withDigest(started, digest), {body: empty()})).status, 201);
});

test('a Content-Range that promises other bytes than come is refused', async t => {
	const {client, store} = await startApp(t);
	async function* empty() {}
	const upload = await client.startUpload(repo);
	t.is((await client.request('PATCH', upload, {body: empty(), headers: {'Content-Range': '0-9'}})).error, 'SIZE_INVALID');
	t.is((await client.request('PUT', withDigest(upload, digest), {body: bytes, headers: {'Content-Range': '0-99'}})).error, 'SIZE_INVALID');
	t.deepEqual(await stored(store), []);
});

test('a closing PUT for which nothing was ever sent is refused', async t => {
	const {client} = await startApp(t);
	t.like(await client.request('PUT', withDigest(await client.startUpload(repo), digest)), {status: 400, error: 'DIGEST_INVALID'});
});

test('chunks that are not the blob they claim to be are refused and forgotten', async t => {
	const {client, store} = await startApp(t);
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: 'something else'});
	t.like(await client.request('PUT', withDigest(location(patched), digest)), {status: 400, error: 'DIGEST_INVALID'});
	t.deepEqual(await stored(store), []);
});

test('a cancelled upload is unknown', async t => {
	const {client, store} = await startApp(t);
	const patched = await client.request('PATCH', await client.startUpload(repo), {body: 'chunk'});
	t.is((await client.delete(location(patched))).status, 204);
	t.deepEqual(
		(await stored(store)).map(key => key.split('/').at(-1)),
		['cancelled'],
	);
	for (const method of ['GET', 'PATCH', 'DELETE']) {
		t.like(await client.request(method, location(patched)), {status: 404, error: 'BLOB_UPLOAD_UNKNOWN'}, method);
	}
	t.like(await client.request('PUT', withDigest(location(patched), digest)), {status: 404, error: 'BLOB_UPLOAD_UNKNOWN'});
});

test('an upload older than two days is unknown', async t => {
	const time = {now: Date.now()};
	const {client} = await startApp(t, {clock: () => time.now});
	const upload = await client.startUpload(repo);
	time.now += 49 * 3_600_000;
	t.like(await client.get(upload), {status: 404, error: 'BLOB_UPLOAD_UNKNOWN'});
	t.like(await client.request('PUT', withDigest(upload, digest), {body: bytes}), {status: 404, error: 'BLOB_UPLOAD_UNKNOWN'});
});

test('a mount from a repository that has the blob is 201, and then readable here', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/base', bytes);
	const answer = await client.request('POST', `/v2/${repo}/blobs/uploads/?mount=${digest}&from=ci/base`);
	t.is(answer.status, 201);
	t.is(location(answer), blobPath);
	t.deepEqual((await client.get(blobPath)).body, bytes);
});

for (const query of [`mount=${digest}&from=ci/nowhere`, `mount=${digest}`, `mount=${digest}&from=NOT%20A%20NAME`]) {
	test(`a mount that cannot be had starts an upload: ${query.slice(78) || 'without from'}`, async t => {
		const {client} = await startApp(t);
		const answer = await client.request('POST', `/v2/${repo}/blobs/uploads/?${query}`);
		t.is(answer.status, 202);
		t.is((await client.request('PUT', withDigest(location(answer), digest), {body: bytes})).status, 201);
	});
}
