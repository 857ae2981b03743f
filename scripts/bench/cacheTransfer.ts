/** One builder that has built everything already: only what it sends or fetches as a cache takes time. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {type Buildkitd, startBuildkitd} from '../../test/e2e/harness/buildkitd.ts';
import {exec} from '../../test/e2e/harness/exec.ts';
import type {Descriptor, ManifestDocument} from '../../test/e2e/harness/registryClient.ts';
import type {Scope} from '../../test/e2e/harness/scope.ts';
import {removeTree, temporaryFolder} from '../../test/e2e/harness/temporaryFolder.ts';
import {tool} from '../tools.ts';
import {parseProgress, type Span, sendingCache} from './rawProgress.ts';

export interface FilledBuilder extends Buildkitd {
	readonly context: string;
	/** Of the cache that it exports, compressed. */
	readonly layers: readonly Descriptor[];
	readonly layerBytes: number;
}

/** Builds, and exports once to a folder: that compresses all layers, and tells what they are. */
export const fillBuilder = async (scope: Scope, context: string): Promise<FilledBuilder> => {
	const builder = await startBuildkitd(scope);
	const folder = await temporaryFolder(scope, 'cache');
	await build(builder, context, [`--export-cache=type=local,dest=${folder},mode=max`]);
	const layers = await layersOf(folder);
	await removeTree(folder);
	return {...builder, context, layers, layerBytes: layers.reduce((sum, {size}) => sum + size, 0)};
};

/** The time that BuildKit itself prints for "sending cache export". */
export const sendCache = async (builder: FilledBuilder, cacheTo: string): Promise<Span> => {
	const span = (await build(builder, builder.context, [`--export-cache=${cacheTo}`])).get(sendingCache);
	if (!span) throw new Error('BuildKit did not say how long it took to send the cache');
	return span;
};

/** Every step of a build by its name; a build that fails throws. */
export const build = async (builder: Buildkitd, context: string, options: readonly string[]): Promise<Map<string, Span>> => {
	const args = [
		...['--addr', builder.address, 'build', '--progress=rawjson', '--frontend=dockerfile.v0'],
		...[`--local=context=${context}`, `--local=dockerfile=${context}`, ...options],
	];
	const {exitCode, output} = await exec(await tool('buildctl'), args, {timeoutSeconds: 600});
	// What was asked for may carry keys, so it is not repeated here.
	if (exitCode !== 0) throw new Error(`the build ended with ${exitCode}:\n${readable(output).slice(-4000)}`);
	return parseProgress(output);
};

const readable = (output: string) =>
	output
		.split('\n')
		.filter(line => !line.startsWith('{') || line.includes('"error"'))
		.join('\n');

const layersOf = async (folder: string): Promise<readonly Descriptor[]> => {
	const read = async <T>(path: string): Promise<T> => JSON.parse(await readFile(join(folder, path), 'utf8'));
	const {manifests = []} = await read<ManifestDocument>('index.json');
	const {layers = []} = await read<ManifestDocument>(`blobs/${manifests[0]?.digest.replace(':', '/')}`);
	return layers;
};
