/** One chapter of the benchmark: who is compared, doing what, and how it is shown. */
import type {LayerSet} from './contexts.ts';
import type {SubjectName} from './subjects.ts';
import type {Trial} from './trials.ts';

export interface BenchOptions {
	/** Undefined: what the scenario thinks right. */
	readonly rounds: number | undefined;
	readonly latencies: readonly number[] | undefined;
	readonly subjects: readonly SubjectName[] | undefined;
	readonly layers: readonly LayerSet[] | undefined;
	/** Fewer rounds and less of everything: to see that it works. */
	readonly isQuick: boolean;
	/** The binary of zot, where there is one. */
	readonly zot: string | undefined;
	readonly report: (line: string) => void;
}

export interface FigureFacts {
	readonly title: string;
	readonly digits: number;
	/** Most figures are better when they are lower. */
	readonly isBetterWhenHigher?: true;
}

export interface Scenario {
	readonly title: string;
	/** Markdown: what was done, in words that claim no more. */
	readonly method: string;
	readonly figures: Readonly<Record<string, FigureFacts>>;
	/** What is divided by whose, in each round; the first is drawn. */
	readonly ratios: readonly {readonly figure: string; readonly bases: readonly string[]}[];
	run(options: BenchOptions): Promise<Trial[]>;
}

export const roundsOf = ({rounds, isQuick}: BenchOptions, usual: number): number => rounds ?? (isQuick ? 1 : usual);

/** Milliseconds of round trip to S3. */
export const forEachLatency = async (
	{isQuick, latencies = isQuick ? [30] : [0, 30]}: BenchOptions,
	run: (latency: number) => Promise<readonly Trial[]>,
): Promise<Trial[]> => {
	const trials: Trial[] = [];
	for (const latency of latencies) trials.push(...(await run(latency)));
	return trials;
};
