/** Reads that break and go on: the same object from where it broke, or an error; and readers that pause stand in nobody's way. */
import test from 'ava';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {collect, someBytes} from '../support/bytes.ts';
import type {Fault, SeenRequest} from '../support/s3Double.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';

const blob = someBytes(3_000_000);

const contentOf = async (store: ObjectStore, key: string, range?: {start: number; end: number}) => {
	const object = await store.read(key, range);
	if (!object) throw new Error(`there is no ${key}`);
	return collect(object.body);
};

/** In turn, then nothing. */
const inTurn = (...faults: readonly (Fault | (() => Fault | undefined))[]) => {
	const left = [...faults];
	return ({operation}: SeenRequest) => {
		if (operation !== 'GetObject') return undefined;
		const next = left.shift();
		return typeof next === 'function' ? next() : next;
	};
};

test('a read that breaks goes on from there, with a Range of the very same object', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const {etag} = double.bucket.put('blobs/a', blob, 'application/octet-stream');
	double.faults = inTurn({cutAfterBytes: 1_000_000}, {cutAfterBytes: 500_000}, {cutAfterBytes: 0});
	t.true((await contentOf(store, 'blobs/a')).equals(blob));
	t.deepEqual(
		double.requests.map(({headers}) => [headers.range, headers['if-match']]),
		[
			[undefined, undefined],
			['bytes=1000000-2999999', etag],
			['bytes=1500000-2999999', etag],
			['bytes=1500000-2999999', etag],
		],
	);
});

test('a part of an object goes on within its bounds', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	double.faults = inTurn({cutAfterBytes: 10});
	t.true((await contentOf(store, 'blobs/a', {start: 1000, end: 1999})).equals(blob.subarray(1000, 2000)));
	t.is(double.requests[1]?.headers.range, 'bytes=1010-1999');
});

test('a read survives many breaks, as long as each brings it on', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const long = someBytes(20_000_000);
	double.bucket.put('blobs/a', long, 'application/octet-stream');
	double.faults = () => ({cutAfterBytes: 1_200_000});
	t.true((await contentOf(store, 'blobs/a')).equals(long));
	t.true(double.count('GetObject') > 15);
});

test('SlowDown on the way back to a read is waited for', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.bucket.put('docs/a', Buffer.from('a manifest'), 'application/json');
	double.faults = inTurn({cutAfterBytes: 3}, {refuse: {status: 503, code: 'SlowDown'}}, {refuse: {status: 500, code: 'InternalError'}});
	t.is((await contentOf(store, 'docs/a')).toString(), 'a manifest');
});

test('an answer that stops is left and asked for again', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {idleSeconds: 0.2}});
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	double.faults = inTurn({stallAfterBytes: 2_000_000});
	t.true((await contentOf(store, 'blobs/a')).equals(blob));
});

const changes = {
	replaced: {change: (put: (bytes: Buffer) => void) => put(someBytes(blob.length, 2))},
	'replaced by a shorter one': {change: (put: (bytes: Buffer) => void) => put(Buffer.from('short'))},
	removed: {change: (_: unknown, remove: () => void) => remove()},
};

for (const [title, {change}] of Object.entries(changes)) {
	test(`an object that is ${title} while it is read is never mixed with the other`, async t => {
		const {double, store} = await startStoreOnDouble(t);
		double.bucket.put('blobs/a', blob, 'application/octet-stream');
		double.faults = inTurn({cutAfterBytes: 1_000_000}, () => {
			change(
				bytes => double.bucket.put('blobs/a', bytes, 'application/octet-stream'),
				() => double.bucket.objects.delete('blobs/a'),
			);
			return undefined;
		});
		const object = await store.read('blobs/a');
		const got: Uint8Array[] = [];
		const error = await t.throwsAsync(
			async () => {
				for await (const chunk of object?.body ?? []) got.push(chunk);
			},
			{instanceOf: StoreUnavailable, message: /replaced or removed/},
		);
		t.truthy(error.cause);
		t.true(Buffer.concat(got).equals(blob.subarray(0, 1_000_000)));
		t.is(double.count('GetObject'), 2);
	});
}

test('a condition that S3 refuses ends the read as well', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	double.faults = inTurn({cutAfterBytes: 1000}, {refuse: {status: 412, code: 'PreconditionFailed'}});
	await t.throwsAsync(contentOf(store, 'blobs/a'), {instanceOf: StoreUnavailable, message: /replaced or removed/});
});

test('a reader that leaves while its read is taken up again is not kept', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	const arrived = Promise.withResolvers<void>();
	const never = new Promise(() => undefined);
	double.faults = inTurn({cutAfterBytes: 1000}, () => {
		arrived.resolve();
		return {hold: never};
	});
	const object = await store.read('blobs/a');
	const reading = collect(object?.body ?? nothing());
	await arrived.promise;
	object?.body.destroy();
	await t.throwsAsync(reading);
	t.is(double.count('GetObject'), 2);
});

test('readers that pause keep nobody waiting: not a look, a write, a listing, nor another read', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {sockets: 2}});
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	double.bucket.put('docs/a', Buffer.from('a manifest'), 'application/json');
	const paused = await Promise.all(Array.from({length: 40}, () => store.read('blobs/a')));
	t.is((await store.stat('blobs/a'))?.size, blob.length);
	await store.write('docs/b', Buffer.from('b'));
	t.is((await Array.fromAsync(store.list('docs/'))).length, 2);
	t.is((await contentOf(store, 'docs/a')).toString(), 'a manifest');
	t.true((await double.openConnections()) >= 40);
	for (const object of paused) object?.body.destroy();
});

async function* nothing(): AsyncGenerator<Uint8Array> {}
