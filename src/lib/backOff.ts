/** Pauses between repetitions. */

/**
 * In milliseconds, before repetition `count`, from 0: around `firstSeconds` at first, then twice as long each time, and never over `longestSeconds`.
 * `random`, from 0 to 1, takes up to half of it off, so that those who were refused together do not come back together.
 */
export const growingPauseMs = (
	count: number,
	{firstSeconds, longestSeconds}: {firstSeconds: number; longestSeconds: number},
	random: number = Math.random(),
): number => Math.ceil(1000 * Math.min(longestSeconds, firstSeconds * 2 ** count) * (0.5 + random / 2));
