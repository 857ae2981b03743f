/** Reading objects, whole and in part. */
import test from 'ava';
import type {ByteRange} from 'oci-spec-types';
import {type ObjectStore, RangeUnsatisfiable} from '../../../src/storage/objectStore.ts';
import {bodyOf, collect, someBytes} from '../../support/bytes.ts';
import type {StoreUnderTest} from '../objectStore.ts';

const blob = someBytes(200_000);

const ranges: readonly (readonly [range: ByteRange, start: number, end: number])[] = [
	[{start: 0, end: 0}, 0, 0],
	[{start: 0}, 0, 199_999],
	[{start: 7, end: 100_000}, 7, 100_000],
	[{start: 199_999}, 199_999, 199_999],
	[{start: 5, end: 900_000}, 5, 199_999],
	[{suffix: 1}, 199_999, 199_999],
	[{suffix: 4_096}, 195_904, 199_999],
	[{suffix: 900_000}, 0, 199_999],
];

export const readingContract = ({createStore}: StoreUnderTest): void => {
	for (const contentType of [undefined, 'application/json']) {
		test(`a range is the bytes that it names, of ${contentType ?? 'a blob'}`, async t => {
			const store = await createStore(t);
			await store.upload('blobs/a', bodyOf(blob), {size: blob.length, contentType});
			for (const [range, start, end] of ranges) {
				const part = await read(store, 'blobs/a', range);
				t.deepEqual(part.range, {start, end});
				t.is(part.facts.size, blob.length);
				t.true((await collect(part.body)).equals(blob.subarray(start, end + 1)), JSON.stringify(range));
			}
			const whole = await read(store, 'blobs/a');
			t.is(whole.range, undefined);
			t.true((await collect(whole.body)).equals(blob));
		});
	}

	test('a range behind the end is refused with the size', async t => {
		const store = await createStore(t);
		await store.upload('blobs/a', bodyOf(blob));
		await store.write('blobs/empty', new Uint8Array());
		for (const [key, range, size] of [
			['blobs/a', {start: 200_000}, 200_000],
			['blobs/a', {start: 900_000, end: 900_001}, 200_000],
			['blobs/empty', {start: 0}, 0],
			['blobs/empty', {suffix: 5}, 0],
		] as const) {
			const error = await t.throwsAsync(store.read(key, range), {instanceOf: RangeUnsatisfiable});
			t.like(error, {key, size});
		}
	});

	test('a body can be abandoned at any point', async t => {
		const store = await createStore(t);
		await store.upload('blobs/a', bodyOf(blob));
		(await read(store, 'blobs/a')).body.destroy();
		for (let reader = 0; reader < 20; reader += 1) {
			const {body} = await read(store, 'blobs/a');
			for await (const chunk of body) if (chunk.length > 0) break;
			body.destroy();
		}
		t.true((await collect((await read(store, 'blobs/a')).body)).equals(blob));
	});

	test('many can read at once', async t => {
		const store = await createStore(t);
		await store.upload('blobs/a', bodyOf(blob));
		const bodies = await Promise.all(Array.from({length: 50}, async () => collect((await read(store, 'blobs/a')).body)));
		t.true(bodies.every(body => body.equals(blob)));
	});
};

const read = async (store: ObjectStore, key: string, range?: ByteRange) => {
	const object = await store.read(key, range);
	if (!object) throw new Error(`there is no ${key}`);
	return object;
};
