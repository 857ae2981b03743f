/** Uploads while S3 has a bad minute: what it refuses for a passing reason is sent again from memory, and nothing half-done stays. */
import {PassThrough} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {digestHex, digestOf} from 'oci-spec-types';
import {piecesOf} from '../../src/lib/pieces.ts';
import {type Bytes, PreconditionFailed, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import type {Fault, SeenRequest} from '../support/s3Double.ts';
import {partBytes, startStoreOnDouble, startStoreWithTrailers} from '../support/s3DoubleStore.ts';

const long = someBytes(4 * partBytes + 1234);

/** The first time that a request of this kind comes, for each key and part. */
const onFirst = (operation: string, fault: Fault) => {
	const seen = new Set<string>();
	return (request: SeenRequest) => {
		const name = `${request.key} ${request.query.get('partNumber')}`;
		if (request.operation !== operation || seen.has(name)) return undefined;
		seen.add(name);
		return fault;
	};
};

const passing: readonly (readonly [title: string, operation: string, fault: Fault])[] = [
	['SlowDown for every part', 'UploadPart', {refuse: {status: 503, code: 'SlowDown'}}],
	['an internal error for every part', 'UploadPart', {refuse: {status: 500, code: 'InternalError'}}],
	['a reset in the middle of every part', 'UploadPart', {resetAfterBytes: 10_000}],
	['a reset before every part', 'UploadPart', {resetAfterBytes: 0}],
	['a bit that is changed on the way of every part', 'UploadPart', {corrupt: true}],
	['a lost answer to every part', 'UploadPart', {loseAnswer: true}],
	['SlowDown at the beginning', 'CreateMultipartUpload', {refuse: {status: 503, code: 'SlowDown'}}],
	['SlowDown at the end', 'CompleteMultipartUpload', {refuse: {status: 503, code: 'SlowDown'}}],
	['a 200 with an error in it at the end', 'CompleteMultipartUpload', {refuseLate: {code: 'InternalError'}}],
	['a lost answer at the end', 'CompleteMultipartUpload', {loseAnswer: true}],
];

const sums = {'sums before the bytes': startStoreOnDouble, 'sums after the bytes': startStoreWithTrailers};

for (const [[title, operation, fault], [how, start]] of passing.flatMap(row => Object.entries(sums).map(sum => [row, sum] as const))) {
	test(`a long upload survives ${title}; ${how}`, async t => {
		const {double, store} = await start(t);
		double.faults = onFirst(operation, fault);
		t.like(await store.upload('blobs/a', bodyOf(long), {size: long.length}), {size: long.length});
		t.true((await contentOf(store, 'blobs/a')).equals(long));
		t.is(double.bucket.uploads.size, 0);
		t.true(double.requests.length > 8);
	});
}

for (const fault of [{refuse: {status: 503, code: 'SlowDown'}}, {resetAfterBytes: 10}, {corrupt: true}, {loseAnswer: true}] as const) {
	test(`a short upload survives ${JSON.stringify(fault)}`, async t => {
		const {double, store} = await startStoreOnDouble(t);
		double.faults = onFirst('PutObject', fault);
		await store.upload('blobs/a', bodyOf(long.subarray(0, 5000)), {size: 5000});
		t.is(double.count('PutObject'), 2);
		t.true((await contentOf(store, 'blobs/a')).equals(long.subarray(0, 5000)));
	});
}

test('a condition whose answer was lost is refused at the second time, though the first had won', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.faults = onFirst('PutObject', {loseAnswer: true});
	await t.throwsAsync(store.write('docs/a', Buffer.from('my nonce'), {ifAbsent: true}), {instanceOf: PreconditionFailed});
	t.is((await contentOf(store, 'docs/a')).toString(), 'my nonce');
});

test('a conflict of conditions is asked again before it counts as lost', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.faults = onFirst('PutObject', {refuse: {status: 409, code: 'ConditionalRequestConflict'}});
	await store.write('docs/a', Buffer.from('1'), {ifAbsent: true});
	double.faults = () => ({refuse: {status: 409, code: 'ConditionalRequestConflict'}});
	await t.throwsAsync(store.write('docs/b', Buffer.from('1'), {ifAbsent: true}), {instanceOf: PreconditionFailed});
});

