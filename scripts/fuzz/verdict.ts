/** What of a run must not have happened, a line for each. */
import {type FuzzReport, growthMiB} from './run.ts';

export const verdictOf = (report: FuzzReport): string[] => {
	const grown = growthMiB(report);
	return [
		...report.problems.map(({what, where, detail}) => `${what} at ${where}: ${detail}`),
		...report.failures.map(line => `failure in the log: ${line}`),
		...report.leaks.map(line => `secret in the log: ${line}`),
		...(report.isVaultUntouched ? [] : ['the vault was changed']),
		...(grown > mostGrowthMiB ? [`${grown.toFixed(1)} MiB more are alive than in the middle of the run`] : []),
	];
};

// What is remembered for a while fills up to its bounds at its own pace.
const mostGrowthMiB = 16;
