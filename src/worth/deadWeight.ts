/** Dead weight: layers of a cache that nobody fetches, and what the cache would be without them. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {CacheConfig, CacheResult} from '../cache/cacheConfig.ts';
import {merge} from '../cache/merge.ts';
import {dayMs} from '../lib/days.ts';
import type {WorthGround} from './ground.ts';
import type {RefContent} from './refContent.ts';

export type DeadWeight = {
	repository: RepositoryName;
	tag: Tag;
	/** `unfetched` are layers that were not fetched for so many days, and have been there for as long. */
	days: number;
	unfetched: Saving & {layers: readonly UnfetchedLayer[]};
	/** What the cache would lose with `mode=min`: everything that only steps before the last one need. */
	modeMin: Saving;
	/** What would go with the records whose results have an unfetched layer: those layers, and what only lies below them. */
	withoutRecords: Saving;
};

/** `exclusiveBytes`: those of layers that no other ref keeps alive, so that they would be gone from the store too. */
export type Saving = {
	layers: readonly {digest: Digest; size: number}[];
	bytes: number;
	exclusiveBytes: number /** Steps that would have no result left. */;
	records: number;
};

export type UnfetchedLayer = {digest: Digest; size: number; storedAt: string; lastFetchedAt?: string};

/** Undefined for a ref that is no cache, nor has one. */
export const deadWeight = (content: RefContent, ground: WorthGround, {days}: {days: number}): DeadWeight | undefined => {
	if (!content.cache) return undefined;
	const {config} = merge([content.cache]);
	const unfetched = unfetchedLayers(content, ground, days);
	const isUnfetched = new Set(unfetched.map(({digest}) => digest));
	const final = finalRecords(config);
	const saving = (layers: Saving['layers'], records: number): Saving => ({
		layers,
		bytes: bytesOf(layers),
		exclusiveBytes: bytesOf(layers.filter(({digest}) => ground.holdersOf(digest).every(holder => holder === content.tag))),
		records,
	});

	/** What is left without some of the results. */
	const without = (isDropped: (result: CacheResult, record: number) => boolean): Saving => {
		const left = config.records.map(({results}, record) => results.filter(result => !isDropped(result, record)));
		const needed = new Set(left.flat().flatMap(({layer}) => blobsBelow(config, layer)));
		const lost = left.filter((results, record) => results.length === 0 && config.records[record]?.results.length !== 0).length;
		return saving(sizesOf(content.layers.filter(({digest}) => !needed.has(digest))), lost);
	};

	const withoutRecords = without(({layer}) => blobsBelow(config, layer).some(blob => isUnfetched.has(blob)));
	return {
		repository: content.repo,
		tag: content.tag,
		days,
		unfetched: {...saving(unfetched, withoutRecords.records), layers: unfetched},
		modeMin: without((_, record) => !final.has(record)),
		withoutRecords,
	};
};

const unfetchedLayers = ({layers}: RefContent, {inventory, usage, now}: WorthGround, days: number): UnfetchedLayer[] => {
	const before = new Date(now.getTime() - days * dayMs);
	return layers.flatMap(({digest, size}) => {
		const blob = inventory.blobs.get(digest);
		const lastFetched = usage.get(digest).lastFetched;
		// What is gone weighs nothing, and what has just come may yet be wanted.
		if (!blob || blob.modified > before || (lastFetched && lastFetched > before)) return [];
		return [{digest, size, storedAt: blob.modified.toISOString(), ...(lastFetched && {lastFetchedAt: lastFetched.toISOString()})}];
	});
};

/**
 * The records whose results `mode=min` exports. From the last step down every path, the first record that has a result
 * has its layers exported; below it only what needs no export, since its layers lie in a registry already: which those
 * are, no config tells, so they count as saved (BuildKit: solver/exporter.go, ExportTo, where CacheExportModeMin becomes
 * CacheExportModeRemoteOnly). The last steps are those that no other one needs: of a union there are several.
 */
const finalRecords = ({records}: CacheConfig): ReadonlySet<number> => {
	const needed = new Set(records.flatMap(({inputs}) => inputs.flat().map(({link}) => link)));
	const waiting = [...records.keys()].filter(record => !needed.has(record));
	const seen = new Set(waiting);
	const final = new Set<number>();
	for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
		const {results, inputs} = records[at] ?? {results: [], inputs: []};
		if (results.length > 0) final.add(at);
		else {
			for (const {link} of inputs.flat()) {
				if (!seen.has(link)) waiting.push(link);
				seen.add(link);
			}
		}
	}
	return final;
};

const blobsBelow = ({layers}: CacheConfig, top: number): Digest[] => {
	const blobs: Digest[] = [];
	for (let layer = layers[top]; layer; layer = layers[layer.parent]) blobs.push(layer.blob);
	return blobs;
};

const sizesOf = (layers: RefContent['layers']): Saving['layers'] => layers.map(({digest, size}) => ({digest, size}));

const bytesOf = (layers: Saving['layers']): number => layers.reduce((sum, {size}) => sum + size, 0);
