import test from 'ava';
import {z} from 'zod';
import {readDocument, swapDocument} from '../../src/registry/documents.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, PreconditionFailed, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {recording} from '../support/stores.ts';

const counter = z.object({count: z.number()});
const increment = (current: {count: number} | undefined) => ({count: (current?.count ?? 0) + 1});
const key = 'counter';

test('a document is made and changed', async t => {
	const store = createMemoryStore();
	t.deepEqual((await swapDocument(store, key, counter, increment))?.value, {count: 1});
	t.deepEqual((await swapDocument(store, key, counter, increment))?.value, {count: 2});
	t.deepEqual((await readDocument(store, key, counter))?.value, {count: 2});
});

test('a change that answers undefined writes nothing', async t => {
	const store = createMemoryStore();
	t.is(await swapDocument(store, key, counter, () => undefined), undefined);
	t.is(await store.stat(key), undefined);
});

test('a writer that starts from what it has seen does not read first', async t => {
	const {store, asked} = recording(createMemoryStore());
	const first = await swapDocument(store, key, counter, increment, {document: undefined});
	await swapDocument(store, key, counter, increment, {document: first});
	t.deepEqual(asked, ['write', 'write']);
	t.deepEqual((await readDocument(store, key, counter))?.value, {count: 2});
});

test('a writer that has seen an older document, or none, loses no change of others', async t => {
	const store = createMemoryStore();
	const first = await swapDocument(store, key, counter, increment);
	await swapDocument(store, key, counter, increment);
	await swapDocument(store, key, counter, increment, {document: first});
	await swapDocument(store, key, counter, increment, {document: undefined});
	t.deepEqual((await readDocument(store, key, counter))?.value, {count: 4});
});

test('a change that has nothing to do to an older document looks at the present one', async t => {
	const store = createMemoryStore();
	const first = await swapDocument(store, key, counter, increment);
	await swapDocument(store, key, counter, increment);
	const unlessFirst = (current: {count: number} | undefined) => (current?.count === 1 ? undefined : increment(current));
	t.deepEqual((await swapDocument(store, key, counter, unlessFirst, {document: first}))?.value, {count: 3});
});

test('writers at once lose no change', async t => {
	const store = createMemoryStore();
	await Promise.all(Array.from({length: 16}, () => swapDocument(store, key, counter, increment)));
	t.deepEqual((await readDocument(store, key, counter))?.value, {count: 16});
});

test('two writes of equal content have different ETags', async t => {
	const store = createMemoryStore();
	await swapDocument(store, key, counter, () => ({count: 7}));
	const first = await readDocument(store, key, counter);
	await swapDocument(store, key, counter, () => ({count: 7}));
	t.not((await readDocument(store, key, counter))?.etag, first?.etag);
});

test('a write whose answer was lost, and whose repeat was refused, is success', async t => {
	for (const lost of [new PreconditionFailed(key), new StoreUnavailable('time-out')]) {
		const memory = createMemoryStore();
		const store: ObjectStore = {
			...memory,
			async write(...given) {
				await memory.write(...given);
				throw lost;
			},
		};
		await swapDocument(store, key, counter, increment);
		t.deepEqual((await readDocument(memory, key, counter))?.value, {count: 1});
	}
});

test('a write that the store could not do is an error, not a retry for ever', async t => {
	const store: ObjectStore = {...createMemoryStore(), write: () => Promise.reject(new StoreUnavailable('away'))};
	await t.throwsAsync(swapDocument(store, key, counter, increment), {name: 'StoreUnavailable', message: 'away'});
});

test('a document that something else wrote is named as damaged', async t => {
	const store = createMemoryStore();
	for (const text of ['no JSON', '{"count":1}', '{"nonce":"n","count":"one"}']) {
		await store.write(key, Buffer.from(text));
		await t.throwsAsync(readDocument(store, key, counter), {name: 'DocumentDamaged', message: /counter/});
	}
});
