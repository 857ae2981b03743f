/**
 * Servers, builders and collectors at random, with pauses, repeats, crashes and clocks that are wrong: nothing that was acknowledged loses a
 * blob, no import that began loses what it reads, and no garbage stays. LAYERCACHE_TEST_SCHEDULES says how many, LAYERCACHE_TEST_SEED which.
 */
import test from 'ava';
import fc from 'fast-check';
import {schedule} from './schedules.ts';
import {play} from './world.ts';

const numRuns = Number(process.env.LAYERCACHE_TEST_SCHEDULES ?? 2000);
const seed = Number(process.env.LAYERCACHE_TEST_SEED ?? 6);

test('whatever happens in whichever order, nothing is lost and nothing is left', async t => {
	t.timeout(Math.max(120_000, numRuns * 200));
	let removed = 0;
	const {failed, errorInstance, counterexamplePath} = await fc.check(
		fc.asyncProperty(schedule, async commands => {
			const outcome = await play(commands, {garbage: true});
			removed += outcome.removed;
			if (outcome.wrong.length > 0) throw new Error(`${outcome.wrong.join('\n')}\n${outcome.trace.join('\n')}`);
		}),
		{seed, numRuns, endOnFailure: true},
	);
	t.false(failed, `seed ${seed}, path ${counterexamplePath}: ${errorInstance}`);
	// Schedules in which nothing goes would tell little.
	t.true(removed > numRuns);
	t.log(`${numRuns} schedules, ${removed} objects removed`);
});
