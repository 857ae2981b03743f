/** A cache sent again unchanged, to a server that remembers the first time and to one that has just started. */
import {fillBuilder} from '../cacheTransfer.ts';
import {createLayers, layerSets} from '../contexts.ts';
import {forEachLatency, type Scenario} from '../scenario.ts';
import {compareSubjects, onStage} from '../stage.ts';
import {freshPlace, type Place} from '../subjects.ts';
import {measureSending} from '../transferCost.ts';
import {transferFigures} from './figures.ts';

export const reexportScenario: Scenario = {
	title: 'Sending it again, unchanged',
	method: [
		'The ten layers are sent, and then sent again to the same place: "warm" to the server that has just taken them in,',
		'"cold" after that to a new process of it, which has answered nothing before. `type=s3` has no server, so its two',
		'rows differ by chance alone.',
	].join('\n'),
	figures: transferFigures,
	ratios: [{figure: 'sendingSeconds', bases: ['type-s3', 'distribution']}],
	run: options =>
		onStage(async stage => {
			const builder = await fillBuilder(stage.scope, await createLayers(stage.scope, layerSets.ten));
			return forEachLatency(options, roundTripMs =>
				compareSubjects(stage, {roundTripMs, usualRounds: 5, options}, async subject => {
					const place = await freshPlace(subject);
					const sendTo = (one: Place) => measureSending(stage.minio, [{builder, place: one}], options.report);
					await sendTo(place);
					return {
						[`warm, ${roundTripMs} ms`]: await sendTo(place),
						[`cold, ${roundTripMs} ms`]: await sendTo(await subject.restarted(place)),
					};
				}),
			);
		}),
};
