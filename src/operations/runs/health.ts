/** Whether all is as it should be: the settings and the store, and the bytes in it. */
import {setTimeout as delay} from 'node:timers/promises';
import {verify as verifyStore} from '../../gc/verify.ts';
import type {Administration} from '../administration.ts';
import type {Finding} from '../doctor.ts';
import type {Run, Runs} from '../operations.ts';

export const createHealthRuns = (administration: Administration): Pick<Runs, 'verify' | 'doctor'> => {
	const {store, lifetimes, elapsed} = administration;

	const verify: Run<'verify'> = async ({repo, rate, restart}, {onProgress, signal}) => {
		return verifyStore(store, {
			...(repo && {only: {pattern: repo.pattern, matches: repo}}),
			bytesPerSecond: rate,
			restart,
			staleTombstoneMs: lifetimes.quarantineMs * staleQuarantines,
			signal,
			elapsed,
			wait: ms => delay(ms, undefined, {signal}),
			onProgress: ({checked}) => onProgress({done: checked.count, of: 'blobs and manifests'}),
		});
	};

	return {verify, doctor: () => diagnose(administration.examine())};
};

// A tombstone that nobody needs is dropped two quarantines later, by a cycle that comes some time after that.
const staleQuarantines = 4;

export const diagnose: (examined: AsyncIterable<Finding>) => ReturnType<Run<'doctor'>> = async examined => {
	const findings = await Array.fromAsync(examined);
	return {findings, ok: findings.every(({state}) => state !== 'failed')};
};
