/** The caches that a tag's answer is made of: what was pushed to it, and what a rule adds. */
import {type Descriptor, type Digest, parseManifest, type RepositoryName, type Tag} from 'oci-spec-types';
import {cacheConfigOf, cacheLayersOf} from '../cache/cacheDocument.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import {newestFirst} from '../registry/newestFirst.ts';
import type {Lends, Registry, StoredManifest, TagFacts} from '../registry/registry.ts';
import {unlessUnknown} from '../registry/unlessUnknown.ts';
import {fairShare} from './fairShare.ts';
import {withinBytes} from './headBounds.ts';
import type {LayerHealth} from './layerHealth.ts';
import type {RefRules, TagSource} from './refBehaviour.ts';
import {withinReading} from './withinReading.ts';

/** A cache that can be served, but for its `missing` layers. `newest` pushes come first in a list of these. */
export type CacheSource = TagFacts & Cache & {stored: StoredManifest; missing: readonly Digest[]};

/** `other`: the tag names something that is no cache, which is answered as it is. */
export type TagContent = {other: StoredManifest} | {caches: readonly CacheSource[]};

export const createCacheSources = (registry: Registry, rules: RefRules, health: LayerHealth) => {
	/** Manifests never change; those that the registry remembers are the same object each time. */
	const parsed = new WeakMap<Uint8Array, {cache: Cache | undefined}>();
	const cacheOf = (stored: StoredManifest): Cache | undefined => {
		const known = parsed.get(stored.bytes) ?? {cache: parseCache(stored)};
		parsed.set(stored.bytes, known);
		return known.cache;
	};

	const load = async (repo: RepositoryName, facts: TagFacts): Promise<Loaded | undefined> => {
		const stored = await registry.getManifest(repo, facts.digest).catch(unlessUnknown);
		return stored && {...facts, stored, cache: cacheOf(stored)};
	};

	const loadAll = async (repo: RepositoryName, facts: readonly TagFacts[]): Promise<readonly Loaded[]> =>
		(await mapParallel(facts, parallelReads, one => load(repo, one))).filter(one => one !== undefined);

	/** Undefined where the config is gone, or every layer: then another cache is of more use. */
	const examine = async (repo: RepositoryName, {cache, ...source}: LoadedCache): Promise<CacheSource | undefined> => {
		const missing = await health.missing(repo, source.digest, [cache.config, ...cache.layers]);
		const gone = new Set(missing);
		if (gone.has(cache.config.digest) || (gone.size > 0 && cache.layers.every(({digest}) => gone.has(digest)))) return undefined;
		return {...source, ...cache, missing};
	};

	const othersOf = async (repo: RepositoryName, tag: Tag, union: readonly TagSource[], lends: Lends): Promise<readonly TagFacts[]> => {
		const others = union.filter(source => !('tag' in source) || (source.tag !== tag && lends(source.tag)));
		const isWanted = (other: Tag) => other !== tag && lends(other);
		if (others.length > fewSources) return registry.findTags(repo, wantedOf(others, isWanted));
		const found = await Promise.all(
			others.map(source => ('tag' in source ? registry.readTag(repo, source.tag) : registry.findTags(repo, wantedOf([source], isWanted)))),
		);
		return found.flat().toSorted(newestFirst);
	};

	return {
		cacheOf,

		/** What is there for this tag, its fallback aside, of tags that lend; undefined where there is nothing. */
		async of(repo: RepositoryName, tag: Tag, lends: Lends): Promise<TagContent | undefined> {
			const {union} = rules.behaviourOf(repo, tag);
			const [own, others] = await Promise.all([lends(tag) ? registry.readTag(repo, tag) : [], othersOf(repo, tag, union, lends)]);
			const mine = await loadAll(repo, own.slice(0, mostSources));
			if (mine[0] && !mine[0].cache) return {other: mine[0].stored};

			const loaded = [...mine, ...(await loadAll(repo, fairShare(others, mostSources)))].filter(isCache);
			const kept = withinBytes(
				eachOnce(loaded),
				({cache}) => cache.layers,
				other => rules.behaviourOf(repo, other).heads.bytes,
			);
			const bounded = withinReading(kept, ({cache}) => cache.config.size);
			const caches = await mapParallel(bounded, parallelReads, source => examine(repo, source));
			const whole = caches.filter(cache => cache !== undefined);
			return whole.length > 0 ? {caches: whole} : undefined;
		},
	};
};

type Cache = {config: Descriptor; layers: readonly Descriptor[]};
type Loaded = TagFacts & {stored: StoredManifest; cache: Cache | undefined};
type LoadedCache = Loaded & {cache: Cache};

const isCache = (loaded: Loaded): loaded is LoadedCache => loaded.cache !== undefined;

const parseCache = ({bytes, mediaType}: StoredManifest): Cache | undefined => {
	const manifest = parseManifest(bytes, mediaType);
	const config = cacheConfigOf(manifest);
	return config && {config, layers: cacheLayersOf(manifest)};
};

const wantedOf = (sources: readonly TagSource[], isWanted: (tag: Tag) => boolean) => ({
	prefix: sources.map(source => ('tag' in source ? source.tag : source.prefix)).reduce(commonPrefix),
	matches: (other: Tag) => isWanted(other) && sources.some(source => ('tag' in source ? source.tag === other : source.matches(other))),
	limit: mostSources,
});

const commonPrefix = (a: string, b: string): string => {
	let length = 0;
	while (length < a.length && a[length] === b[length]) length += 1;
	return a.slice(0, length);
};

/** Two tags may have one cache, and its own tag has it first. */
const eachOnce = (sources: readonly LoadedCache[]): readonly LoadedCache[] => {
	const seen = new Set<Digest>();
	return sources.filter(({digest}) => seen.size < seen.add(digest).size);
};

// A union of more would not fit into what BuildKit imports; and each is read.
const mostSources = 64;
// So many questions about one tag each cost no more than listing them all.
const fewSources = 2;
const parallelReads = 16;
