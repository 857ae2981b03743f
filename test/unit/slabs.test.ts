/** Memory lent in turn. */
import test from 'ava';
import {createSlabs} from '../../src/lib/slabs.ts';

const isSettled = async (promise: Promise<unknown>) => {
	const pending = Symbol('pending');
	return (await Promise.race([promise, new Promise(resolve => setImmediate(resolve, pending))])) !== pending;
};

test('a lease waits until there is enough, first come, first served', async t => {
	const slabs = createSlabs({slabBytes: 10, totalBytes: 40});
	const first = await slabs.lease(30, {name: 'somebody'});
	const large = slabs.lease(20, {name: 'somebody'});
	const small = slabs.lease(1, {name: 'somebody'});
	t.false(await isSettled(large));
	t.false(await isSettled(small));
	first.release();
	const second = await large;
	await small;
	second.release();
	second.release();
	t.false(await isSettled(slabs.lease(40, {name: 'somebody'})));
});

test('whoever asks for more than there is gets all of it', async t => {
	const slabs = createSlabs({slabBytes: 10, totalBytes: 40});
	t.is(slabs.capacity(1000), 40);
	t.is(slabs.capacity(35), 35);
	const all = await slabs.lease(1000, {name: 'somebody'});
	t.false(await isSettled(slabs.lease(1, {name: 'somebody'})));
	all.release();
});

test('slabs are used again, and never by two at once', async t => {
	const slabs = createSlabs({slabBytes: 10, totalBytes: 20});
	const lease = await slabs.lease(20, {name: 'somebody'});
	const memory = [lease.take(), lease.take()];
	t.not(memory[0], memory[1]);
	t.throws(() => lease.take(), {instanceOf: RangeError});
	lease.release();
	t.throws(() => lease.take(), {instanceOf: RangeError});
	const next = await slabs.lease(20, {name: 'somebody'});
	t.deepEqual(new Set([next.take(), next.take()]).size, 2);
	const again = await Promise.race([slabs.lease(1, {name: 'somebody'}), Promise.resolve(undefined)]);
	t.is(again, undefined);
});

test('a slab that was dropped is free for others, and is not used again', async t => {
	const slabs = createSlabs({slabBytes: 10, totalBytes: 30});
	const lease = await slabs.lease(30, {name: 'somebody'});
	const [first, second] = [lease.take(), lease.take()];
	const waiting = slabs.lease(20, {name: 'other'});
	lease.close();
	t.false(await isSettled(waiting));
	t.throws(() => lease.take(), {instanceOf: RangeError});
	lease.drop(first);
	lease.drop(first);
	const other = await waiting;
	const theirs = [other.take(), other.take()];
	t.false(theirs.includes(first) || theirs.includes(second));
	t.is(slabs.lent(), 30);
	lease.release();
	other.release();
	t.is(slabs.lent(), 0);
});
