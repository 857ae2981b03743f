/** Copies and joins made by the store. */
import test from 'ava';
import {ObjectMissing, type ObjectStore, type StoredPart} from '../../../src/storage/objectStore.ts';
import {bodyOf, collect, someBytes} from '../../support/bytes.ts';
import type {StoreUnderTest} from '../objectStore.ts';

export const copyingContract = ({createStore, partBytes}: StoreUnderTest): void => {
	test('a copy has the bytes and the content type', async t => {
		const store = await createStore(t);
		const bytes = someBytes(2 * partBytes + 7);
		await store.upload('from/long', bodyOf(bytes), {contentType: 'application/x-tar'});
		await store.write('from/a b+%ä', Buffer.from('plain'));
		await store.write('to/b', Buffer.from('was here before'), {contentType: 'text/plain'});
		t.like(await store.copy('from/long', 'to/a'), {key: 'to/a', size: bytes.length, contentType: 'application/x-tar'});
		t.like(await store.copy('from/a b+%ä', 'to/b'), {key: 'to/b', size: 5});
		t.like(await store.stat('to/a'), {size: bytes.length, contentType: 'application/x-tar'});
		t.like(await store.stat('to/b'), {size: 5, contentType: 'application/octet-stream'});
		t.true((await contentOf(store, 'to/a')).equals(bytes));
		await store.remove(['from/long', 'from/a b+%ä']);
		t.is((await contentOf(store, 'to/b')).toString(), 'plain');
		t.true((await contentOf(store, 'to/a')).equals(bytes));
	});

	test('a copy of what is not there says so, and leaves the target as it is', async t => {
		const store = await createStore(t);
		await store.write('to', Buffer.from('before'));
		const error = await t.throwsAsync(store.copy('none', 'to'), {instanceOf: ObjectMissing});
		t.is(error.key, 'none');
		t.is((await contentOf(store, 'to')).toString(), 'before');
	});

	const shapes: readonly (readonly [title: string, sizes: readonly number[]])[] = [
		['one part', [100_000]],
		['one empty part', [0]],
		['small parts', [10, 0, 70_000, 1]],
		['large parts and a small end', [partBytes, partBytes + 3, 5]],
		['a small part between large ones', [partBytes, 5, partBytes]],
	];

	for (const [title, sizes] of shapes) {
		test(`${title} are joined in order`, async t => {
			const store = await createStore(t);
			const parts = sizes.map((size, at) => ({key: `parts/${at}`, bytes: someBytes(size, at + 1)}));
			for (const {key, bytes} of parts) await store.upload(key, bodyOf(bytes));
			const whole = Buffer.concat(parts.map(part => part.bytes));
			const stored = parts.map(({key, bytes}) => ({key, size: bytes.length}));
			t.like(await store.compose(stored, 'whole'), {key: 'whole', size: whole.length});
			t.true((await contentOf(store, 'whole')).equals(whole));
			t.is((await store.stat('whole'))?.contentType, 'application/octet-stream');
			await store.compose(stored, 'whole', {contentType: 'application/x-tar'});
			t.like(await store.stat('whole'), {size: whole.length, contentType: 'application/x-tar'});
			t.true((await contentOf(store, 'whole')).equals(whole));
		});
	}

	test('parts with a content type are joined without it', async t => {
		const store = await createStore(t);
		await store.write('parts/0', Buffer.from('{'), {contentType: 'application/json'});
		await store.write('parts/1', Buffer.from('}'), {contentType: 'application/json'});
		const [first, second] = ['parts/0', 'parts/1'].map(key => ({key, size: 1})) as [StoredPart, StoredPart];
		await store.compose([first, second], 'whole');
		await store.compose([first], 'first');
		t.is((await contentOf(store, 'whole')).toString(), '{}');
		t.like(await store.stat('whole'), {size: 2, contentType: 'application/octet-stream'});
		t.like(await store.stat('first'), {size: 1, contentType: 'application/octet-stream'});
	});

	test('a join with a missing part names it and stores nothing', async t => {
		const store = await createStore(t);
		await store.upload('parts/0', bodyOf(someBytes(partBytes)));
		await store.upload('parts/2', bodyOf(someBytes(10)));
		const [first, missing, last] = [partBytes, partBytes, 10].map((size, at) => ({key: `parts/${at}`, size})) as [
			StoredPart,
			StoredPart,
			StoredPart,
		];
		for (const parts of [[first, missing, last], [missing], [last, missing]]) {
			const error = await t.throwsAsync(store.compose(parts, 'whole'), {instanceOf: ObjectMissing});
			t.is(error.key, 'parts/1');
		}
		t.is(await store.stat('whole'), undefined);
	});

	test('a single part is joined inside the store, by several at once, and may go afterwards', async t => {
		const store = await createStore(t);
		const bytes = someBytes(partBytes + 3);
		const part = {key: 'parts/0', size: bytes.length};
		await store.upload(part.key, bodyOf(bytes));
		t.true(store.joinsInside([part.size]));
		await Promise.all([store.compose([part], 'whole'), store.compose([part], 'whole'), store.compose([part], 'other')]);
		await store.remove([part.key]);
		await store.write('other', Buffer.from('replaced'));
		t.true((await contentOf(store, 'whole')).equals(bytes));
		t.is((await contentOf(store, 'other')).toString(), 'replaced');
		t.deepEqual(await Array.fromAsync(store.abandonedUploads(new Date((await store.now()).getTime() + 60_000))), []);
	});
};

const contentOf = async (store: ObjectStore, key: string) => {
	const object = await store.read(key);
	if (!object) throw new Error(`there is no ${key}`);
	return collect(object.body);
};
