import test from 'ava';
import {createElapsed} from '../../src/lib/elapsed.ts';

const clocks = () => {
	const now = {monotonic: 1000, wall: 50_000};
	const total = createElapsed({monotonic: () => now.monotonic, wall: () => now.wall});
	const start = total();
	return {now, elapsed: () => total() - start};
};

test('both clocks together count once', t => {
	const {now, elapsed} = clocks();
	now.monotonic += 70;
	now.wall += 70;
	t.is(elapsed(), 70);
});

test('a machine that slept has the time of the wall clock', t => {
	const {now, elapsed} = clocks();
	now.wall += 60_000;
	t.is(elapsed(), 60_000);
});

test('a wall clock that is set back takes nothing back, and what passes then counts', t => {
	const {now, elapsed} = clocks();
	now.wall += 100;
	t.is(elapsed(), 100);
	now.wall -= 3_600_000;
	now.monotonic += 5;
	t.is(elapsed(), 105);
	now.wall += 7;
	now.monotonic += 7;
	t.is(elapsed(), 112);
});
