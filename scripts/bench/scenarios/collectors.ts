/** Garbage, collected by layercache while it serves, and by Distribution while it does not: the same content, side by side. */
import {startMinio} from '../../../test/e2e/harness/minio.ts';
import {createScope} from '../../../test/e2e/harness/scope.ts';
import {fillBuckets, runCollector, runDistributionGarbageCollect} from '../collectors.ts';
import {roundsOf, type Scenario} from '../scenario.ts';
import {runRounds} from '../trials.ts';

export const collectorsScenario: Scenario = {
	title: 'Collecting, beside Distribution',
	method: [
		'Both have the same 10,000 blobs of 1 kB under 100 manifests in one MinIO, ten of the manifests untagged. Distribution runs',
		'`registry garbage-collect --delete-untagged`, which demands that nobody pushes meanwhile. layercache deletes in three cycles, a',
		'quarantine apart, and writes 300 times a second at the most; its time is that of all three, and none of the waiting between them.',
	].join('\n'),
	figures: {seconds: {title: 's', digits: 1}, deleted: {title: 'objects deleted', digits: 0}},
	ratios: [{figure: 'seconds', bases: ['distribution']}],
	async run(options) {
		const scope = createScope();
		try {
			const minio = await startMinio(scope);
			return await runRounds({
				subjects: ['both'],
				rounds: roundsOf(options, 3),
				report: options.report,
				async measure() {
					const buckets = {layercache: await minio.createBucket(), distribution: await minio.createBucket()};
					await fillBuckets(minio, buckets, {manifests: options.isQuick ? 20 : 100, layers: 99, untagged: 10});
					const distribution = await runDistributionGarbageCollect(scope, minio, buckets.distribution);
					// As short as they can be: how long one waits between cycles is no part of what they cost.
					const lifetimes = {graceMs: 1000, quarantineMs: 10_000, pauseMs: 12_000};
					const cycles = await runCollector(minio, {bucket: buckets.layercache, cycles: 3, ...lifetimes});
					const sum = (of: (cycle: (typeof cycles)[number]) => number) => cycles.reduce((total, cycle) => total + of(cycle), 0);
					return {
						distribution: {seconds: distribution},
						layercache: {seconds: sum(({seconds}) => seconds), deleted: sum(({deleted}) => deleted)},
					};
				},
			}).then(trials => trials.map(({case: subject, ...trial}) => ({...trial, case: '10,000 blobs', subject})));
		} finally {
			await scope.end();
		}
	},
};
