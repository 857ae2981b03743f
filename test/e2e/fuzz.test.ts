/** 100,000 generated requests against the whole server. `npm run fuzz` sends a million. */
import {env} from 'node:process';
import test from 'ava';
import {growthMiB, runFuzz} from '../../scripts/fuzz/run.ts';
import {verdictOf} from '../../scripts/fuzz/verdict.ts';

test('100,000 generated requests get no failure, no silence, nothing that is not theirs, and take no memory with them', async t => {
	t.timeout(1_200_000);
	const seed = Number(env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
	t.log(`FUZZ_SEED=${seed}`);
	const report = await runFuzz({requests: 100_000, seed});
	t.deepEqual(verdictOf(report), []);
	t.log(`${report.requests} requests in ${report.seconds.toFixed(0)} s, ${growthMiB(report).toFixed(1)} MiB gained`);
});
