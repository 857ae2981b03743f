/** How much of the registry is used, day by day: less at weekends, and a size that grows until the collector deletes. */
import type {OperationOutput} from '../../../src/operations/table.ts';
import {ago, asOf, dayMs, drawn, GiB, sampleNow} from './drawn.ts';

export const usage = ({days: count = 30, repo}: {days?: number; repo?: string}): OperationOutput<'usage'> => {
	const share = repo ? 0.236 : 1;
	const days = Array.from({length: count}, (_, index) => usageOfDay(index, count, share));
	const sum = (of: (day: (typeof days)[number]) => number) => days.reduce((total, day) => total + of(day), 0);
	const sizes = Array.from({length: 120}, (_, index) => {
		const at = ago((120 - index) / 4);
		// It grows until the collector has something to delete.
		const gib = 128 + index * 0.42 - Math.floor(index / 26) * 9 + drawn(at) * 3;
		return {
			at,
			bytes: Math.round(gib * GiB * share),
			blobs: Math.round(gib * 61 * share),
			manifests: 214,
			tags: 48,
			unreferencedBytes: Math.round(6 * GiB * share),
			condemnedBytes: Math.round(3.2 * GiB * share),
		};
	});
	const repositories = [
		{repository: 'ci/ml/train', bytes: Math.round(61.2 * GiB), refs: 9, blobs: 1204, grownBytes: Math.round(12.1 * GiB)},
		{repository: 'ci/web', bytes: Math.round(33.7 * GiB), refs: 18, blobs: 3911, grownBytes: Math.round(2.2 * GiB)},
		{repository: 'ci/mobile', bytes: Math.round(24.9 * GiB), refs: 7, blobs: 1702, grownBytes: Math.round(-4.6 * GiB)},
		{repository: 'ci/api', bytes: Math.round(15.3 * GiB), refs: 12, blobs: 1288, grownBytes: Math.round(0.3 * GiB)},
		{repository: 'ci/docs', bytes: Math.round(0.42 * GiB), refs: 2, blobs: 96},
	];
	const [imports, importMisses] = [sum(day => day.imports), sum(day => day.importMisses)];
	return {
		asOf,
		days,
		total: {
			...{imports, importMisses, hitRate: imports / (imports + importMisses)},
			pushes: sum(day => day.pushes),
			fallbacks: sum(day => day.fallbacks),
			pushedBytes: sum(day => day.pushedBytes),
			redirectedPushBytes: sum(day => day.redirectedPushBytes),
			fetches: sum(day => day.fetches),
			fetchedBytes: sum(day => day.fetchedBytes),
			redirectedBytes: sum(day => day.redirectedBytes),
			streamedBytes: sum(day => day.streamedBytes),
		},
		sizes,
		repositories: repo ? repositories.filter(({repository}) => repository === repo) : repositories,
	};
};

const usageOfDay = (index: number, days: number, share: number) => {
	const date = new Date(sampleNow - (days - 1 - index) * dayMs);
	const day = date.toISOString().slice(0, 10);
	const isWeekend = date.getUTCDay() % 6 === 0;
	const asked = Math.round((isWeekend ? 70 : 420) * (0.8 + drawn(day) * 0.4) * share);
	const importMisses = Math.round(asked * (0.05 + drawn(`${day} miss`) * 0.09));
	const imports = asked - importMisses;
	const fetchedBytes = Math.round(imports * (0.45 + drawn(`${day} bytes`) * 0.3) * GiB);
	const redirectedBytes = Math.round(fetchedBytes * (0.96 + drawn(`${day} way`) * 0.03));
	const pushedBytes = Math.round(fetchedBytes * 0.16);
	return {
		...{day, imports, importMisses, fetchedBytes, redirectedBytes, pushedBytes},
		pushes: Math.round(asked * 0.3),
		fallbacks: Math.round(imports * 0.2),
		redirectedPushBytes: Math.round(pushedBytes * 0.9),
		fetches: imports * 14,
		streamedBytes: fetchedBytes - redirectedBytes,
		...(asked > 0 && {hitRate: imports / asked}),
	};
};
