/** Removal, at once and with an end of its validity. */
import test from 'ava';
import type {StoreUnderTest} from '../objectStore.ts';

export const removingContract = ({createStore}: StoreUnderTest): void => {
	test('what is removed is gone; what is absent is no error', async t => {
		const store = await createStore(t);
		await store.write('a', Buffer.from('a'));
		await store.write('b', Buffer.from('b'));
		await store.remove([]);
		await store.remove(['a', 'never/there']);
		t.is(await store.stat('a'), undefined);
		t.is((await store.stat('b'))?.size, 1);
		await store.remove(['a']);
	});

	test('a removal removes until its time has come, and nothing after it', async t => {
		const store = await createStore(t);
		const now = (await store.now()).getTime();
		await store.write('a', Buffer.from('a'), {contentType: 'text/plain'});
		await store.write('b', Buffer.from('b'));
		await store.removeUntil('a', new Date(now - 60_000));
		await store.removeUntil('b', new Date(now - 60_000));
		t.is((await store.stat('a'))?.size, 1);
		t.is((await store.stat('b'))?.size, 1);
		await store.removeUntil('a', new Date(now + 120_000));
		await store.removeUntil('b', new Date(now + 120_000));
		t.is(await store.stat('a'), undefined);
		t.is(await store.stat('b'), undefined);
		await store.removeUntil('never/there', new Date(now + 120_000));
	});
};
