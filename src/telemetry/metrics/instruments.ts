/** How counters, gauges and histograms are made for one registry of metrics. */
import {Counter, Gauge, Histogram, type Registry} from 'prom-client';

export type Instruments = ReturnType<typeof createInstruments>;

/** How what several processes of one machine measured becomes one number. */
export type Aggregator = 'sum' | 'first' | 'min' | 'max';

export const createInstruments = (registry: Registry) => {
	const registers = [registry];
	return {
		/** Labels whose values are known should begin at 0 (`beginAt0`): the first of a series that was not there is no increase. */
		counter: <const L extends string = never>(name: string, help: string, ...labelNames: readonly L[]) =>
			new Counter<L>({name, help, labelNames, registers}),

		gauge: <const L extends string = never>(name: string, help: string, aggregator: Aggregator, ...labelNames: readonly L[]) =>
			new Gauge<L>({name, help, aggregator, labelNames, registers}),

		/** Seconds. */
		durations: <const L extends string = never>(name: string, help: string, ...labelNames: readonly L[]) =>
			new Histogram<L>({name, help, labelNames, buckets: durationBuckets, registers}),
	};
};

/** A series for each value, before there is anything to count; `others` are the values of its other labels. */
export const beginAt0 = <const L extends string>(
	counter: Counter<L>,
	label: NoInfer<L>,
	values: readonly string[],
	others: Partial<Record<NoInfer<L>, string>> = {},
): void => {
	for (const value of values) counter.inc({...others, [label]: value} as Record<L, string>, 0);
};

// From an answer out of memory to a 50 GiB layer over a slow line.
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
