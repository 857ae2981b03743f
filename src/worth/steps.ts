/** The steps of caches: as people may recognise them, and which ones several caches have in common. */
import type {Descriptor, Digest} from 'oci-spec-types';
import type {CacheConfig, CacheResult} from '../cache/cacheConfig.ts';
import type {CacheDocument} from '../cache/cacheDocument.ts';
import {compareCreatedAt} from '../cache/createdAt.ts';
import {merge} from '../cache/merge.ts';
import {uniteSteps} from '../cache/unitedSteps.ts';

/** A record of the config. */
export type StepDescription = {
	digest: Digest;
	/** The line of the Dockerfile that made its uppermost layer, where BuildKit wrote it down. */
	description?: string;
	/** When its newest result was made, by the builder's clock. */
	createdAt?: string;
};

/** `results` are layers, uppermost first. */
export type Step = StepDescription & {results: readonly StepResult[]};
export type StepResult = {createdAt?: string; layers: readonly {digest: Digest; size: number}[]};

/**
 * The steps of each cache, by a number that is the same in all where BuildKit would take them for the same step. The
 * digest does not tell: one line of a Dockerfile has one digest, on whichever base it was run.
 */
export const numberedSteps = (caches: readonly (CacheDocument | undefined)[]): readonly ReadonlyMap<number, Step>[] => {
	const merged = caches.map(cache => cache && merge([cache]));
	const {stepOf} = uniteSteps(merged.map(cache => cache?.config.records ?? []));
	let at = 0;
	return merged.map(cache => {
		if (!cache) return new Map();
		const descriptors = new Map(cache.layers.map(layer => [layer.digest, layer]));
		return new Map(
			cache.config.records.map(({digest, results}) => [stepOf[at++] as number, stepWith(digest, results, cache.config, descriptors)]),
		);
	});
};

/** By the digest of their records; those of one digest are one here. */
export const describeSteps = (cache: CacheDocument | undefined): ReadonlyMap<Digest, StepDescription> => {
	const [steps] = numberedSteps([cache]);
	const described = new Map<Digest, StepDescription>();
	for (const {results: _, ...step} of steps?.values() ?? []) {
		const known = described.get(step.digest);
		if (!known || compareCreatedAt(step.createdAt, known.createdAt) > 0) described.set(step.digest, {...known, ...step});
	}
	return described;
};

const stepWith = (
	digest: Digest,
	results: readonly CacheResult[],
	config: CacheConfig,
	descriptors: ReadonlyMap<Digest, Descriptor>,
): Step => {
	const withLayers = results.map(({layer, createdAt}) => ({...(createdAt && {createdAt}), layers: layersFrom(layer, config, descriptors)}));
	const tops = withLayers.flatMap(({layers: [top]}) => (top ? [descriptors.get(top.digest)] : []));
	const description = tops.map(top => top?.annotations?.['buildkit/description']).find(line => line);
	// The newest comes first in what was merged.
	const createdAt = withLayers[0]?.createdAt;
	return {digest, ...(description && {description}), ...(createdAt && {createdAt}), results: withLayers};
};

const layersFrom = (top: number, {layers}: CacheConfig, descriptors: ReadonlyMap<Digest, Descriptor>): StepResult['layers'] => {
	const found: {digest: Digest; size: number}[] = [];
	for (let layer = layers[top]; layer; layer = layers[layer.parent])
		found.push({digest: layer.blob, size: descriptors.get(layer.blob)?.size ?? 0});
	return found;
};
