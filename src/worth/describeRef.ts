/** `refs show`: what a ref is made of, what each layer is for, who else has it, and whether anybody fetches it. */
import type {Descriptor, Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {CacheForm} from '../cache/cacheDocument.ts';
import {describeLayers, type LayerUse} from '../cache/describeLayers.ts';
import type {WorthGround} from './ground.ts';
import {isExclusive, recentFetches, uncompressedOf} from './layerFacts.ts';
import type {RefContent} from './refContent.ts';
import {describeSteps, type StepDescription} from './steps.ts';

/** JSON as it is: times are ISO 8601, by the store's clock where nothing else is said; bytes as stored. */
export type RefDescription = {
	repository: RepositoryName;
	tag: Tag;
	kind: RefContent['kind'];
	/** What was pushed to it and counts; several for a tag that merges. */
	digests: readonly Digest[];
	/** The last push. */
	pushedAt?: string;
	/** Of caches. */
	form?: CacheForm;
	/** Everything that it leads to, its manifests and configs too; each object once. */
	bytes: number;
	/** Of those, what only this ref keeps alive. */
	exclusiveBytes: number;
	/** The exclusive ones, and its part of those that it shares. */
	shareBytes: number;
	/** What was pushed to it before, and is kept for imports that are under way. */
	superseded: {manifests: number /** That no ref leads to. */; bytes: number};
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
	/** Other refs of the repository that lead to it, in byte order. */
	sharedWith: readonly Tag[];
	/** No other ref leads to it. */
	exclusive: boolean;
	/** The steps one of whose results has this layer; none where nothing needs it. */
	neededBy: readonly StepDescription[];
	/** How many of those have no other result. */
	lostWithout: number;
};

export const describeRef = (content: RefContent, ground: WorthGround, {recentDays}: {recentDays: number}): RefDescription => {
	const {repo, tag, digests, kind, cache, problems} = content;
	const {inventory, holdings} = ground;
	const holding = holdings.of(tag);
	const uses = new Map((cache ? describeLayers(cache) : []).map(use => [use.digest, use]));
	const steps = describeSteps(cache);
	const pushedAt = pushedAtOf(content, ground);
	const layerDescription = (layer: Descriptor, use: LayerUse | undefined): LayerDescription => {
		const {digest, mediaType, size} = layer;
		const blob = inventory.blobs.get(digest);
		const usage = ground.fetches.get(digest);
		const uncompressed = uncompressedOf(layer);
		return {
			digest,
			mediaType,
			size,
			present: blob !== undefined,
			...(blob && {storedAt: blob.modified.toISOString()}),
			...(use?.createdAt && {createdAt: use.createdAt}),
			...(use?.description && {description: use.description}),
			...(uncompressed && {uncompressed}),
			fetches: usage?.fetches ?? 0,
			recentFetches: recentFetches(usage, ground.now, recentDays),
			...(usage?.lastFetched && {lastFetchedAt: usage.lastFetched.toISOString()}),
			sharedWith: holdings.holdersOf(digest).filter(holder => holder !== tag),
			exclusive: isExclusive(holdings, tag, digest),
			neededBy: (use?.neededBy ?? []).map(record => steps.get(record) ?? {digest: record}),
			lostWithout: use?.lostWithout.length ?? 0,
		};
	};

	return {
		repository: repo,
		tag,
		kind,
		digests,
		...(pushedAt && {pushedAt: pushedAt.toISOString()}),
		...(cache && kind === 'cache' && {form: cache.form}),
		bytes: holding?.bytes ?? 0,
		exclusiveBytes: holding?.exclusiveBytes ?? 0,
		shareBytes: holding?.shareBytes ?? 0,
		superseded: supersededOf(content, ground),
		records: steps.size,
		recentDays,
		layers: content.layers.map(layer => layerDescription(layer, uses.get(layer.digest))),
		problems,
	};
};

const pushedAtOf = ({tag}: RefContent, {inventory}: WorthGround): Date | undefined => {
	const entry = inventory.tags.get(tag);
	const pushes = [...inventory.heads.filter(head => head.tag === tag), ...(entry && !entry.deleted ? [entry] : [])];
	return pushes.map(({pushedAt}) => pushedAt).reduce<Date | undefined>((last, at) => (last && last >= at ? last : at), undefined);
};

/** Blobs that only the earlier manifests reference, and those manifests, which no ref leads to. */
const supersededOf = ({tag}: RefContent, {inventory, holdings}: WorthGround): RefDescription['superseded'] => {
	const previous = (inventory.tags.get(tag)?.previous ?? []).flatMap(({digest}) => {
		const manifest = inventory.manifests.get(digest);
		return manifest && holdings.holdersOf(digest).length === 0 ? [manifest] : [];
	});
	const blobs = new Set(previous.flatMap(({references}) => references.map(({digest}) => digest)));
	let bytes = previous.reduce((sum, {size}) => sum + size, 0);
	for (const digest of blobs) if (holdings.holdersOf(digest).length === 0) bytes += inventory.blobs.get(digest)?.size ?? 0;
	return {manifests: previous.length, bytes};
};
