/** What a ref holds, read from the store: its layers, and the cache that its config describes. */
import {type Descriptor, type Digest, type Manifest, parseManifest, type RepositoryName} from 'oci-spec-types';
import {type CacheDocument, cacheConfigOf, cacheLayersOf, isCacheManifest, parseCacheDocument} from '../cache/cacheDocument.ts';
import {CacheInvalid} from '../cache/cacheInvalid.ts';
import {parseInlineCache} from '../cache/inlineCache.ts';
import {merge} from '../cache/merge.ts';
import {readAtMost, TooLarge} from '../lib/bytes.ts';
import {keys} from '../registry/keys.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import type {WorthRef} from './ground.ts';

export type RefContent = WorthRef & {
	/** `image`: one, or an index of them, with or without an inline cache; `other`: whatever else a registry is given to keep. */
	kind: 'cache' | 'image' | 'other';
	/** Each once, in the order of the manifests. */
	layers: readonly Descriptor[];
	/** The configs of its manifests. */
	configs: readonly Descriptor[];
	/** The caches in it as one; missing where it has none. */
	cache?: CacheDocument;
	/** Sentences: which of its manifests or configs could not be read, and why. */
	problems: readonly string[];
};

/** Reads the manifests of a ref and the configs of its caches: a request for each. */
export const readRefContent = async (store: ObjectStore, ref: WorthRef): Promise<RefContent> => {
	const {repo, digests} = ref;
	const problems: string[] = [];
	const manifests = await readManifests(store, repo, digests, problems);
	const caches: CacheDocument[] = [];
	for (const manifest of manifests) {
		const cache = await readCache(store, repo, manifest, problems);
		if (cache) caches.push(cache);
	}
	return {
		...ref,
		kind: kindOf(manifests),
		layers: eachOnce(manifests.flatMap(layersOf)),
		configs: eachOnce(manifests.flatMap(configsOf)),
		...(caches.length > 0 && {cache: oneOf(caches)}),
		problems,
	};
};

/** Those and the manifests in them, parents first. */
const readManifests = async (
	store: ObjectStore,
	repo: RepositoryName,
	roots: readonly Digest[],
	problems: string[],
): Promise<readonly Manifest[]> => {
	const manifests: Manifest[] = [];
	const seen = new Set(roots);
	for (const digest of seen) {
		const bytes = await readBytes(store, keys.manifest(repo, digest), maxManifestBytes, problems);
		if (!bytes) continue;
		const manifest = parseManifest(bytes.bytes, bytes.contentType);
		manifests.push(manifest);
		if (manifest.kind === 'index' && !isCacheManifest(manifest)) for (const child of manifest.manifests) seen.add(child.digest);
		if (seen.size > maxManifests) {
			problems.push(`there are more than ${maxManifests} manifests in it; the rest was not read`);
			break;
		}
	}
	return manifests;
};

const readCache = async (
	store: ObjectStore,
	repo: RepositoryName,
	manifest: Manifest,
	problems: string[],
): Promise<CacheDocument | undefined> => {
	const config = cacheConfigOf(manifest) ?? (manifest.kind === 'image' ? manifest.config : undefined);
	// What is no image's config has no inline cache, and may be of any size.
	if (!config || !/json|cacheconfig/.test(config.mediaType)) return undefined;
	const read = await readBytes(store, keys.blob(repo, config.digest), maxConfigBytes, problems);
	if (!read) return undefined;
	try {
		return isCacheManifest(manifest) ? parseCacheDocument(manifest, read.bytes) : parseInlineCache(manifest, read.bytes);
	} catch (error) {
		if (!(error instanceof CacheInvalid)) throw error;
		problems.push(`the config ${config.digest} is no cache that BuildKit would import: ${error.message}`);
		return undefined;
	}
};

const readBytes = async (store: ObjectStore, key: string, limit: number, problems: string[]) => {
	const object = await store.read(key);
	if (!object) return void problems.push(`${key} is not there`);
	try {
		return {bytes: await readAtMost(object.body, limit), contentType: object.facts.contentType};
	} catch (error) {
		if (!(error instanceof TooLarge)) throw error;
		return void problems.push(`${key} is too large to be read: ${error.message}`);
	}
};

// A manifest of more is not taken; a config of more no builder reads.
const maxManifestBytes = 4 * 1024 * 1024;
const maxConfigBytes = 16 * 1024 * 1024;
const maxManifests = 1000;

// A single one stays as it is: merging drops what no result needs, and that is worth knowing.
const oneOf = (caches: readonly CacheDocument[]): CacheDocument => (caches.length === 1 ? (caches[0] as CacheDocument) : merge(caches));

const kindOf = (manifests: readonly Manifest[]): RefContent['kind'] => {
	if (manifests.length === 0) return 'other';
	if (manifests.every(isCacheManifest)) return 'cache';
	return manifests.every(({kind}) => kind !== 'other') ? 'image' : 'other';
};

const layersOf = (manifest: Manifest): readonly Descriptor[] => {
	if (manifest.kind === 'image') return manifest.layers;
	return isCacheManifest(manifest) ? cacheLayersOf(manifest) : [];
};

const configsOf = (manifest: Manifest): readonly Descriptor[] => {
	const config = cacheConfigOf(manifest) ?? (manifest.kind === 'image' ? manifest.config : undefined);
	return config ? [config] : [];
};

const eachOnce = (descriptors: readonly Descriptor[]): readonly Descriptor[] => [
	...new Map(descriptors.map(descriptor => [descriptor.digest, descriptor])).values(),
];
