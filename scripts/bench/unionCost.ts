/** What a union costs: CPU time of reading, merging and writing 20 caches of 500 records, over that of JSON.parse and JSON.stringify of the same documents. */
import {type Digest, digestOf, mediaTypes, parseManifest} from 'oci-spec-types';
import {type CacheManifest, cacheConfigMediaType, parseCacheDocument, toManifest} from '../../src/cache/cacheDocument.ts';
import {merge} from '../../src/cache/merge.ts';
import {median} from './statistics.ts';

/** How many times as much CPU a union takes, `shared` of whose 500 records all have in common; medians of several rounds. */
const measure = (shared: number): {ratio: number; unionMs: number; jsonMs: number} => {
	const sources = Array.from({length: 20}, (_, branch) => cacheOf(branch, shared));
	const trials = Array.from({length: rounds}, () => {
		const jsonMs = cpuMs(() => throughJson(sources));
		const unionMs = cpuMs(() => throughUnion(sources));
		return {jsonMs, unionMs, ratio: unionMs / jsonMs};
	});
	const of = (key: 'ratio' | 'unionMs' | 'jsonMs') => median(trials.map(trial => trial[key]));
	return {ratio: of('ratio'), unionMs: of('unionMs'), jsonMs: of('jsonMs')};
};

const cpuMs = (work: () => void): number => {
	const before = process.cpuUsage();
	work();
	const {user, system} = process.cpuUsage(before);
	return (user + system) / 1000;
};

const throughJson = (sources: readonly CacheManifest[]): number =>
	sources
		.flatMap(({manifest, config}) => [manifest, config])
		.map(bytes => JSON.stringify(JSON.parse(new TextDecoder().decode(bytes))).length)
		.reduce((sum, length) => sum + length, 0);

/** What a replica does with the bytes once it has them. */
const throughUnion = (sources: readonly CacheManifest[]): number => {
	const documents = sources.map(({manifest, mediaType, config}) => parseCacheDocument(parseManifest(manifest, mediaType), config));
	return toManifest(merge(documents)).config.length;
};

const records = 500;

/** Steps in chains of 10, each on the one before and on a source; the first `shared` are those of every branch. Every fifth has a layer of its own. */
const cacheOf = (branch: number, shared: number): CacheManifest => {
	const nameOf = (at: number, kind: string) => digestOf(Buffer.from(`${kind} ${at} ${at < shared ? 'main' : branch}`));
	const steps = Array.from({length: records}, (_, at) => ({
		digest: nameOf(at, 'step'),
		...(at % 10 > 0 && {inputs: [[{link: at - 1}], [{selector: `/src/${at}`, link: at - (at % 10)}]]}),
		...(at % 5 === 4 && {layers: [{layer: Math.floor(at / 5), createdAt: `2026-11-${10 + (branch % 20)}T10:00:${10 + (at % 50)}Z`}]}),
	}));
	const layers = steps.filter(step => step.layers).map((_, at) => ({blob: nameOf(at * 5, 'layer'), parent: at % 2 === 0 ? -1 : at - 1}));
	return written(
		JSON.stringify({layers, records: steps}),
		layers.map(({blob}) => blob),
	);
};

const written = (text: string, blobs: readonly Digest[]): CacheManifest => {
	const config = Buffer.from(text);
	const configDescriptor = {mediaType: cacheConfigMediaType, digest: digestOf(config), size: config.length};
	const annotations = {'buildkit/createdat': '2026-11-01T10:00:00Z', 'containerd.io/uncompressed': digestOf(config)};
	const layers = blobs.map(digest => ({mediaType: mediaTypes.ociLayerGzip, digest, size: 1_000_000, annotations}));
	const manifest = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: configDescriptor, layers}));
	return {manifest, mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), config, configDescriptor};
};

const rounds = 15;

for (const shared of [500, 300, 0]) {
	const {ratio, unionMs, jsonMs} = measure(shared);
	console.log(
		`${shared} of ${records} records in common: ${ratio.toFixed(1)} times JSON (${unionMs.toFixed(0)} ms, JSON ${jsonMs.toFixed(0)} ms)`,
	);
}
