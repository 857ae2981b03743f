/** Near-duplicates of a repository: the same content compressed in several ways, and the same step with several results. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import {compareCreatedAt} from '../cache/createdAt.ts';
import {uncompressedOf} from './layerFacts.ts';
import type {RefContent} from './refContent.ts';
import {numberedSteps, type StepResult} from './steps.ts';

/** Each list begins with what wastes most. What is on one list may be on the other too. */
export type NearDuplicates = {
	repository: RepositoryName;
	/** The same content as several blobs. */
	compressions: readonly CompressedOften[];
	/** Steps that were run several times, with results that differ in their dates at least (moby/buildkit#6348). */
	steps: readonly RunOften[];
};

/** `wastedBytes`: all but the smallest of them. */
export type CompressedOften = {
	uncompressed: Digest;
	copies: readonly {digest: Digest; size: number; mediaType: string; tags: readonly Tag[]}[];
	wastedBytes: number;
};

/** `results` newest first, which is the one that BuildKit takes; `wastedBytes`: layers that only the others have. */
export type RunOften = {
	record: Digest;
	results: readonly {createdAt?: string; layers: readonly Digest[]; bytes: number; tags: readonly Tag[]}[];
	wastedBytes: number;
};

/** `contents`: of the refs of one repository. */
export const nearDuplicates = (repository: RepositoryName, contents: readonly RefContent[]): NearDuplicates => ({
	repository,
	compressions: compressedOften(contents),
	steps: runOften(contents),
});

type Copy = {digest: Digest; size: number; mediaType: string; tags: Tag[]};

const compressedOften = (contents: readonly RefContent[]): CompressedOften[] => {
	const copies = new Map<Digest, Map<Digest, Copy>>();
	for (const {tag, layers} of contents) {
		for (const layer of layers) {
			const uncompressed = uncompressedOf(layer);
			if (!uncompressed) continue;
			const {digest, size, mediaType} = layer;
			const ofContent = inMap(copies, uncompressed, () => new Map<Digest, Copy>());
			inMap(ofContent, digest, () => ({digest, size, mediaType, tags: []})).tags.push(tag);
		}
	}
	return [...copies]
		.filter(([, ofContent]) => ofContent.size > 1)
		.map(([uncompressed, ofContent]) => {
			const bySize = [...ofContent.values()].sort((a, b) => a.size - b.size);
			return {uncompressed, copies: bySize, wastedBytes: sum(bySize.slice(1))};
		})
		.sort(mostWasted);
};

type Run = StepResult & {tags: Tag[]};

const runOften = (contents: readonly RefContent[]): RunOften[] => {
	const runs = new Map<number, {record: Digest; results: Map<string, Run>}>();
	for (const [at, steps] of numberedSteps(contents.map(({cache}) => cache)).entries()) {
		for (const [number, {digest: record, results}] of steps) {
			const ofStep = inMap(runs, number, () => ({record, results: new Map<string, Run>()}));
			for (const result of results) noteRun(ofStep.results, result, contents[at]?.tag as Tag);
		}
	}
	return [...runs.values()]
		.filter(({results}) => results.size > 1)
		.map(({record, results}) => {
			const newestFirst = [...results.values()].sort((a, b) => compareCreatedAt(b.createdAt, a.createdAt));
			const kept = new Set(newestFirst[0]?.layers.map(({digest}) => digest));
			const others = new Map(newestFirst.flatMap(({layers}) => layers).map(layer => [layer.digest, layer]));
			return {
				record,
				results: newestFirst.map(({layers, ...run}) => ({...run, layers: layers.map(({digest}) => digest), bytes: sum(layers)})),
				wastedBytes: sum([...others.values()].filter(({digest}) => !kept.has(digest))),
			};
		})
		.sort(mostWasted);
};

/** Results with the very same layers are one, however many refs have it: the newest of their dates counts. */
const noteRun = (runs: Map<string, Run>, result: StepResult, tag: Tag): void => {
	const name = result.layers.map(({digest}) => digest).join(' ');
	const known = inMap(runs, name, () => ({...result, tags: []}));
	if (!known.tags.includes(tag)) known.tags.push(tag);
	if (result.createdAt && compareCreatedAt(result.createdAt, known.createdAt) > 0) known.createdAt = result.createdAt;
};

const inMap = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
	const known = map.get(key);
	if (known !== undefined) return known;
	const made = make();
	map.set(key, made);
	return made;
};

const sum = (rows: readonly {size: number}[]): number => rows.reduce((total, {size}) => total + size, 0);

const mostWasted = (a: {wastedBytes: number}, b: {wastedBytes: number}) => b.wastedBytes - a.wastedBytes;
