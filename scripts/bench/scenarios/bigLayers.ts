/** Caches of one layer that is larger than most: what it takes of time, processor and memory. */
import {fillBuilder} from '../cacheTransfer.ts';
import {createOneLayer} from '../contexts.ts';
import type {Scenario} from '../scenario.ts';
import {compareSubjects, onStage} from '../stage.ts';
import {removeStored} from '../storedBytes.ts';
import {freshPlace} from '../subjects.ts';
import {measureSending} from '../transferCost.ts';
import type {Trial} from '../trials.ts';
import {transferFigures} from './figures.ts';

export const bigLayersScenario: Scenario = {
	title: 'Big layers',
	method: [
		'One layer of 1 GiB, or of 2 GiB (before gzip, which takes a sixteenth), and busybox. What was stored is removed after',
		'each export. A builder has the whole of it on disk, and in the page cache as far as memory reaches.',
	].join('\n'),
	figures: {...transferFigures, cpuSecondsPerGiB: {title: "server's CPU per GiB, s", digits: 3}},
	ratios: [
		{figure: 'sendingSeconds', bases: ['type-s3', 'distribution']},
		{figure: 'serverCpuSeconds', bases: ['layercache-streamed']},
	],
	async run(options) {
		const trials: Trial[] = [];
		for (const gibibytes of options.isQuick ? [1] : [1, 2]) {
			const more = await onStage(async stage => {
				const builder = await fillBuilder(stage.scope, await createOneLayer(stage.scope, gibibytes * gibibyte));
				return compareSubjects(stage, {roundTripMs: 0, usualRounds: 3, options}, async subject => {
					const place = await freshPlace(subject);
					const figures = await measureSending(stage.minio, [{builder, place}], options.report);
					await removeStored(stage.minio, place.bucket, place.prefix);
					const perGiB = (figures.serverCpuSeconds ?? 0) / (builder.layerBytes / gibibyte);
					return {[`1 layer of ${gibibytes} GiB, 0 ms`]: place.server ? {...figures, cpuSecondsPerGiB: perGiB} : figures};
				});
			});
			trials.push(...more);
		}
		return trials;
	},
};

const gibibyte = 1024 ** 3;
