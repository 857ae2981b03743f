/** What each layer of a cache is for. */
import type {Descriptor, Digest} from 'oci-spec-types';
import type {CacheLayer} from './cacheConfig.ts';
import type {CacheDocument} from './cacheDocument.ts';
import {merge} from './merge.ts';

/** `neededBy`: records with a result that has this layer; `lostWithout`: those that have no other result. Both by digest. */
export type LayerUse = {
	digest: Digest;
	/** Bytes as stored. */
	size: number;
	/** RFC 3339. */
	createdAt?: string;
	/** The line of the Dockerfile, where BuildKit wrote it down. */
	description?: string;
	neededBy: readonly Digest[];
	lostWithout: readonly Digest[];
};

/** Each layer that the manifest offers, once and in its order; one that nothing needs has empty lists. */
export const describeLayers = (document: CacheDocument): LayerUse[] => {
	const {config} = merge([document]);
	const neededBy = new Map<Digest, Set<Digest>>();
	const lostWithout = new Map<Digest, Set<Digest>>();
	for (const {digest, results} of config.records) {
		const needs = results.map(({layer}) => blobsOf(config.layers, layer));
		for (const blob of new Set(needs.flatMap(blobs => [...blobs]))) {
			note(neededBy, blob, digest);
			if (needs.every(blobs => blobs.has(blob))) note(lostWithout, blob, digest);
		}
	}
	const offered = new Map(document.layers.map(layer => [layer.digest, layer]));
	return [...offered.values()].map(layer => ({
		...factsOf(layer),
		neededBy: [...(neededBy.get(layer.digest) ?? [])],
		lostWithout: [...(lostWithout.get(layer.digest) ?? [])],
	}));
};

const blobsOf = (layers: readonly CacheLayer[], top: number): ReadonlySet<Digest> => {
	const blobs = new Set<Digest>();
	for (let layer = layers[top]; layer; layer = layers[layer.parent]) blobs.add(layer.blob);
	return blobs;
};

const note = (records: Map<Digest, Set<Digest>>, blob: Digest, record: Digest): void => {
	const known = records.get(blob);
	if (known) known.add(record);
	else records.set(blob, new Set([record]));
};

// BuildKit: cache/refs.go and util/imageutil name the annotations.
const factsOf = ({digest, size, annotations}: Descriptor) => {
	const createdAt = annotations?.['buildkit/createdat'];
	const description = annotations?.['buildkit/description'];
	return {digest, size, ...(createdAt && {createdAt}), ...(description && {description})};
};
