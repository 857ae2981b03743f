/** Reading from an S3 that breaks off, falls silent, or whose reader goes away. */
import test from 'ava';
import {StoreUnavailable} from '../../src/storage/objectStore.ts';
import {collect, someBytes} from '../support/bytes.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';
import {until} from '../support/until.ts';

const blob = someBytes(3_000_000);

test('a body that is cut again and again throws and does not end quietly', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	for (const cutAfterBytes of [0, 1, 1000]) {
		double.requests.length = 0;
		double.faults = () => ({cutAfterBytes});
		const object = await store.read('blobs/a');
		await t.throwsAsync(collect(object?.body ?? nothing()), {instanceOf: StoreUnavailable, message: /GetObject.*LAYERCACHE_S3_ENDPOINT/});
		t.is(double.requests.length, 7);
	}
	double.faults = () => ({cutAfterBytes: 100});
	const part = await store.read('blobs/a', {start: 1000, end: 1999});
	await t.throwsAsync(collect(part?.body ?? nothing()), {instanceOf: StoreUnavailable});
});

test('a body that stops again and again throws after a while', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {idleSeconds: 0.2, patienceSeconds: 0}});
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	double.faults = () => ({stallAfterBytes: 1000});
	const object = await store.read('blobs/a');
	await t.throwsAsync(collect(object?.body ?? nothing()), {instanceOf: StoreUnavailable, message: /the answer stopped/});
});

test('an answer that does not come is waited for, then asked for again, then given up', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {answerSeconds: 0.3, patienceSeconds: 0.1}});
	double.bucket.put('a', blob, 'application/octet-stream');
	const never = new Promise(() => undefined);
	double.faults = () => ({hold: never});
	await t.throwsAsync(store.stat('a'), {instanceOf: StoreUnavailable, message: /no answer in time/});
	t.is(double.requests.length, 2);
});

test('a reader that goes away frees its connection, also while it waits', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.bucket.put('blobs/a', blob, 'application/octet-stream');

	const unread = await store.read('blobs/a');
	t.is(await double.openConnections(), 1);
	unread?.body.destroy();
	await until(async () => (await double.openConnections()) === 0);

	const begun = await store.read('blobs/a');
	for await (const _ of begun?.body ?? nothing()) break;
	await until(async () => (await double.openConnections()) === 0);

	double.faults = () => ({stallAfterBytes: 1000});
	const stalled = await store.read('blobs/a');
	const chunks = (stalled?.body ?? nothing())[Symbol.asyncIterator]();
	await chunks.next();
	const waiting = chunks.next();
	await chunks.return?.();
	await t.throwsAsync(waiting);
	await until(async () => (await double.openConnections()) === 0);
});

test('a reader that pauses is not taken for a silent S3', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {idleSeconds: 0.05}});
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	const object = await store.read('blobs/a');
	const chunks = (object?.body ?? nothing())[Symbol.asyncIterator]();
	await chunks.next();
	const resumed = performance.now() + 2500;
	await until(() => performance.now() > resumed);
	let size = 0;
	for (let next = await chunks.next(); !next.done; next = await chunks.next()) size += next.value.length;
	t.true(size > 2_000_000);
});

test('connections are kept and used again', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.bucket.put('blobs/a', blob, 'application/octet-stream');
	for (let turn = 0; turn < 10; turn += 1) await collect((await store.read('blobs/a'))?.body ?? nothing());
	for (let turn = 0; turn < 10; turn += 1) await store.stat('blobs/none');
	// Reads have their own; and a request that comes before the one before it has quite ended opens a second one.
	t.true((await double.openConnections()) <= 4);
});

test('a listing asks for the pages that are read, and no more', async t => {
	const {double, store} = await startStoreOnDouble(t);
	for (let number = 0; number < 2500; number += 1) double.bucket.put(`many/${number}`, Buffer.alloc(1), 'text/plain');
	t.is((await Array.fromAsync(store.list('many/'))).length, 2500);
	t.is(double.count('ListObjectsV2'), 3);
	for await (const _ of store.list('many/')) break;
	t.is(double.count('ListObjectsV2'), 4);
	t.is((await Array.fromAsync(store.list('', {limit: 5}))).length, 5);
	t.is(double.requests.at(-1)?.query.get('max-keys'), '5');
});

test('answers carry the clock of the store', async t => {
	const {store} = await startStoreOnDouble(t, {now: () => new Date('2031-01-01T00:00:00Z')});
	t.is((await store.now()).toISOString(), '2031-01-01T00:00:00.000Z');
	const written = await store.write('a', Buffer.from('a'));
	t.is(written.answeredAt.toISOString(), '2031-01-01T00:00:00.000Z');
	t.is((await store.stat('a'))?.modified?.toISOString(), '2031-01-01T00:00:00.000Z');
});

async function* nothing(): AsyncGenerator<Uint8Array> {}
