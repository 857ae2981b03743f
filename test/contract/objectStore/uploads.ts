/** Streams of any length: visible when they have ended, and only then. */
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {type Bytes, type ObjectStore, PreconditionFailed} from '../../../src/storage/objectStore.ts';
import {bodyOf, bytesLeft, collect, ownPieces, someBytes} from '../../support/bytes.ts';
import {until} from '../../support/until.ts';
import type {StoreUnderTest} from '../objectStore.ts';

export const uploadContract = ({createStore, partBytes, givesBack = true}: StoreUnderTest): void => {
	const sizes = [0, 1, 70_000, partBytes - 1, partBytes, partBytes + 1, 2 * partBytes, 3 * partBytes + 12_345];

	for (const size of sizes) {
		test(`a stream of ${size} bytes is stored whole, its length known or not`, async t => {
			const store = await createStore(t);
			const bytes = someBytes(size, size);
			const announced = await store.upload('blobs/known', bodyOf(bytes), {size, sha256: digestOf(bytes)});
			const unannounced = await store.upload('blobs/unknown', bodyOf(bytes, {chunkBytes: 99_991}), {contentType: 'application/json'});
			t.like(announced, {key: 'blobs/known', size});
			t.like(unannounced, {key: 'blobs/unknown', size});
			t.true((await contentOf(store, 'blobs/known')).equals(bytes));
			t.true((await contentOf(store, 'blobs/unknown')).equals(bytes));
			t.like(await store.stat('blobs/known'), {size, etag: announced.etag, contentType: 'application/octet-stream'});
			t.like(await store.stat('blobs/unknown'), {size, etag: unannounced.etag, contentType: 'application/json'});
		});
	}

	test('pieces that are given away are stored as they were, and those of others are left as they are', async t => {
		const store = await createStore(t);
		const bytes = someBytes(3 * partBytes + 12_345, 7);
		for (const size of [bytes.length, undefined]) {
			const [given, lent]: Uint8Array[][] = [[], []];
			const pieces = (kept: Uint8Array[] | undefined) => ownPieces(bodyOf(bytes, {chunkBytes: 70_001}), kept);
			await store.upload('blobs/given', pieces(given), {size, isGiven: true});
			await store.upload('blobs/lent', pieces(lent), {size});
			t.true((await contentOf(store, 'blobs/given')).equals(bytes));
			t.true(Buffer.concat(lent ?? []).equals(bytes));
			if (givesBack) t.is(bytesLeft(given ?? []), 0);
		}
	});

	for (const [title, size] of [
		['short', 50_000],
		['nearly long', partBytes - 2],
		['long', 2 * partBytes + 1],
	] as const) {
		test(`a ${title} stream is invisible until it has ended`, async t => {
			const store = await createStore(t);
			const end = async () => {
				t.is(await store.stat('blobs/a'), undefined);
				t.deepEqual(await Array.fromAsync(store.list('')), []);
			};
			await store.upload('blobs/a', bodyOf(someBytes(size), {end}));
			t.is((await store.stat('blobs/a'))?.size, size);
		});

		test(`a ${title} stream that throws rethrows its error and stores nothing`, async t => {
			const store = await createStore(t);
			const broken = new Error('the client went away');
			const end = async () => {
				throw broken;
			};
			t.is(await t.throwsAsync(store.upload('blobs/a', bodyOf(someBytes(size), {end}))), broken);
			t.is(await t.throwsAsync(store.upload('blobs/a', bodyOf(someBytes(size), {end}), {size: size + 1})), broken);
			const sha256 = digestOf(someBytes(size + 1));
			t.is(await t.throwsAsync(store.upload('blobs/a', bodyOf(someBytes(size), {end}), {size: size + 1, sha256})), broken);
			t.is(await t.throwsAsync(store.upload('blobs/a', bodyOf(someBytes(0), {end}), {size})), broken);
			t.deepEqual(await Array.fromAsync(store.list('')), []);
			await store.write('blobs/a', Buffer.from('before'));
			t.is(await t.throwsAsync(store.upload('blobs/a', bodyOf(someBytes(size), {end}))), broken);
			t.is((await contentOf(store, 'blobs/a')).toString(), 'before');
			t.deepEqual(await unfinished(store), []);
		});

		test(`a ${title} stream of another length than announced is refused`, async t => {
			const store = await createStore(t);
			await t.throwsAsync(store.upload('blobs/a', bodyOf(someBytes(size)), {size: size + 1}), {name: 'LengthMismatch'});
			await t.throwsAsync(store.upload('blobs/a', bodyOf(someBytes(size)), {size: size - 1}), {name: 'LengthMismatch'});
			t.is(await store.stat('blobs/a'), undefined);
		});

		test(`conditions hold for a ${title} stream`, async t => {
			const store = await createStore(t);
			const bytes = someBytes(size);
			const {etag} = await store.upload('blobs/a', bodyOf(bytes), {ifAbsent: true});
			await t.throwsAsync(store.upload('blobs/a', bodyOf(bytes), {ifAbsent: true}), {instanceOf: PreconditionFailed});
			const replaced = await store.upload('blobs/a', bodyOf(someBytes(size + 1)), {ifMatch: etag});
			await t.throwsAsync(store.upload('blobs/a', bodyOf(bytes), {ifMatch: etag}), {instanceOf: PreconditionFailed});
			t.is((await store.stat('blobs/a'))?.etag, replaced.etag);
			await t.throwsAsync(store.upload('blobs/none', bodyOf(bytes), {ifMatch: etag}), {instanceOf: PreconditionFailed});
			t.is(await store.stat('blobs/none'), undefined);
		});
	}

	test('of many who upload the same key at once, one stays, whole', async t => {
		const store = await createStore(t);
		const bodies = Array.from({length: 8}, (_, writer) => someBytes(writer % 2 ? partBytes + writer : 30_000 + writer, writer));
		await Promise.all(bodies.map(bytes => store.upload('blobs/a', bodyOf(bytes))));
		const stored = await contentOf(store, 'blobs/a');
		t.true(bodies.some(bytes => bytes.equals(stored)));
		t.is((await Array.fromAsync(store.list(''))).length, 1);
	});

	test('more can upload at once than there is memory for parts', async t => {
		const store = await createStore(t);
		const bodies = Array.from({length: 24}, (_, writer) => someBytes(partBytes + 1000 * writer, writer));
		await Promise.all(bodies.map((bytes, writer) => store.upload(`blobs/${writer}`, bodyOf(bytes))));
		for (const [writer, bytes] of bodies.entries()) t.true((await contentOf(store, `blobs/${writer}`)).equals(bytes));
	});

	test('an upload that does not end is found by its age, and can be aborted', async t => {
		const store = await createStore(t);
		const hung = Promise.withResolvers<void>();
		const reached = Promise.withResolvers<void>();
		const end = async () => {
			reached.resolve();
			await hung.promise;
		};
		const started = await store.now();
		const upload = store.upload('blobs/a', bodyOf(someBytes(2 * partBytes), {end}));
		await reached.promise;
		// Its bytes are read while the store is told that they come.
		await until(async () => (await unfinished(store)).length > 0);
		t.deepEqual(await unfinished(store, new Date(started.getTime() - 60_000)), []);
		const [found, ...others] = await unfinished(store);
		t.like(found, {key: 'blobs/a'});
		t.true(found && Math.abs(found.startedAt.getTime() - started.getTime()) < 20_000);
		t.is(others.length, 0);
		await found?.abort();
		hung.resolve();
		await t.throwsAsync(upload);
		t.is(await store.stat('blobs/a'), undefined);
		t.deepEqual(await unfinished(store), []);
	});
};

const contentOf = async (store: ObjectStore, key: string) => {
	const object = await store.read(key);
	return collect(object?.body ?? nothing());
};

async function* nothing(): Bytes {}

const unfinished = async (store: ObjectStore, olderThan?: Date) =>
	Array.fromAsync(store.abandonedUploads(olderThan ?? new Date((await store.now()).getTime() + 60_000)));
