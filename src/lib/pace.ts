/** Keeps work that nobody waits for from taking what others need. */

export type PaceOptions = {
	/** As many as can be, where nothing is said. */
	bytesPerSecond?: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** Rejects when the work is to end. */
	wait: (ms: number) => Promise<unknown>;
};

/** Resolves when so many bytes more may be handled; for any number of streams at once, which share the rate. */
export const createPace = ({bytesPerSecond, elapsed, wait}: PaceOptions): ((bytes: number) => Promise<void>) => {
	if (bytesPerSecond === undefined) return async () => undefined;
	let due = elapsed();
	return async bytes => {
		const now = elapsed();
		// What was not used is not made up for later.
		due = Math.max(due, now) + (bytes / bytesPerSecond) * 1000;
		// A timer is no finer than this, and a chunk often due sooner.
		if (due - now >= finestWaitMs) await wait(due - now);
	};
};

const finestWaitMs = 10;
