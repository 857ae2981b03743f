/** The numbers that the benchmark's page is made of. */
import test from 'ava';
import {median, quantile, ratiosByRound, spreadOf} from '../../scripts/bench/statistics.ts';
import {rotated, runRounds, type Trial} from '../../scripts/bench/trials.ts';

test('the median of an even number of values is the mean of the two in the middle', t => {
	t.is(median([9, 1, 5]), 5);
	t.is(median([10, 2, 1, 4]), 3);
	t.throws(() => median([]), {instanceOf: RangeError});
	t.deepEqual(spreadOf([3, 1, 2]), {median: 2, min: 1, max: 3, count: 3});
	t.is(spreadOf([]), undefined);
});

test('a quantile is a value that occurred, and the last one for all of them', t => {
	const hundred = Array.from({length: 100}, (_, at) => at + 1);
	t.is(quantile(hundred, 0.5), 50);
	t.is(quantile(hundred, 0.99), 99);
	t.is(quantile(hundred, 1), 100);
	t.is(quantile([7], 0.01), 7);
});

test('ratios are taken within a round, and a round that one of the two missed has none', t => {
	const trial = (subject: string, round: number, seconds: number): Trial => ({case: 'c', subject, round, figures: {seconds}});
	const trials = [trial('a', 1, 2), trial('b', 1, 4), trial('b', 2, 40), trial('a', 2, 10), trial('a', 3, 5)];
	t.deepEqual(ratiosByRound(trials, 'seconds', 'a', 'b'), [0.5, 0.25]);
});

test('everyone has one turn in each round, another first each time, and the warm-up is not counted', async t => {
	const turns: string[] = [];
	const trials = await runRounds({
		subjects: ['a', 'b', 'c'],
		rounds: 2,
		report: () => undefined,
		async measure(subject, round) {
			turns.push(`${round}${subject}`);
			return {near: {seconds: round}, far: {seconds: 10 * round}};
		},
	});
	t.deepEqual(turns, ['0a', '0b', '0c', '1b', '1c', '1a', '2c', '2a', '2b']);
	t.is(trials.length, 2 * 3 * 2);
	t.deepEqual(trials.at(-1), {case: 'far', subject: 'b', round: 2, figures: {seconds: 20}});
	t.deepEqual(rotated([], 3), []);
});
