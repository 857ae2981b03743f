/** `npm run fuzz`: attacks the whole server with generated requests. FUZZ_REQUESTS (1,000,000) says how many, FUZZ_SEED repeats a run. */
import {env, exit, stderr, stdout} from 'node:process';
import {growthMiB, runFuzz} from './fuzz/run.ts';
import {verdictOf} from './fuzz/verdict.ts';

const requests = Number(env.FUZZ_REQUESTS ?? 1_000_000);
const seed = Number(env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
stdout.write(`fuzzing with ${requests} requests; repeat with FUZZ_SEED=${seed}\n`);
const report = await runFuzz({
	requests,
	seed,
	onProgress: ({requests, heapBytes}) => stdout.write(`${requests} requests, ${(heapBytes / 1024 / 1024).toFixed(1)} MiB alive\n`),
});

const statuses = [...report.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
stdout.write(
	`${report.requests} requests in ${report.seconds.toFixed(0)} s; ${growthMiB(report).toFixed(1)} MiB gained; ${statuses.join(', ')}\n`,
);
const wrong = verdictOf(report);
for (const line of wrong) stderr.write(`${line}\n`);
exit(wrong.length > 0 ? 1 : 0);
