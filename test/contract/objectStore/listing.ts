/** Listing, compared with the plainest model of it: sort the keys by their bytes, filter, roll up. */
import test from 'ava';
import fc from 'fast-check';
import type {ListOptions, ObjectStore} from '../../../src/storage/objectStore.ts';
import type {StoreUnderTest} from '../objectStore.ts';

const keys = ['a/b', 'a/b-c', 'a/b/c', 'a/b/d/e', 'a-', 'a-b/c', 'a.b', 'a0/x', 'ab', 'B', 'b/B', 'b/a', 'b/ä', 'z/\uff21', 'z/🎉', 'z/z'];
const prefixes = ['', 'a', 'a/', 'a/b', 'a/b/', 'b/', 'z/', 'none', 'none/'];
const thresholds = [undefined, 'a', 'a-', 'a/', 'a/b', 'a/b/', 'a/b/c', 'a/b/zzz', 'ab', 'b/a', 'z/\uff21', 'zzz'];

export const listingContract = ({createStore, cannot = []}: StoreUnderTest): void => {
	const fits = (key: string) => !(cannot.includes('keys below keys') && keys.some(other => key.startsWith(`${other}/`)));
	const stored = keys.filter(fits);

	test('keys come in the order of their bytes, under a prefix, after a key, rolled up at slashes, as many as wanted', async t => {
		const store = await createStore(t);
		await writeAll(store, stored);
		for (const prefix of prefixes)
			for (const after of thresholds)
				for (const delimiter of [undefined, '/'] as const) {
					const wanted = modelOf(stored, prefix, {after, delimiter});
					t.deepEqual(await namesIn(store, prefix, {after, delimiter}), wanted, JSON.stringify({prefix, after, delimiter}));
				}
		for (const limit of [0, 1, 3, 100])
			for (const delimiter of [undefined, '/'] as const)
				t.deepEqual(await namesIn(store, '', {limit, delimiter}), modelOf(stored, '', {delimiter}).slice(0, limit));
	});

	test('a row knows size, ETag and time', async t => {
		const store = await createStore(t);
		await store.write('a', Buffer.from('12345'), {contentType: 'text/plain'});
		await store.write('b', Buffer.from('123'));
		for await (const row of store.list('')) {
			const facts = 'key' in row ? await store.stat(row.key) : undefined;
			t.like(row, {key: facts?.key, size: facts?.size, etag: facts?.etag});
			// HTTP's dates have whole seconds, those in a listing may have more.
			t.true('modified' in row && Math.abs(row.modified.getTime() - (facts?.modified?.getTime() ?? 0)) < 1000);
		}
	});

	test('a prefix goes with its last object', async t => {
		const store = await createStore(t);
		await writeAll(store, ['a/b/c', 'a/d']);
		await store.remove(['a/b/c']);
		t.deepEqual(await namesIn(store, 'a/', {delimiter: '/'}), ['a/d']);
		await store.remove(['a/d']);
		t.deepEqual(await namesIn(store, '', {delimiter: '/'}), []);
	});

	test('more keys than a page are listed, a reader may stop early, and all can be removed at once', async t => {
		const store = await createStore(t);
		const many = Array.from({length: 1050}, (_, number) => `many/${String(number).padStart(5, '0')}`);
		await writeAll(store, many);
		t.deepEqual(await namesIn(store, 'many/'), many);
		t.deepEqual(await namesIn(store, 'many/', {limit: 1010, after: 'many/00010'}), many.slice(11, 1021));
		for await (const row of store.list('many/')) {
			t.like(row, {key: 'many/00000'});
			break;
		}
		await store.remove(many);
		t.deepEqual(await namesIn(store, ''), []);
	});

	const testAny = cannot.length > 0 ? test.skip : test;

	testAny('any set of keys is listed as the model says', async t => {
		const part = fc.string({unit: fc.constantFrom('a', 'b', 'A', '-', '.', '0', '%', '@', 'é', '\uff21', '🎉'), maxLength: 4});
		const longPart = fc
			.tuple(fc.constantFrom('x', 'X', '-'), fc.integer({min: 40, max: 140}), part)
			.map(([letter, length, end]) => letter.repeat(length) + end);
		const key = fc
			.array(fc.oneof({weight: 5, arbitrary: part}, {weight: 1, arbitrary: longPart}), {minLength: 1, maxLength: 4})
			.map(parts => `k${parts.join('/')}`);
		const scenario = fc.record({
			keys: fc.uniqueArray(key, {minLength: 1, maxLength: 12}),
			prefixLength: fc.nat(8),
			after: fc.option(key, {nil: undefined}),
			rolledUp: fc.boolean(),
		});
		await fc.assert(
			fc.asyncProperty(scenario, async ({keys: some, prefixLength, after, rolledUp}) => {
				const store = await createStore(t);
				await writeAll(store, some);
				const prefix = [...(some[0] as string)].slice(0, prefixLength).join('');
				const delimiter = rolledUp ? ('/' as const) : undefined;
				t.deepEqual(await namesIn(store, prefix, {after, delimiter}), modelOf(some, prefix, {after, delimiter}));
			}),
			{numRuns: 60},
		);
	});
};

const writeAll = async (store: ObjectStore, all: readonly string[]) => {
	const waiting = all.values();
	const work = async () => {
		for (const key of waiting) await store.write(key, Buffer.from(key));
	};
	await Promise.all(Array.from({length: 32}, work));
};

const namesIn = (store: ObjectStore, prefix: string, options?: ListOptions) =>
	Array.fromAsync(store.list(prefix, options), entry => ('key' in entry ? entry.key : entry.prefix));

const modelOf = (all: readonly string[], prefix: string, {after, delimiter}: ListOptions) => {
	const rolled = all
		.filter(key => key.startsWith(prefix))
		.map(key => {
			const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
			return cut < 0 ? key : key.slice(0, cut + 1);
		});
	const inOrder = [...new Set(rolled)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
	return inOrder.filter(name => after === undefined || Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0);
};
