import test from 'ava';
import {withinReading} from '../../src/refs/withinReading.ts';

const MiB = 1024 * 1024;
const itself = (bytes: number) => bytes;

test('of many large configs only the first are read, and smaller ones after them where they fit', t => {
	t.deepEqual(withinReading([10 * MiB, 5 * MiB, 2 * MiB, MiB, 1], itself), [10 * MiB, 5 * MiB, MiB]);
	t.deepEqual(withinReading(new Array(64).fill(200_000), itself).length, 64);
});

test('one that is too large alone is still the answer', t => {
	t.deepEqual(withinReading([17 * MiB, 1], itself), [17 * MiB]);
	t.deepEqual(withinReading([], itself), []);
});