test('S3 that stays bad ends in an error that names it, and nothing stays', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {patienceSeconds: 0}});
	double.faults = ({operation}) => (operation === 'CompleteMultipartUpload' ? {refuseLate: {code: 'InternalError'}} : undefined);
	await t.throwsAsync(store.upload('blobs/a', bodyOf(long)), {instanceOf: StoreUnavailable, message: /InternalError.*bad minute/});
	double.faults = ({operation}) => (operation === 'PutObject' ? {refuse: {status: 503, code: 'SlowDown'}} : undefined);
	await t.throwsAsync(store.write('docs/a', Buffer.from('1')), {instanceOf: StoreUnavailable, message: /503 SlowDown.*bad minute/});
	t.is(double.bucket.uploads.size, 0);
	t.is(double.bucket.objects.size, 0);
});

test('a part that is refused for good ends the upload at once, though the client is silent', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.faults = ({operation}) => (operation === 'UploadPart' ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined);
	const silence = Promise.withResolvers<void>();
	const upload = store.upload('blobs/a', bodyOf(long, {end: () => silence.promise}));
	await t.throwsAsync(upload, {instanceOf: StoreUnavailable, message: /AccessDenied/});
	t.is(double.bucket.uploads.size, 0);
	silence.resolve();
});

test('a chunk that is too long for one copy is joined in pieces', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {copyBytes: 2 * partBytes}});
	const chunks = [long, someBytes(partBytes + 1), Buffer.from('end')];
	for (const [at, chunk] of chunks.entries()) await store.upload(`chunks/${at}`, bodyOf(chunk), {size: chunk.length});
	const parts = chunks.map(({length}, at) => ({key: `chunks/${at}`, size: length}));
	await store.compose(parts, 'blobs/a');
	t.true((await contentOf(store, 'blobs/a')).equals(Buffer.concat(chunks)));
	t.is(double.count('UploadPartCopy'), 6);
});

test('a client that stands still in the middle of a part which is gathered gives way to one that waits for memory', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {bufferBytes: partBytes, stalled: {seconds: 0.02, leastPerSecond: 1}}});
	const silence = Promise.withResolvers<void>();
	t.teardown(silence.resolve);
	const begun = Promise.withResolvers<void>();
	async function* stalling() {
		yield long.subarray(0, 100);
		begun.resolve();
		await silence.promise;
	}
	const stalled = t.throwsAsync(store.upload('blobs/a', stalling()), {instanceOf: StoreUnavailable, message: /was given up/});
	await begun.promise;
	await store.upload('blobs/b', bodyOf(long), {size: long.length});
	await stalled;
	t.deepEqual([...double.bucket.objects.keys()], ['blobs/b']);
});

test('a client that stands still while nobody waits may take its time', async t => {
	const {store} = await startStoreOnDouble(t, {}, {tuning: {bufferBytes: partBytes, stalled: {seconds: 0.005, leastPerSecond: 1}}});
	async function* slowly() {
		yield long.subarray(0, 100);
		await delay(50);
		yield long.subarray(100, 200);
	}
	await store.upload('blobs/a', slowly());
	t.is((await store.stat('blobs/a'))?.size, 200);
});

test('a document is stored while layers have taken all memory', async t => {
	const {store} = await startStoreOnDouble(t, {}, {tuning: {bufferBytes: partBytes, documentBytes: 1000}});
	const silence = Promise.withResolvers<void>();
	const begun = Promise.withResolvers<void>();
	async function* stalling() {
		yield long.subarray(0, 100);
		begun.resolve();
		await silence.promise;
	}
	const stalled = store.upload('blobs/a', stalling());
	await begun.promise;
	await store.upload('blobs/b', bodyOf(long.subarray(0, 1000)), {size: 1000});
	silence.resolve();
	await stalled;
	t.is((await store.stat('blobs/b'))?.size, 1000);
});

test('a client that goes away in the middle leaves nothing, nor do parts under way', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {partsAtOnce: 9}});
	const held = Promise.withResolvers<void>();
	double.faults = ({operation}) => (operation === 'UploadPart' ? {hold: held.promise} : undefined);
	const gone = new Error('gone');
	const end = async () => {
		throw gone;
	};
	t.is(await t.throwsAsync(store.upload('blobs/a', bodyOf(long, {end}))), gone);
	held.resolve();
	t.is(double.bucket.uploads.size, 0);
	t.is(double.count('AbortMultipartUpload'), 1);
});

