/** Pauses between repetitions. */

/**
 * In milliseconds: for `count` 0 at most `firstSeconds`, then twice as long each time, and never over `longestSeconds`. `random`, from 0 to 1,
 * says how much of the second half of it stays, so that those who were refused together do not come back together.
 */
export const growingPauseMs = (
	count: number,
	{firstSeconds, longestSeconds}: {firstSeconds: number; longestSeconds: number},
	random: number,
): number => Math.ceil(1000 * Math.min(longestSeconds, firstSeconds * 2 ** count) * (0.5 + random / 2));
