/** Clients that PATCH, against S3: what they cost, and what they are told when S3 has a bad minute. */
import test, {type ExecutionContext} from 'ava';
import {digestOf} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {someBytes} from '../support/bytes.ts';
import {type Client, location, withDigest} from '../support/client.ts';
import {costOf} from '../support/s3Cost.ts';
import type {S3Double} from '../support/s3Double.ts';
import {partBytes, startStoreOnDouble} from '../support/s3DoubleStore.ts';

const repo = 'ci/app';
const layer = someBytes(3 * partBytes + 5);

const startRegistry = async (t: ExecutionContext, copyBytes?: number) => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {patienceSeconds: 0.05, ...(copyBytes && {copyBytes})}});
	const {client} = await startApp(t, {store});
	return {double, client};
};

/** Sends chunks; answers where to close the upload. */
const patch = async (client: Client, chunks: readonly Uint8Array[]) => {
	let at = await client.startUpload(repo);
	for (const body of chunks) at = location(await client.request('PATCH', at, {body}));
	return at;
};

/** Closes an upload, which has to succeed; what S3 was asked for that. */
const costOfClosing = async (t: ExecutionContext, double: S3Double, client: Client, at: string): Promise<Record<string, number>> => {
	const {result, counts} = await costOf(double, () => client.request('PUT', withDigest(at, digestOf(layer))));
	t.is(result.status, 201);
	return counts;
};

const cut = (bytes: Buffer, size: number) =>
	Array.from({length: Math.ceil(bytes.length / size)}, (_, at) => bytes.subarray(at * size, (at + 1) * size));

const isStored = async (client: Client, bytes: Buffer) => {
	const {body} = await client.get(`/v2/${repo}/blobs/${digestOf(bytes)}`, {Accept: 'application/vnd.buildkit.cacheconfig.v0'});
	return body.equals(bytes);
};

test('a layer in one small chunk costs seven requests, and none of them reads', async t => {
	const {double, client} = await startRegistry(t);
	const small = someBytes(1000);
	const {counts} = await costOf(double, async () => {
		const at = await patch(client, [small]);
		t.is((await client.request('PUT', withDigest(at, digestOf(small)))).status, 201);
	});
	t.deepEqual(counts, {PutObject: 2, ListObjectsV2: 3, CopyObject: 1, DeleteObjects: 1});
	t.true(await isStored(client, small));
	t.deepEqual(
		[...double.bucket.objects.keys()].filter(key => key.includes('_uploads')),
		[],
	);
});

test('a layer in one large chunk costs six requests besides its parts, and none of them reads', async t => {
	const {double, client} = await startRegistry(t);
	const {counts} = await costOf(double, async () => {
		const at = await patch(client, [layer]);
		t.is((await client.request('PUT', withDigest(at, digestOf(layer)))).status, 201);
	});
	t.deepEqual(counts, {
		CreateMultipartUpload: 1,
		UploadPart: 4,
		CompleteMultipartUpload: 1,
		PutObject: 1,
		ListObjectsV2: 3,
		CopyObject: 1,
		DeleteObjects: 1,
	});
	t.true(await isStored(client, layer));
});

test('a chunk above the limit of one copy is copied in pieces, and is not read', async t => {
	const {double, client} = await startRegistry(t, 2 * partBytes);
	const at = await patch(client, [layer]);
	const cost = await costOfClosing(t, double, client, at);
	t.deepEqual(cost, {ListObjectsV2: 2, CreateMultipartUpload: 1, UploadPartCopy: 3, CompleteMultipartUpload: 1, DeleteObjects: 1});
	t.true(await isStored(client, layer));
});

test('chunks that S3 can join are read once and joined by it', async t => {
	const {double, client} = await startRegistry(t);
	const at = await patch(client, cut(layer, partBytes));
	const cost = await costOfClosing(t, double, client, at);
	t.deepEqual(cost, {
		ListObjectsV2: 2,
		GetObject: 4,
		CreateMultipartUpload: 1,
		UploadPartCopy: 4,
		CompleteMultipartUpload: 1,
		DeleteObjects: 1,
	});
	t.true(await isStored(client, layer));
});

test('chunks too short for S3 to join are read once, and uploaded as they are read', async t => {
	const {double, client} = await startRegistry(t);
	const at = await patch(client, cut(layer, partBytes - 1));
	const cost = await costOfClosing(t, double, client, at);
	t.deepEqual(cost, {
		ListObjectsV2: 2,
		GetObject: 4,
		CreateMultipartUpload: 1,
		UploadPart: 4,
		CompleteMultipartUpload: 1,
		DeleteObjects: 1,
	});
	t.true(await isStored(client, layer));
	t.is(double.bucket.uploads.size, 0);
});

for (const [failing, chunkBytes] of [
	['CopyObject', layer.length],
	['UploadPartCopy', partBytes],
	['GetObject', partBytes - 1],
	['CompleteMultipartUpload', partBytes - 1],
] as const) {
	test(`a closing PUT whose ${failing} S3 refuses for now is 503, keeps its chunks, and succeeds when repeated`, async t => {
		const {double, client} = await startRegistry(t);
		const at = await patch(client, cut(layer, chunkBytes));
		double.faults = ({operation}) => (operation === failing ? {refuse: {status: 503, code: 'SlowDown'}} : undefined);
		t.is((await client.request('PUT', withDigest(at, digestOf(layer)))).status, 503);
		t.is((await client.head(`/v2/${repo}/blobs/${digestOf(layer)}`)).status, 404);
		double.faults = () => undefined;
		t.is((await client.request('PUT', withDigest(at, digestOf(layer)))).status, 201);
		t.true(await isStored(client, layer));
		t.is(double.bucket.uploads.size, 0);
	});
}

test('a copy whose answer is lost is made again, and the chunk is gone afterwards', async t => {
	const {double, client} = await startRegistry(t);
	const at = await patch(client, [layer]);
	double.requests.length = 0;
	let lost = 0;
	double.faults = ({operation}) => (operation === 'CopyObject' && ++lost === 1 ? {loseAnswer: true} : undefined);
	t.is((await client.request('PUT', withDigest(at, digestOf(layer)))).status, 201);
	t.is(double.count('CopyObject'), 2);
	t.true(await isStored(client, layer));
	t.deepEqual(
		[...double.bucket.objects.keys()].filter(key => key.includes('_uploads')),
		[],
	);
});

test('chunks that cannot be removed are no reason to deny a blob that is there', async t => {
	const {double, client} = await startRegistry(t);
	const at = await patch(client, [layer]);
	double.faults = ({operation}) => (operation === 'DeleteObjects' ? {refuse: {status: 503, code: 'SlowDown'}} : undefined);
	t.is((await client.request('PUT', withDigest(at, digestOf(layer)))).status, 201);
	t.true(await isStored(client, layer));
	double.faults = () => undefined;
	t.is((await client.request('PUT', withDigest(at, digestOf(layer)))).status, 201);
	t.deepEqual(
		[...double.bucket.objects.keys()].filter(key => key.includes('_uploads')),
		[],
	);
});
