/** `refs show`: what a ref is made of, what each layer is for, who else has it, and whether anybody fetches it. */
import type {Descriptor, Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {CacheForm} from '../cache/cacheDocument.ts';
import {describeLayers, type LayerUse} from '../cache/describeLayers.ts';
import type {WorthGround} from './ground.ts';
import {recentFetches, uncompressedOf} from './layerFacts.ts';
import type {RefContent} from './refContent.ts';
import {describeSteps, type StepDescription} from './steps.ts';

/** JSON as it is: times are ISO 8601, by the store's clock where nothing else is said; bytes as stored. */
export type RefDescription = {
	repository: RepositoryName;
	tag: Tag;
	kind: RefContent['kind'];
	/** What was pushed to it and counts; several for a tag that merges. */
	digests: readonly Digest[];
	/** Of caches. */
	form?: CacheForm;
	/** Steps that its caches know, with or without a layer of their own. */
	records: number;
	/** `recentFetches` are those of so many days. */
	recentDays: number;
	layers: readonly LayerDescription[];
	/** Sentences: which of its manifests or configs could not be read, and why. */
	problems: readonly string[];
};

export type LayerDescription = {
	digest: Digest;
	mediaType: string;
	/** Bytes as stored. */
	size: number;
	/** False where the blob is gone: importers get the cache without it. */
	present: boolean;
	/** When the blob was pushed last. */
	storedAt?: string;
	/** When a builder made it, by that builder's clock. */
	createdAt?: string;
	/** The line of the Dockerfile, where BuildKit wrote it down. */
	description?: string;
	/** The digest of its content. */
	uncompressed?: Digest;
	fetches: number;
	recentFetches: number;
	lastFetchedAt?: string;
	/** Other refs of the repository that keep it alive. */
	sharedWith: readonly Tag[];
	/** None does: it goes with this one. */
	exclusive: boolean;
	/** The steps one of whose results has this layer; none where nothing needs it. */
	neededBy: readonly StepDescription[];
	/** How many of those have no other result. */
	lostWithout: number;
};

export const describeRef = (content: RefContent, ground: WorthGround, {recentDays}: {recentDays: number}): RefDescription => {
	const {repo, tag, digests, kind, cache, problems} = content;
	const {inventory} = ground;
	const uses = new Map((cache ? describeLayers(cache) : []).map(use => [use.digest, use]));
	const steps = describeSteps(cache);
	const layerDescription = (layer: Descriptor, use: LayerUse | undefined): LayerDescription => {
		const {digest, mediaType, size} = layer;
		const blob = inventory.blobs.get(digest);
		const usage = ground.usage.get(digest);
		const uncompressed = uncompressedOf(layer);
		const sharedWith = ground.holdersOf(digest).filter(holder => holder !== tag);
		return {
			digest,
			mediaType,
			size,
			present: blob !== undefined,
			...(blob && {storedAt: blob.modified.toISOString()}),
			...(use?.createdAt && {createdAt: use.createdAt}),
			...(use?.description && {description: use.description}),
			...(uncompressed && {uncompressed}),
			fetches: usage.fetches,
			recentFetches: recentFetches(usage, ground.now, recentDays),
			...(usage.lastFetched && {lastFetchedAt: usage.lastFetched.toISOString()}),
			sharedWith,
			exclusive: sharedWith.length === 0,
			neededBy: (use?.neededBy ?? []).map(record => steps.get(record) ?? {digest: record}),
			lostWithout: use?.lostWithout.length ?? 0,
		};
	};

	return {
		repository: repo,
		tag,
		kind,
		digests,
		...(cache && kind === 'cache' && {form: cache.form}),
		records: steps.size,
		recentDays,
		layers: content.layers.map(layer => layerDescription(layer, uses.get(layer.digest))),
		problems,
	};
};
