/** What is asked again, and when: by the clock and by count, with growing pauses, and no sooner than the upstream wishes. */
import {growingPauseMs} from '../lib/backOff.ts';
import {type RemoteOptions, type RemoteTuning, UpstreamFailure} from './upstream.ts';

export type Repeat = <T>(work: (tries: number) => Promise<T>) => Promise<T>;

/** Repeats work that fails for a passing reason. `tries` is how often it was tried before. Throws its last failure. */
export const createRepeat = (tuning: RemoteTuning, {elapsed, wait, random}: Pick<RemoteOptions, 'elapsed' | 'wait' | 'random'>): Repeat => {
	// Who asks for a part of a larger work has been patient already.
	const givenUp = new WeakSet<UpstreamFailure>();
	return async work => {
		let refusedAt: number | undefined;
		for (let tries = 0; ; tries += 1) {
			try {
				return await work(tries);
			} catch (error) {
				if (!(error instanceof UpstreamFailure) || givenUp.has(error)) throw error;
				refusedAt ??= elapsed();
				const pauseMs = pauseAfter(error, {tries: tries + 1, sinceMs: elapsed() - refusedAt, random: random()}, tuning);
				if (pauseMs === undefined) {
					givenUp.add(error);
					throw error;
				}
				await wait(pauseMs);
			}
		}
	};
};

/** `tries` so far, `sinceMs` the first failure, `random` from 0 to 1. Undefined: it is not tried again. */
export const pauseAfter = (
	{isPassing, retryAfterMs = 0}: Pick<UpstreamFailure, 'isPassing' | 'retryAfterMs'>,
	{tries, sinceMs, random}: {tries: number; sinceMs: number; random: number},
	{patienceSeconds, tries: mostTries, firstWaitSeconds, longestWaitSeconds}: RemoteTuning,
): number | undefined => {
	if (!isPassing || tries >= mostTries || retryAfterMs > longestWaitSeconds * 1000) return undefined;
	const growingMs = growingPauseMs(tries - 1, {firstSeconds: firstWaitSeconds, longestSeconds: longestWaitSeconds}, random);
	const pauseMs = Math.ceil(Math.max(retryAfterMs, growingMs));
	return sinceMs + pauseMs > patienceSeconds * 1000 ? undefined : pauseMs;
};

/** `Retry-After` in milliseconds: seconds, or a date (RFC 9110 section 10.2.3), which is told by the clock of the answer's own `Date`. */
export const parseRetryAfter = (header: string | undefined, date: string | undefined): number | undefined => {
	if (header === undefined) return undefined;
	if (/^\d+$/.test(header)) return Number(header) * 1000;
	const ms = Date.parse(header) - Date.parse(date ?? '');
	return Number.isNaN(ms) ? undefined : Math.max(0, ms);
};
