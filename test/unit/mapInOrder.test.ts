import test from 'ava';
import {mapInOrder, mapParallel} from '../../src/lib/mapInOrder.ts';

test('answers come in the order of the items, however long each takes', async t => {
	const waits = [30, 1, 20, 1];
	t.deepEqual(
		await mapParallel(waits.entries(), 4, async ([index, ms]) => new Promise(resolve => setTimeout(resolve, ms, index))),
		[0, 1, 2, 3],
	);
});

test('no more than the limit are under way', async t => {
	let running = 0;
	let most = 0;
	await mapParallel(Array.from({length: 20}).keys(), 3, async () => {
		most = Math.max(most, ++running);
		await new Promise(setImmediate);
		running--;
	});
	t.is(most, 3);
});

test('a failure is thrown in its turn, and those behind it are left unhandled nowhere', async t => {
	const seen: number[] = [];
	const failing = mapInOrder([0, 1, 2, 3], 4, async item => {
		if (item > 0) throw new Error(`item ${item}`);
		return item;
	});
	await t.throwsAsync(
		async () => {
			for await (const item of failing) seen.push(item);
		},
		{message: 'item 1'},
	);
	t.deepEqual(seen, [0]);
});
