/** Where an axis ends: a round number above what it has to show. */

export type PlotUnit = 'bytes' | 'count';

/** At least 1; round in the unit in which it will be shown. */
export const roundAbove = (largest: number, unit: PlotUnit): number => {
	const base = unit === 'bytes' ? 1024 ** Math.floor(Math.log2(Math.max(1, largest)) / 10) : 1;
	const scaled = Math.max(largest, 1) / base;
	const power = 10 ** Math.floor(Math.log10(scaled));
	const step = steps.find(step => step * power >= scaled) ?? 10;
	return step * power * base;
};

// Halves of these are round, too: the axis has a line in the middle.
const steps = [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10];
