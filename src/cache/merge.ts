/** Several caches as one: whatever is a hit in one of them is a hit in the union. */
import type {CacheInput, CacheRecord} from './cacheConfig.ts';
import type {CacheDocument} from './cacheDocument.ts';
import {recordsInOrder} from './cacheOrder.ts';
import {compareCreatedAt} from './createdAt.ts';
import {createMergedLayers, type MergedLayers} from './mergedLayers.ts';
import {type Step, sameSteps} from './sameSteps.ts';
import {withTypes} from './translate.ts';

/**
 * Every record and every result of each document, the same ones once; layers that no result needs are left out, and so
 * are results whose layers no document offers. The same documents make the same union in whatever order they come, and
 * a union merged with its sources is that union. It has the index form if one of them has it (BuildKit up to 0.11 reads
 * no other), and Docker's types if all have them. Merging a single document brings it into this order.
 */
export const merge = (documents: readonly CacheDocument[]): CacheDocument => {
	const types = documents.length > 0 && documents.every(document => document.types === 'docker') ? 'docker' : 'oci';
	const typed = documents.map(document => withTypes(document, types));
	const merged = createMergedLayers(typed);
	const united = unite(stepsOf(typed, merged));
	const {layers, positions, descriptors} = merged.ordered(united.flatMap(({results}) => [...results.keys()]));
	return {
		form: documents.some(({form}) => form === 'index') ? 'index' : 'manifest',
		types,
		config: {layers, records: orderedRecords(united, positions)},
		layers: descriptors,
	};
};

/** Links and layers are numbered through all documents. */
type StepWithResults = Step & {results: {layer: number; createdAt?: string | undefined}[]};

const stepsOf = (documents: readonly CacheDocument[], merged: MergedLayers): StepWithResults[] => {
	let count = 0;
	return documents.flatMap(({config}) => {
		const {layerOf, topOf} = merged.add(config.layers);
		const offset = count;
		count += config.records.length;
		return config.records.map(({digest, inputs, results, chains}) => ({
			digest,
			inputs: inputs.map(ways => ways.map(way => ({...way, link: way.link + offset}))),
			results: [
				...results.map(result => ({layer: layerOf(result), createdAt: result.createdAt})),
				...chains.map(chain => ({layer: topOf(chain), createdAt: chain.createdAt})),
			].filter(isOffered),
		}));
	});
};

const isOffered = <T extends {layer: number | undefined}>(result: T): result is T & {layer: number} => result.layer !== undefined;

/** `inputs`: the ways to meet each, without doubles. `results`: layers with the newest date of each. */
type UnitedStep = {digest: CacheRecord['digest']; inputs: Map<string, CacheInput>[]; results: Map<number, string | undefined>};

const unite = (steps: readonly StepWithResults[]): UnitedStep[] => {
	const {classes, count} = sameSteps(steps);
	const united: UnitedStep[] = Array(count);
	for (const [at, {digest, inputs, results}] of steps.entries()) {
		const number = classes[at] as number;
		const step = united[number] ?? {digest, inputs: inputs.map(() => new Map()), results: new Map()};
		united[number] = step;
		for (const [input, ways] of inputs.entries()) {
			for (const way of ways) {
				const link = classes[way.link] as number;
				step.inputs[input]?.set(`${link} ${way.selector ?? ''}`, {...way, link});
			}
		}
		for (const {layer, createdAt} of results) {
			const other = step.results.get(layer);
			if (!step.results.has(layer) || compareCreatedAt(createdAt, other) > 0) step.results.set(layer, createdAt);
		}
	}
	return united;
};

/** Sources first, then what needs only those, and so on; within a level by digest and inputs, which no two steps have in common. */
const orderedRecords = (united: readonly UnitedStep[], layerPositions: ReadonlyMap<number, number>): CacheRecord[] => {
	const positions = new Int32Array(united.length);
	const records: CacheRecord[] = [];
	for (const level of levelsOf(united)) {
		const rows = level.map(at => ({at, record: recordOf(united[at] as UnitedStep, positions, layerPositions)}));
		rows.sort((a, b) => compareSteps(a.record, b.record));
		for (const {at, record} of rows) {
			positions[at] = records.length;
			records.push(record);
		}
	}
	return records;
};

const levelsOf = (united: readonly UnitedStep[]): number[][] => {
	const linked = united.map(({inputs}) => ({inputs: inputs.map(ways => [...ways.values()])}));
	const order = recordsInOrder(linked);
	const levels = new Int32Array(united.length);
	for (const at of order) {
		for (const ways of linked[at]?.inputs ?? []) {
			for (const {link} of ways) levels[at] = Math.max(levels[at] as number, (levels[link] as number) + 1);
		}
	}
	return [...Map.groupBy(order, at => levels[at] as number)].sort(([a], [b]) => a - b).map(([, level]) => level);
};

const recordOf = (
	{digest, inputs, results}: UnitedStep,
	positions: Int32Array,
	layerPositions: ReadonlyMap<number, number>,
): CacheRecord => ({
	digest,
	inputs: inputs.map(ways => [...ways.values()].map(way => ({...way, link: positions[way.link] as number})).sort(compareInputs)),
	// The newest first: of several results with one date BuildKit keeps the first.
	results: [...results]
		.map(([layer, createdAt]) => ({layer: layerPositions.get(layer) as number, ...(createdAt && {createdAt})}))
		.sort((a, b) => compareCreatedAt(b.createdAt, a.createdAt) || a.layer - b.layer),
	chains: [],
});

const compareSteps = (a: Step, b: Step): number => {
	const byDigest = compareTexts(a.digest, b.digest) || a.inputs.length - b.inputs.length;
	if (byDigest !== 0) return byDigest;
	for (const [input, ways] of a.inputs.entries()) {
		const others = b.inputs[input] ?? [];
		for (const [position, way] of ways.entries()) {
			const other = others[position];
			const byWay = other ? compareInputs(way, other) : 1;
			if (byWay !== 0) return byWay;
		}
		if (others.length > ways.length) return -1;
	}
	return 0;
};

const compareInputs = (a: CacheInput, b: CacheInput): number => a.link - b.link || compareTexts(a.selector ?? '', b.selector ?? '');

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
