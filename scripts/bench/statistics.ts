/** The few numbers that stand for many: medians, quantiles, and ratios taken within each round. */
import type {Trial} from './trials.ts';

export interface Spread {
	readonly median: number;
	readonly min: number;
	readonly max: number;
	readonly count: number;
}

export const spreadOf = (values: readonly number[]): Spread | undefined => {
	if (values.length === 0) return undefined;
	return {median: median(values), min: Math.min(...values), max: Math.max(...values), count: values.length};
};

/** The middle value; of an even number of values the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
	const sorted = [...values].sort((a, b) => a - b);
	const upper = sorted[Math.floor(sorted.length / 2)];
	const lower = sorted[Math.ceil(sorted.length / 2) - 1];
	if (upper === undefined || lower === undefined) throw new RangeError('no values');
	return (upper + lower) / 2;
};

/** The smallest value that at least `fraction` of all values do not exceed. */
export const quantile = (sorted: ArrayLike<number>, fraction: number): number => {
	const value = sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)];
	if (value === undefined) throw new RangeError('no values');
	return value;
};

/** One ratio for each round that both were in: what slowed a whole round down slowed both. */
export const ratiosByRound = (trials: readonly Trial[], figure: string, subject: string, base: string): number[] => {
	const figureOf = (name: string, round: number) => trials.find(trial => trial.subject === name && trial.round === round)?.figures[figure];
	const rounds = [...new Set(trials.map(trial => trial.round))].sort((a, b) => a - b);
	return rounds.flatMap(round => {
		const [value, divisor] = [figureOf(subject, round), figureOf(base, round)];
		return value === undefined || !divisor ? [] : [value / divisor];
	});
};
