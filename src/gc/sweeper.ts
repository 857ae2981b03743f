/** Looks through the store for what was left behind: soon after the start, then every few hours, each replica for itself. Two at once do no harm. */
import {setTimeout as delay} from 'node:timers/promises';

export type Sweep = {
	/** What it removes, for the log and the metrics. */
	what: string;
	everyMs: number;
	/** One look through the store; yields the number of things removed as it goes. It may be left at any moment, and ends soon after `signal`. */
	run(pause: Pause, signal: AbortSignal): AsyncIterable<number>;
};

/** Waits so many milliseconds; rejects once the sweeper is stopped. */
export type Pause = (ms: number) => Promise<unknown>;

export type SweeperOptions = {
	onSwept(what: string, removed: number): void;
	/** Once for a failure that comes again and again. */
	onFailed(what: string, error: Error): void;
	random?: () => number;
	wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
};

export type Sweeper = {
	/** Nothing new is begun after this. What S3 was asked last, it may still answer. */
	stop(): void;
};

export const startSweeper = (
	sweeps: readonly Sweep[],
	{onSwept, onFailed, random = Math.random, wait = waitUnheld}: SweeperOptions,
): Sweeper => {
	const stopping = new AbortController();
	const {signal} = stopping;

	const pause: Pause = async ms => {
		signal.throwIfAborted();
		return wait(ms, signal);
	};

	/** The failure, if there was one. */
	const sweepOnce = async ({what, run}: Sweep): Promise<Error | undefined> => {
		let removed = 0;
		try {
			for await (const count of run(pause, signal)) {
				removed += count;
				signal.throwIfAborted();
			}
			return undefined;
		} catch (error) {
			return error instanceof Error ? error : new Error(String(error));
		} finally {
			if (removed > 0) onSwept(what, removed);
		}
	};

	const repeat = async (sweep: Sweep): Promise<void> => {
		// Replicas that start together, or after one outage, do not go on together.
		await pause(random() * Math.min(firstWithinMs, sweep.everyMs));
		for (let lastFailure = ''; ; await pause(sweep.everyMs * (0.75 + random() / 2))) {
			const failure = await sweepOnce(sweep);
			if (failure && failure.message !== lastFailure && !signal.aborted) onFailed(sweep.what, failure);
			lastFailure = failure?.message ?? '';
		}
	};

	// It ends by being stopped, and in no other way.
	for (const sweep of sweeps) repeat(sweep).catch(() => undefined);
	return {stop: () => stopping.abort(new Error('the sweeper was stopped'))};
};

const firstWithinMs = 10 * 60_000;

/** Nobody's process lives on for this. */
const waitUnheld = (ms: number, signal: AbortSignal) => delay(ms, undefined, {ref: false, signal});
