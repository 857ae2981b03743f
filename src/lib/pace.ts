/** Keeps work that nobody waits for from taking what others need. */

export type PaceOptions = {
	/** So many bytes, or of whatever is counted; as many as can be where nothing is said. */
	perSecond?: number | undefined;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** Rejects when the work is to end. */
	wait: (ms: number) => Promise<unknown>;
};

/** Resolves when so many more may be handled; for any number of streams at once, which share the rate. */
export const createPace = ({perSecond, elapsed, wait}: PaceOptions): ((amount: number) => Promise<void>) => {
	if (perSecond === undefined) return async () => undefined;
	let due = elapsed();
	return async amount => {
		const now = elapsed();
		// What was not used is not made up for later.
		due = Math.max(due, now) + (amount / perSecond) * 1000;
		// A timer is no finer than this, and a chunk often due sooner.
		if (due - now >= finestWaitMs) await wait(due - now);
	};
};

const finestWaitMs = 10;
