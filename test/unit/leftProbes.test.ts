import test from 'ava';
import {removeLeftProbes} from '../../src/gc/leftProbes.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {keysOf} from '../support/stores.ts';

const hourMs = 3_600_000;

test('what a probe left a day ago goes; what one may still need, and all else, stays', async t => {
	const time = {now: 0};
	const store = createMemoryStore({now: () => new Date(time.now)});
	await store.write('_probe/old/cut', Buffer.from('x'));
	await store.write('repos/ci/app/_tags/main', Buffer.from('x'));
	time.now = 2 * hourMs;
	await store.write('_probe/new/cut', Buffer.from('x'));
	time.now = 25 * hourMs;
	t.deepEqual(await Array.fromAsync(removeLeftProbes(store, {idleMs: 24 * hourMs})), [1]);
	t.deepEqual(await keysOf(store), ['_probe/new/cut', 'repos/ci/app/_tags/main']);
});
