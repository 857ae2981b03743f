/** How fast somebody is in his own time. */
import test from 'ava';
import {createMetered} from '../../src/lib/metered.ts';
import {createSpeed} from '../../src/lib/speed.ts';

/** A hundred a second, over a second. */
const createTimed = () => {
	let now = 0;
	const speed = createSpeed({windowMs: 1000, leastPerSecond: 100, elapsed: () => now});
	return {
		speed,
		pass: (ms: number) => {
			now += ms;
		},
	};
};

test('who does little in a whole window is slow, and not before it is over', t => {
	const {speed, pass} = createTimed();
	speed.wait();
	speed.did(1);
	for (let step = 0; step < 9; step += 1) {
		speed.wait();
		pass(100);
		speed.did(1);
		t.false(speed.isSlow());
	}
	speed.wait();
	pass(100);
	t.true(speed.isSlow());
});

test('what he waits for himself does not count, nor how long his beginning takes', t => {
	const {speed, pass} = createTimed();
	speed.wait();
	pass(60_000);
	speed.did(1);
	t.false(speed.isSlow());
	pass(60_000);
	t.false(speed.isSlow());
	speed.wait();
	pass(999);
	t.false(speed.isSlow());
});

test('who was slow is so no more as soon as he has done what a window asks for', t => {
	const {speed, pass} = createTimed();
	speed.did(0);
	speed.wait();
	pass(5000);
	t.true(speed.isSlow());
	speed.did(60);
	t.true(speed.isSlow());
	speed.wait();
	speed.did(40);
	t.false(speed.isSlow());
});

test('what was done long ago does not help', t => {
	const {speed, pass} = createTimed();
	speed.did(1_000_000);
	t.false(speed.isSlow());
	speed.wait();
	pass(1000);
	t.true(speed.isSlow());
});

test('a stream that is given up fails at once for whoever waits for it, or when he reads on', async t => {
	const options = {windowMs: 1000, leastPerSecond: 1};
	const silent: AsyncIterable<Uint8Array> = {[Symbol.asyncIterator]: () => ({next: () => new Promise(() => {})})};
	const waited = createMetered(silent, options);
	const reading = waited[Symbol.asyncIterator]().next();
	waited.giveUp(new Error('others waited'));
	await t.throwsAsync(reading, {message: 'others waited'});

	async function* some() {
		yield Buffer.from('some');
		yield Buffer.from('more');
	}
	const read = createMetered(some(), options);
	const chunks = read[Symbol.asyncIterator]();
	t.is(String((await chunks.next()).value), 'some');
	read.giveUp(new Error('others waited'));
	await t.throwsAsync(chunks.next(), {message: 'others waited'});
});
