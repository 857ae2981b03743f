/** Uploads that are sent while they come: S3 has what the client has sent so far, and nothing stays of what does not come to its end. */
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {LengthMismatch} from '../../src/lib/exactLength.ts';
import {verified} from '../../src/registry/verified.ts';
import {type Bytes, type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {bodyOf, collect, ownPieces, someBytes} from '../support/bytes.ts';
import type {Fault, S3Double} from '../support/s3Double.ts';
import {partBytes, startStoreOnDouble, startStoreWithTrailers} from '../support/s3DoubleStore.ts';
import {until} from '../support/until.ts';

const long = someBytes(3 * partBytes + 1234);
const short = long.subarray(0, partBytes - 100);
const sha256 = digestOf(short);

/** `size` bytes of `bytes`, then what `wait` waits for, then the others. */
async function* pausing(bytes: Uint8Array, size: number, wait: () => Promise<unknown>): Bytes {
	yield bytes.subarray(0, size);
	await wait();
	yield bytes.subarray(size);
}

const contentOf = async (store: ObjectStore, key: string) => {
	const object = await store.read(key);
	if (!object) throw new Error(`there is no ${key}`);
	return collect(object.body);
};

type Sent = {double: S3Double; store: ObjectStore};

/** Each way to send what still comes: its operation, and an upload of it. */
const ways: readonly {
	operation: 'PutObject' | 'UploadPart';
	bytes: Buffer;
	upload: (sent: Sent, body: Bytes, how?: {isGiven: boolean}) => Promise<unknown>;
}[] = [
	{
		operation: 'PutObject',
		bytes: short,
		upload: ({store}, body, how) => store.upload('blobs/a', body, {size: short.length, sha256, ...how}),
	},
	{operation: 'UploadPart', bytes: long, upload: ({store}, body, how) => store.upload('blobs/a', body, {size: long.length, ...how})},
];

for (const {operation, bytes, upload} of ways) {
	const isAsked = (double: S3Double) => () => double.count(operation) > 0;

	test(`${operation} begins with the first bytes, and not before`, async t => {
		const sent = await startStoreWithTrailers(t);
		const first = Promise.withResolvers<void>();
		async function* body() {
			await first.promise;
			yield* pausing(bytes, 10_000, () => until(isAsked(sent.double)));
		}
		const uploading = upload(sent, body());
		await new Promise(setImmediate);
		t.is(sent.double.count(operation), 0);
		first.resolve();
		await uploading;
		t.true((await contentOf(sent.store, 'blobs/a')).equals(bytes));
	});

	test(`${operation} that S3 refuses while its bytes come is sent again when they are there, and patience counts from then on`, async t => {
		const sent = await startStoreWithTrailers(t, {}, {tuning: {patienceSeconds: 0}});
		const {double} = sent;
		const refusals: Fault[] = [{refuse: {status: 400, code: 'RequestTimeout'}}, {refuse: {status: 503, code: 'SlowDown'}}];
		double.faults = request => (request.operation === operation ? refusals.shift() : undefined);
		await upload(
			sent,
			pausing(bytes, 10_000, () => until(() => refusals.length === 1)),
		);
		t.is(refusals.length, 0);
		t.true((await contentOf(sent.store, 'blobs/a')).equals(bytes));
		t.is(double.bucket.uploads.size, 0);
	});

	test(`${operation} whose connection breaks while its bytes come is sent again`, async t => {
		const sent = await startStoreWithTrailers(t);
		const faults: Fault[] = [{resetAfterBytes: 10}];
		sent.double.faults = request => (request.operation === operation ? faults.shift() : undefined);
		await upload(
			sent,
			pausing(bytes, 10_000, () => until(() => faults.length === 0)),
		);
		t.true((await contentOf(sent.store, 'blobs/a')).equals(bytes));
	});

	test(`${operation} that is refused for good ends the upload though its client is silent`, async t => {
		const sent = await startStoreWithTrailers(t);
		sent.double.faults = request => (request.operation === operation ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined);
		const silence = Promise.withResolvers<void>();
		t.teardown(silence.resolve);
		const uploading = upload(
			sent,
			pausing(bytes, 10_000, () => silence.promise),
		);
		await t.throwsAsync(uploading, {instanceOf: StoreUnavailable, message: /AccessDenied/});
	});

	const endings: Readonly<Record<string, () => Promise<void>>> = {
		'goes away': async () => {
			throw new Error('gone');
		},
		'sends too little': async () => undefined,
	};
	for (const [title, ending] of Object.entries(endings)) {
		test(`a client that ${title} in the middle of ${operation} leaves nothing: no object, no memory, no connection`, async t => {
			const sent = await startStoreWithTrailers(t, {}, {tuning: {bufferBytes: partBytes}});
			const {double} = sent;
			for (let attempt = 0; attempt < 3; attempt += 1) {
				double.requests.length = 0;
				async function* body() {
					yield bytes.subarray(0, 10_000);
					await until(isAsked(double));
					await ending();
				}
				const error = await t.throwsAsync(upload(sent, body()));
				t.true(error.message === 'gone' || error instanceof LengthMismatch, String(error));
				t.is(double.bucket.objects.size, 0);
				t.is(double.bucket.uploads.size, 0);
			}
			await upload(sent, bodyOf(bytes));
			t.true((await contentOf(sent.store, 'blobs/a')).equals(bytes));
		});
	}

	test(`a client that is slow in the middle of ${operation} gives its memory to one that waits, and goes on without`, async t => {
		const sent = await startStoreWithTrailers(t, {}, {tuning: {bufferBytes: partBytes, slow: {seconds: 0.02, leastPerSecond: 1}}});
		const pause = Promise.withResolvers<void>();
		const pieces = ownPieces(pausing(bytes, 10_000, () => pause.promise));
		const slow = upload(sent, pieces, {isGiven: true});
		await until(isAsked(sent.double));
		const other = someBytes(2 * partBytes);
		await sent.store.upload('blobs/b', bodyOf(other), {size: other.length});
		t.deepEqual([...sent.double.bucket.objects.keys()], ['blobs/b']);
		pause.resolve();
		await slow;
		t.true((await contentOf(sent.store, 'blobs/a')).equals(bytes));
		t.is(sent.double.bucket.uploads.size, 0);
	});

	test(`a client that is slow in the middle of ${operation} is given up when S3 refuses what is not kept any more`, async t => {
		const sent = await startStoreWithTrailers(t, {}, {tuning: {bufferBytes: partBytes, slow: {seconds: 0.02, leastPerSecond: 1}}});
		const refuse = Promise.withResolvers<void>();
		const refusals: Fault[] = [{hold: refuse.promise, refuse: {status: 503, code: 'SlowDown'}}];
		sent.double.faults = seen => (seen.operation === operation && seen.key === 'blobs/a' ? refusals.shift() : undefined);
		const slow = t.throwsAsync(
			upload(
				sent,
				pausing(bytes, 10_000, () => refuse.promise),
			),
			{instanceOf: StoreUnavailable, message: /could not be repeated/},
		);
		await until(isAsked(sent.double));
		await sent.store.upload('blobs/b', bodyOf(long), {size: long.length});
		refuse.resolve();
		await slow;
		t.deepEqual([...sent.double.bucket.objects.keys()], ['blobs/b']);
		t.is(sent.double.bucket.uploads.size, 0);
	});

	test(`of wrong bytes nothing is stored, though ${operation} has most of them`, async t => {
		const {double, store} = await startStoreWithTrailers(t);
		const wrong = Buffer.from(bytes);
		wrong.writeUInt8(wrong.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
		const digest = digestOf(bytes);
		const body = verified(bodyOf(wrong, {chunkBytes: 1000, end: () => until(isAsked(double))}), digest, bytes.length);
		await t.throwsAsync(store.upload('blobs/a', body, {size: bytes.length, sha256: digest}), {message: /DIGEST_INVALID|digest/i});
		t.true(double.count(operation) > 0);
		t.is(double.bucket.objects.size, 0);
		t.is(double.bucket.uploads.size, 0);
	});
}

test('bytes beyond the length that was announced are noticed before the store has the whole', async t => {
	const {double, store} = await startStoreOnDouble(t);
	async function* body() {
		yield* pausing(short, 10_000, () => until(() => double.count('PutObject') > 0));
		await store.now();
		yield Buffer.from('more');
	}
	await t.throwsAsync(store.upload('blobs/a', body(), {size: short.length, sha256}), {instanceOf: LengthMismatch});
	t.is(double.bucket.objects.size, 0);
});

test('uploads that all still come never wait for each other', async t => {
	const {store} = await startStoreWithTrailers(t, {}, {tuning: {bufferBytes: 2 * partBytes, partsAtOnce: 4}});
	const keys = Array.from({length: 12}, (_, at) => `blobs/${at}`);
	await Promise.all(keys.map(key => store.upload(key, bodyOf(long, {chunkBytes: 5000}), {size: long.length})));
	for (const key of keys) t.true((await contentOf(store, key)).equals(long));
});
