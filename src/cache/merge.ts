/** Several caches as one: whatever is a hit in one of them is a hit in the union. */
import type {CacheRecord, CacheResult} from './cacheConfig.ts';
import type {CacheDocument} from './cacheDocument.ts';
import {compareCreatedAt} from './createdAt.ts';
import {createMergedLayers, type MergedLayers} from './mergedLayers.ts';
import {compareSteps} from './numberedSteps.ts';
import {withTypes} from './translate.ts';
import {type UnitedSteps, uniteSteps} from './unitedSteps.ts';

/**
 * Every record and every result of each document, the same ones once; layers that no result needs are left out, and so
 * are results whose layers no document offers. The same documents make the same union in whatever order they come, and
 * a union merged with its sources is that union. It has the index form if one of them has it (BuildKit up to 0.11 reads
 * no other), and Docker's types if all have them. Merging a single document brings it into this order.
 */
export const merge = (documents: readonly CacheDocument[]): CacheDocument => {
	const [first, ...others] = documents;
	if (first && others.length === 0 && mergedBefore.has(first)) return first;
	const types = documents.length > 0 && documents.every(document => document.types === 'docker') ? 'docker' : 'oci';
	const typed = documents.map(document => withTypes(document, types));
	const united = uniteSteps(typed.map(({config}) => config.records));
	const mergedLayers = createMergedLayers(typed);
	const results = uniteResults(typed, mergedLayers, united);
	const {layers, positions, descriptors} = mergedLayers.ordered(
		results.filter(ofStep => ofStep !== noResults).flatMap(ofStep => [...ofStep.keys()]),
	);
	const merged: CacheDocument = {
		form: documents.some(({form}) => form === 'index') ? 'index' : 'manifest',
		types,
		config: {layers, records: orderedRecords(united, results, positions)},
		layers: descriptors,
	};
	mergedBefore.add(merged);
	return merged;
};

/** What merging one of these would give is known: itself. */
const mergedBefore = new WeakSet<CacheDocument>();

/** Layers, as `mergedLayers` numbers them, with the newest date of each. */
type Results = Map<number, string | undefined>;

const noResults: Results = new Map();
const none: readonly never[] = [];

/** For each step the results of all records that it is. */
const uniteResults = (documents: readonly CacheDocument[], mergedLayers: MergedLayers, {stepOf, levels}: UnitedSteps): Results[] => {
	// Most steps have no results of their own.
	const united: Results[] = Array.from(levels, () => noResults);
	let at = 0;
	for (const {config} of documents) {
		const {layerOf, topOf} = mergedLayers.add(config.layers);
		for (const {results, chains} of config.records) {
			const step = stepOf[at++] as number;
			for (const result of results) united[step] = withResult(united[step] as Results, layerOf(result), result.createdAt);
			for (const chain of chains) united[step] = withResult(united[step] as Results, topOf(chain), chain.createdAt);
		}
	}
	return united;
};

const withResult = (results: Results, layer: number | undefined, createdAt: string | undefined): Results => {
	if (layer === undefined || (results.has(layer) && compareCreatedAt(createdAt, results.get(layer)) <= 0)) return results;
	return results === noResults ? new Map([[layer, createdAt]]) : results.set(layer, createdAt);
};

/** Sources first, then what needs only those, and so on; within a level by digest and inputs, which no two steps have in common. */
const orderedRecords = (
	{levels, format}: UnitedSteps,
	results: readonly Results[],
	layerPositions: ReadonlyMap<number, number>,
): CacheRecord[] => {
	const positions = new Int32Array(levels.length);
	const records: CacheRecord[] = [];
	const byLevel = Map.groupBy(levels.keys(), at => levels[at] as number);
	for (let level = 0; byLevel.has(level); level++) {
		const rows = (byLevel.get(level) ?? []).map(at => ({at, step: format(at, positions)}));
		for (const {at, step} of rows.sort((a, b) => compareSteps(a.step, b.step))) {
			positions[at] = records.length;
			const {digest, inputs} = step;
			records.push({digest, inputs, results: orderedResults(results[at] as Results, layerPositions), chains: none});
		}
	}
	return records;
};

/** The newest first: of several with one date BuildKit keeps the first. */
const orderedResults = (results: Results, layerPositions: ReadonlyMap<number, number>): readonly CacheResult[] => {
	if (results.size === 0) return none;
	return [...results]
		.map(([layer, createdAt]) => ({layer: layerPositions.get(layer) as number, ...(createdAt && {createdAt})}))
		.sort((a, b) => compareCreatedAt(b.createdAt, a.createdAt) || a.layer - b.layer);
};
