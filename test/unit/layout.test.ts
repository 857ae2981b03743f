import test from 'ava';
import {layoutVersion, openLayout} from '../../src/registry/layout.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';

test('an empty store is marked, and opens again', async t => {
	const store = createMemoryStore();
	await openLayout(store);
	await openLayout(store);
	const mark = await store.read('layout.json');
	t.like(JSON.parse(Buffer.concat(await Array.fromAsync(mark?.body ?? [])).toString()), {version: layoutVersion});
});

test('replicas that start at once agree', async t => {
	const store = createMemoryStore();
	await t.notThrowsAsync(Promise.all(Array.from({length: 8}, () => openLayout(store))));
});

test('another layout is refused, naming both versions', async t => {
	const store = createMemoryStore();
	await store.write('layout.json', Buffer.from('{"version": 2}'));
	await t.throwsAsync(openLayout(store), {name: 'StoreUnfit', message: /has layout 2.*knows layout 1/});
});

test("what is not layercache's is left alone", async t => {
	for (const text of ['not json', '[]', '{"name": "something"}']) {
		const store = createMemoryStore();
		await store.write('layout.json', Buffer.from(text));
		await t.throwsAsync(openLayout(store), {name: 'StoreUnfit', message: /belongs to something else/});
		t.is((await store.stat('layout.json'))?.size, text.length);
	}
});
