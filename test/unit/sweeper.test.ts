/** When sweeps run, what is told of them, and how they end. */
import test from 'ava';
import {type Pause, type Sweep, startSweeper} from '../../src/gc/sweeper.ts';

/** A sweeper whose time passes when the test says so. */
const setUp = (sweeps: readonly Sweep[], random = () => 0.5) => {
	const waits: {ms: number; pass: () => void}[] = [];
	const swept: (readonly [string, number])[] = [];
	const failed: string[] = [];
	const sweeper = startSweeper(sweeps, {
		random,
		onSwept: (what, removed) => swept.push([what, removed]),
		onFailed: (what, error) => failed.push(`${what}: ${error.message}`),
		wait: (ms, signal) =>
			new Promise((resolve, reject) => {
				waits.push({ms, pass: () => resolve(undefined)});
				signal.addEventListener('abort', () => reject(signal.reason));
			}),
	});
	/** Lets the next wait end, and all that follows until the next one. */
	const pass = async () => {
		const wait = waits.shift();
		wait?.pass();
		await new Promise(setImmediate);
		return wait?.ms;
	};
	return {sweeper, pass, waits, swept, failed};
};

const hourMs = 3_600_000;

test('a sweep runs within minutes of the start, and then again and again', async t => {
	let runs = 0;
	async function* run() {
		yield ++runs;
	}
	const {pass, swept} = setUp([{what: 'things', everyMs: 6 * hourMs, run}]);
	const first = await pass();
	t.is(runs, 1);
	t.is(await pass(), 6 * hourMs);
	t.is(await pass(), 6 * hourMs);
	t.true(first !== undefined && first <= 10 * 60_000);
	t.deepEqual(swept, [
		['things', 1],
		['things', 2],
		['things', 3],
	]);
});

test('replicas that start together wait differently', async t => {
	const sweeps = [{what: 'things', everyMs: hourMs, async *run() {}}];
	const waits = await Promise.all(
		[0, 0.5, 0.999].map(async random => {
			const {pass} = setUp(sweeps, () => random);
			return [await pass(), await pass()];
		}),
	);
	t.is(new Set(waits.map(([first]) => first)).size, 3);
	t.is(new Set(waits.map(([, second]) => second)).size, 3);
	t.true(waits.every(([, second = 0]) => second >= hourMs / 2 && second <= 2 * hourMs));
});

test('what was removed is told as one number, also when the sweep failed after that; nothing removed is no news', async t => {
	async function* run() {
		yield 2;
		yield 3;
		throw new Error('away');
	}
	const {pass, swept, failed} = setUp([
		{what: 'things', everyMs: hourMs, run},
		{what: 'others', everyMs: hourMs, async *run() {}},
	]);
	await pass();
	await pass();
	t.deepEqual(swept, [['things', 5]]);
	t.deepEqual(failed, ['things: away']);
});

test('a failure that comes again is told once, and again after a sweep that went well', async t => {
	const ends = ['away', 'away', 'denied', undefined, 'denied'];
	async function* run(): AsyncGenerator<number> {
		const message = ends.shift();
		if (message) throw new Error(message);
	}
	const {pass, failed} = setUp([{what: 'things', everyMs: hourMs, run}]);
	for (const _ of Array(5)) await pass();
	t.deepEqual(failed, ['things: away', 'things: denied', 'things: denied']);
});

test('one sweep that hangs or fails does not keep the other', async t => {
	let runs = 0;
	async function* hang() {
		await new Promise(() => {});
		yield 1;
	}
	async function* run() {
		yield ++runs;
	}
	const {pass} = setUp([
		{what: 'hanging', everyMs: hourMs, run: hang},
		{what: 'running', everyMs: hourMs, run},
	]);
	for (const _ of Array(4)) await pass();
	t.is(runs, 3);
});

test('a sweeper that is stopped while it waits runs no more', async t => {
	let runs = 0;
	async function* run() {
		yield ++runs;
	}
	const {sweeper, pass, waits, failed} = setUp([{what: 'things', everyMs: hourMs, run}]);
	await pass();
	sweeper.stop();
	await pass();
	t.is(runs, 1);
	t.deepEqual([waits.length, failed], [0, []]);
});

test('a sweeper that is stopped in the middle ends at the next thing, or in its pause, without a complaint', async t => {
	let removed = 0;
	let isLeft = false;
	async function* endless() {
		try {
			for (;;) {
				removed += 1;
				if (removed === 3) sweeper.stop();
				yield 1;
			}
		} finally {
			isLeft = true;
		}
	}
	async function* pausing(pause: Pause) {
		yield 1;
		await pause(100);
		yield 1;
	}
	const {sweeper, pass, swept, failed} = setUp([
		{what: 'pausing', everyMs: hourMs, run: pausing},
		{what: 'endless', everyMs: hourMs, run: endless},
	]);
	await pass();
	await pass();
	t.is(removed, 3);
	t.true(isLeft);
	t.deepEqual(swept.toSorted(), [
		['endless', 3],
		['pausing', 1],
	]);
	t.deepEqual(failed, []);
});
