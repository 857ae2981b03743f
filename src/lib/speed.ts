/** How fast somebody is in the time that is left to him: what he waits for himself does not count. */

export type SpeedOptions = {
	/** Over so much of his time. */
	windowMs: number;
	leastPerSecond: number;
	/** Milliseconds since some moment, never going back. */
	elapsed?: () => number;
};

export type Speed = {
	/** It is up to him from now on. */
	wait(): void;
	/** He has done so much, and it is up to others. */
	did(amount: number): void;
	/** Whether he was too slow in the last window. How long the beginning lets itself be waited for does not matter. */
	isSlow(): boolean;
};

export const createSpeed = ({windowMs, leastPerSecond, elapsed = () => performance.now()}: SpeedOptions): Speed => {
	const share = (leastPerSecond * windowMs) / 1000;
	let done = 0;
	let spentMs = 0;
	let since: number | undefined;
	let hasBegun = false;
	let wasSlow = false;

	/** A window is over when he has done his share, or his time is. */
	const judge = () => {
		if (since !== undefined && hasBegun) {
			const now = elapsed();
			spentMs += now - since;
			since = now;
		}
		if (done < share && spentMs < windowMs) return;
		wasSlow = done < share;
		done = 0;
		spentMs = 0;
	};

	return {
		wait() {
			since ??= elapsed();
		},
		did(amount) {
			done += amount;
			judge();
			hasBegun = true;
			since = undefined;
		},
		isSlow() {
			judge();
			return wasSlow;
		},
	};
};
