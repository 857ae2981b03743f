/** Memory lent in turn. */
import test from 'ava';
import {createSlabs} from '../../src/lib/slabs.ts';

const isSettled = async (promise: Promise<unknown>) => {
	const pending = Symbol('pending');
	return (await Promise.race([promise, new Promise(resolve => setImmediate(resolve, pending))])) !== pending;
};

test('a lease waits until there is enough, first come, first served', async t => {
	const slabs = createSlabs({slabBytes: 10, totalBytes: 40});
	const first = await slabs.lease(30);
	const large = slabs.lease(20);
	const small = slabs.lease(1);
	t.false(await isSettled(large));
	t.false(await isSettled(small));
	first.release();
	const second = await large;
	await small;
	second.release();
	second.release();
	t.false(await isSettled(slabs.lease(40)));
});

test('whoever asks for more than there is gets all of it', async t => {
	const slabs = createSlabs({slabBytes: 10, totalBytes: 40});
	t.is(slabs.capacity(1000), 40);
	t.is(slabs.capacity(35), 35);
	const all = await slabs.lease(1000);
	t.false(await isSettled(slabs.lease(1)));
	all.release();
});

test('slabs are used again, and never by two at once', async t => {
	const slabs = createSlabs({slabBytes: 10, totalBytes: 20});
	const lease = await slabs.lease(20);
	const memory = [lease.take(), lease.take()];
	t.not(memory[0], memory[1]);
	t.throws(() => lease.take(), {instanceOf: RangeError});
	lease.release();
	t.throws(() => lease.take(), {instanceOf: RangeError});
	const next = await slabs.lease(20);
	t.deepEqual(new Set([next.take(), next.take()]).size, 2);
	const again = await Promise.race([slabs.lease(1), Promise.resolve(undefined)]);
	t.is(again, undefined);
});
