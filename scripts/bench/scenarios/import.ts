/** A builder that has nothing fetches a cache: the manifest, and all layers below a step that has changed. */
import {startBuildkitd} from '../../../test/e2e/harness/buildkitd.ts';
import {createScope} from '../../../test/e2e/harness/scope.ts';
import {build, type FilledBuilder, fillBuilder, sendCache} from '../cacheTransfer.ts';
import {changedDockerfile, createLayers, layerSets} from '../contexts.ts';
import {type Span, secondsOf, spanOver} from '../rawProgress.ts';
import {forEachLatency, type Scenario} from '../scenario.ts';
import {compareSubjects, onStage, type Stage} from '../stage.ts';
import {freshPlace, type Place} from '../subjects.ts';
import {costsOf} from '../transferCost.ts';
import type {Figures} from '../trials.ts';

export const importScenario: Scenario = {
	title: 'Fetching it',
	method: [
		'A builder with nothing in it imports the ten layers for a build whose inner stage has one more step, so that BuildKit',
		'fetches the eight layers below that (179 MB). The time is that of "importing cache manifest" plus the time from the',
		'first layer that is begun to the last that is there; unpacking is not in it. "Cold": the server has just started.',
		'"Warm": it has answered one such import before. Of the S3 requests eight are the builder\'s own, one for each layer:',
		'"its own S3 requests" are the rest.',
	].join('\n'),
	figures: {
		importAndFetchSeconds: {title: 'import and layers, s', digits: 3},
		importSeconds: {title: 'import alone, s', digits: 3},
		s3Requests: {title: 'S3 requests', digits: 0},
		ownRequests: {title: 'its own S3 requests', digits: 0},
		serverCpuSeconds: {title: "server's CPU, s", digits: 2},
		serverPeakMiB: {title: "server's peak, MiB", digits: 0},
	},
	ratios: [{figure: 'importAndFetchSeconds', bases: ['type-s3', 'distribution']}],
	run: options =>
		onStage(async stage => {
			const builder = await fillBuilder(stage.scope, await createLayers(stage.scope, layerSets.ten));
			return forEachLatency(options, roundTripMs =>
				compareSubjects(stage, {roundTripMs, usualRounds: 5, options}, async subject => {
					const place = await freshPlace(subject);
					await sendCache(builder, place.cacheTo);
					const restarted = await subject.restarted(place);
					const fetchOnce = () => measureImport(stage, builder, restarted, options.report);
					return {[`cold, ${roundTripMs} ms`]: await fetchOnce(), [`warm, ${roundTripMs} ms`]: await fetchOnce()};
				}),
			);
		}),
};

// The result's own two are not needed.
const layersOfResult = 2;

const measureImport = async (
	{minio}: Stage,
	{context, layers}: FilledBuilder,
	{cacheFrom, server}: Place,
	report: (line: string) => void,
): Promise<Figures> => {
	const scope = createScope();
	try {
		const builder = await startBuildkitd(scope);
		const options = [`--opt=filename=${changedDockerfile}`, `--import-cache=${cacheFrom}`];
		const {result, costs, requests} = await costsOf({minio, builders: [builder], server}, () => build(builder, context, options));
		report(`  ${requests}`);
		const {importing, fetched} = importOf(result);
		if (fetched.length !== layers.length - layersOfResult) throw new Error(`${fetched.length} layers were fetched`);
		const importSeconds = secondsOf(importing);
		const importAndFetchSeconds = importSeconds + secondsOf(spanOver(fetched));
		return {importAndFetchSeconds, importSeconds, ...costs, ownRequests: (costs.s3Requests ?? 0) - fetched.length};
	} finally {
		await scope.end();
	}
};

const importOf = (spans: ReadonlyMap<string, Span>) => {
	const [importing] = [...spans].filter(([title]) => title.startsWith('importing cache manifest')).map(([, span]) => span);
	if (!importing) throw new Error('BuildKit imported no cache');
	return {importing, fetched: [...spans].filter(([title]) => title.startsWith('sha256:')).map(([, span]) => span)};
};
