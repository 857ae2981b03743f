/** Which of the blobs that a cache names are gone. */
import {LRUCache} from 'lru-cache';
import type {Descriptor, Digest, RepositoryName} from 'oci-spec-types';
import type {Registry} from '../registry/registry.ts';

export type LayerHealth = ReturnType<typeof createLayerHealth>;

export type LayerHealthOptions = {
	/** For so long what was gone is believed to be gone, of one manifest; 0 asks each time. */
	lifetimeMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export const createLayerHealth = (registry: Registry, {lifetimeMs, elapsed}: LayerHealthOptions) => {
	const remembered =
		lifetimeMs > 0 ? new LRUCache<string, readonly Digest[]>({...aging(lifetimeMs, elapsed), max: rememberedCaches}) : undefined;

	/** Gone, or of another size than the manifest says, which is as bad. */
	const look = async (repo: RepositoryName, blobs: readonly Descriptor[]): Promise<readonly Digest[]> => {
		const wanted = new Map(blobs.map(({digest, size}) => [digest, size]));
		const sizes = await registry.statBlobs(repo, [...wanted.keys()]);
		return [...wanted].flatMap(([digest, size]) => (sizes.get(digest) === size ? [] : [digest])).toSorted();
	};

	return {
		/** In the order of their digests, each once. */
		look,

		/**
		 * The same for the blobs of one manifest, but those that were found gone are not looked for again for a while: a build
		 * misses a layer that has come back meanwhile, and nothing worse. A layer is never believed to be there for longer
		 * than the registry itself believes it.
		 */
		async missing(repo: RepositoryName, manifest: Digest, blobs: readonly Descriptor[]): Promise<readonly Digest[]> {
			const name = nameOf(repo, manifest);
			const known = remembered?.get(name) ?? [];
			const gone = new Set(known);
			const askedAt = elapsed();
			const newly = await look(
				repo,
				blobs.filter(({digest}) => !gone.has(digest)),
			);
			if (newly.length === 0) return known;
			const missing = known.length === 0 ? newly : await look(repo, blobs);
			remembered?.set(name, missing, {start: askedAt});
			return missing;
		},

		/** This manifest was pushed again: whoever did so has sent what was missing. */
		forget: (repo: RepositoryName, manifest: Digest): void => void remembered?.delete(nameOf(repo, manifest)),
	};
};

const nameOf = (repo: RepositoryName, manifest: Digest) => `${repo}@${manifest}`;

const aging = (ttl: number, now: () => number) => ({ttl, perf: {now}, ttlResolution: 0});

const rememberedCaches = 1000;