test('a body is not read while there is no memory for it', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {bufferBytes: 2 * partBytes}});
	const held = Promise.withResolvers<void>();
	const both = Promise.withResolvers<void>();
	double.faults = ({operation}) => {
		if (operation !== 'UploadPart') return undefined;
		if (double.count('UploadPart') === 2) both.resolve();
		return {hold: held.promise};
	};
	let read = 0;
	const body = async function* (): Bytes {
		for await (const chunk of bodyOf(long, {chunkBytes: 1000})) {
			read += chunk.length;
			yield chunk;
		}
	};
	const upload = store.upload('blobs/a', body());
	await both.promise;
	t.true(read <= 2 * partBytes + 1000, `${read} bytes were read`);
	held.resolve();
	await upload;
	t.true((await contentOf(store, 'blobs/a')).equals(long));
});

test('what failed gives its memory back', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {bufferBytes: partBytes}});
	const end = async () => {
		throw new Error('gone');
	};
	for (let attempt = 0; attempt < 5; attempt += 1) {
		await t.throwsAsync(store.upload('blobs/a', bodyOf(long, {end})));
		await t.throwsAsync(store.upload('blobs/a', bodyOf(long.subarray(0, 10), {end})));
	}
	double.faults = ({operation}) =>
		operation === 'UploadPart' || operation === 'CreateMultipartUpload' ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined;
	for (let attempt = 0; attempt < 5; attempt += 1) await t.throwsAsync(store.upload('blobs/a', bodyOf(long)));
	double.faults = () => undefined;
	await Promise.all(['a', 'b', 'c', 'd'].map(name => store.upload(`blobs/${name}`, bodyOf(long))));
	t.true((await contentOf(store, 'blobs/d')).equals(long));
});

test('what S3 refuses while its client stalls gives its memory back when nobody reads the client any more', async t => {
	const tuning = {bufferBytes: 2 * partBytes, singleBytes: 2 * partBytes, stalled: {seconds: 3600, leastPerSecond: 1}};
	const {double, store} = await startStoreOnDouble(t, {}, {tuning});
	double.faults = ({operation}) => (operation === 'UploadPart' ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined);
	const client = new PassThrough();
	const pieces = piecesOf(client, {windowMs: 1000, leastPerSecond: 0}, () => undefined);
	client.write(long.subarray(0, partBytes + 1000));
	await t.throwsAsync(store.upload('blobs/a', {[Symbol.asyncIterator]: () => pieces}));
	pieces.leave();
	double.faults = () => undefined;
	const all = long.subarray(0, 2 * partBytes);
	await store.upload('blobs/b', bodyOf(all), {size: all.length, sha256: digestOf(all)});
	t.true((await contentOf(store, 'blobs/b')).equals(all));
});

test('a digest that is known is signed, so that S3 checks it too', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const bytes = long.subarray(0, 5000);
	await store.upload('blobs/a', bodyOf(bytes), {size: 5000, sha256: digestOf(bytes)});
	t.is(double.requests[0]?.headers['x-amz-content-sha256'], digestHex(digestOf(bytes)));
	t.is(double.requests[0]?.headers['x-amz-checksum-crc32'], undefined, 'a sum would say less');
	await t.throwsAsync(store.upload('blobs/b', bodyOf(bytes), {size: 5000, sha256: digestOf(long)}), {instanceOf: StoreUnavailable});
	t.is(await store.stat('blobs/b'), undefined);
});

test('S3 checks the CRC of what it gets without a hash', async t => {
	const {double, store} = await startStoreOnDouble(t);
	await store.upload('blobs/a', bodyOf(long.subarray(0, 5000)), {size: 5000});
	await store.upload('blobs/b', bodyOf(long), {size: long.length, sha256: digestOf(long)});
	const sent = double.requests.filter(({operation}) => operation === 'PutObject' || operation === 'UploadPart');
	t.is(sent.length, 6);
	t.true(sent.every(({headers}) => /^[\w+/]{6}==$/.test(headers['x-amz-checksum-crc32'] ?? '')));
});

test('requests are few: one for a short body, one a part and two more for a long one', async t => {
	const {double, store} = await startStoreOnDouble(t);
	await store.upload('blobs/a', bodyOf(long.subarray(0, partBytes)), {size: partBytes});
	t.is(double.requests.length, 1);
	await store.upload('blobs/b', bodyOf(long), {size: long.length});
	t.is(double.requests.length, 1 + 2 + 5);
});

const contentOf = async (store: {read(key: string): Promise<{body: Bytes} | undefined>}, key: string) => {
	const object = await store.read(key);
	if (!object) throw new Error(`there is no ${key}`);
	return collect(object.body);
};
