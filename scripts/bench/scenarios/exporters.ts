/** One builder that sends its cache, and eight that do so at once. */
import {type FilledBuilder, fillBuilder} from '../cacheTransfer.ts';
import {createLayers, layerSets} from '../contexts.ts';
import {forEachLatency, type Scenario} from '../scenario.ts';
import {compareSubjects, onStage} from '../stage.ts';
import {removeStored} from '../storedBytes.ts';
import type {Subject} from '../subjects.ts';
import {measureSending} from '../transferCost.ts';
import {transferFigures} from './figures.ts';

export const exportersScenario: Scenario = {
	title: 'Several builders at once',
	method: [
		'Each builder is a BuildKit daemon of its own with ten layers of its own (193 MB each), and sends them to a repository',
		'or prefix of its own, on the same server. The time is from the first that begins "sending cache export" to the last',
		'that ends it. All builders, the server and MinIO share the two cores.',
	].join('\n'),
	figures: transferFigures,
	ratios: [{figure: 'sendingSeconds', bases: ['type-s3', 'distribution']}],
	run: options =>
		onStage(async stage => {
			const builders: FilledBuilder[] = [];
			for (let index = 0; index < mostBuilders; index++)
				builders.push(await fillBuilder(stage.scope, await createLayers(stage.scope, layerSets.ten)));
			return forEachLatency(options, roundTripMs => {
				const sendFrom = async (count: number, subject: Subject) => {
					const places = await subject.freshPlaces(count);
					const transfers = places.flatMap((place, index) => (builders[index] ? [{place, builder: builders[index]}] : []));
					const figures = await measureSending(stage.minio, transfers, options.report);
					for (const {bucket, prefix} of places) await removeStored(stage.minio, bucket, prefix);
					return figures;
				};
				return compareSubjects(stage, {roundTripMs, usualRounds: 3, options}, async subject => ({
					[`1 builder, ${roundTripMs} ms`]: await sendFrom(1, subject),
					[`${mostBuilders} builders, ${roundTripMs} ms`]: await sendFrom(mostBuilders, subject),
				}));
			});
		}),
};

const mostBuilders = 8;
