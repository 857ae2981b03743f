/** A whole cache sent to a place where none of it is: ten layers of all sizes, or a hundred small ones, near S3 and far from it. */
import {fillBuilder} from '../cacheTransfer.ts';
import {createLayers, type LayerSet, layerSets} from '../contexts.ts';
import {type BenchOptions, forEachLatency, type Scenario} from '../scenario.ts';
import {compareSubjects, onStage} from '../stage.ts';
import {freshPlace} from '../subjects.ts';
import {measureSending} from '../transferCost.ts';
import type {Trial} from '../trials.ts';
import {transferFigures} from './figures.ts';

export const exportScenario: Scenario = {
	title: 'Sending a cache',
	method: [
		'A `mode=max` cache is sent to a place where none of it is. It was built and compressed once, on one builder, so that',
		'nothing but the sending takes time; the time is what BuildKit gives for "sending cache export" (`--progress=rawjson`).',
		'Ten layers are 193 MB after gzip, from 4 kB to 64 MB each. A hundred layers are those of nine stages and of the result,',
		'from 2 to 300 kB each but for the 1 MB of busybox. layercache is one process throughout and gets a new repository each',
		'time. CNCF Distribution keeps a layer once for all repositories, so it gets an empty bucket and a new process each',
		'time, and one small push to warm up. `type=s3` gets a new prefix. After each export the bytes in the bucket are',
		'compared with the layers.',
	].join('\n'),
	figures: transferFigures,
	ratios: [{figure: 'sendingSeconds', bases: ['type-s3', 'distribution']}],
	async run(options) {
		const trials: Trial[] = [];
		for (const layers of options.layers ?? (['ten', 'hundred'] as const)) trials.push(...(await runLayers(options, layers)));
		return trials;
	},
};

const runLayers = (options: BenchOptions, layers: LayerSet): Promise<Trial[]> =>
	onStage(async stage => {
		const builder = await fillBuilder(stage.scope, await createLayers(stage.scope, layerSets[layers]));
		options.report(`${builder.layers.length} layers, ${builder.layerBytes} bytes compressed`);
		return forEachLatency(options, roundTripMs =>
			compareSubjects(stage, {roundTripMs, usualRounds: 7, options}, async subject => {
				const place = await freshPlace(subject);
				const figures = await measureSending(stage.minio, [{builder, place}], options.report);
				return {[`${builder.layers.length} layers, ${roundTripMs} ms`]: figures};
			}),
		);
	});
