/** A cache: its config, and the layers that its manifest offers. In either of BuildKit's forms, an image manifest or an index (BuildKit: cache/remotecache/export.go). */
import {type Descriptor, type Digest, digestOf, isManifestMediaType, type Manifest, mediaTypes} from 'oci-spec-types';
import {type CacheConfig, formatCacheConfig, parseCacheConfig} from './cacheConfig.ts';
import {CacheInvalid} from './cacheInvalid.ts';

/** The type of a cache's config blob, BuildKit's own and none of the OCI's (BuildKit: cache/remotecache/v1/types/spec.go). */
export const cacheConfigMediaType = 'application/vnd.buildkit.cacheconfig.v0';

/** `index`: an index or Docker's list, whose children are the layers and the config. BuildKit up to 0.11 reads only this one. */
export type CacheForm = 'manifest' | 'index';

/** `layers`: what the manifest offers; those of the config that are not among them are as good as gone. */
export type CacheDocument = {
	form: CacheForm;
	/** Of the manifest and of its layers. `docker` has no other form than `index`. */
	types: 'oci' | 'docker';
	config: CacheConfig;
	layers: readonly Descriptor[];
	/** What `config` was read from, for a document that keeps it as it was. */
	configBytes?: Uint8Array;
};

/** The bytes of a manifest and of its config blob, with their descriptors. */
export type CacheManifest = {manifest: Uint8Array; mediaType: string; digest: Digest; config: Uint8Array; configDescriptor: Descriptor};

/** Both forms; images, also those with an inline cache, are no cache manifests. */
export const isCacheManifest = (manifest: Manifest): boolean => cacheConfigOf(manifest) !== undefined;

/** The descriptor of a cache's config; undefined where this is no cache. BuildKit takes the last of several. */
export const cacheConfigOf = (manifest: Manifest): Descriptor | undefined => {
	if (manifest.kind === 'image') return isConfig(manifest.config) ? manifest.config : undefined;
	// With manifests among its children it is an index of images, whatever else is in it: those are not ours to drop.
	if (manifest.kind !== 'index' || manifest.manifests.some(({mediaType}) => isManifestMediaType(mediaType))) return undefined;
	return manifest.manifests.findLast(isConfig);
};

/** The layers that a cache's manifest offers, as it lists them: BuildKit repeats some. */
export const cacheLayersOf = (manifest: Manifest): readonly Descriptor[] => {
	if (manifest.kind === 'image') return manifest.layers;
	return manifest.kind === 'index' ? manifest.manifests.filter(child => !isConfig(child)) : [];
};

/**
 * A cache whose layer vanished between the pusher's HEAD and its manifest is worth less, yet worth something: refusing
 * it would fail the build. Its config is another matter, without it there is no cache.
 */
export const toleratesMissingLayer = (manifest: Manifest, descriptor: Descriptor): boolean =>
	isCacheManifest(manifest) && !isConfig(descriptor);

/** A cache manifest and the bytes of its config. Throws CacheInvalid. */
export const parseCacheDocument = (manifest: Manifest, config: Uint8Array): CacheDocument => {
	if (!isCacheManifest(manifest)) throw new CacheInvalid(`a ${manifest.mediaType} without ${cacheConfigMediaType} is no cache`);
	return {
		form: manifest.kind === 'index' ? 'index' : 'manifest',
		types: manifest.mediaType === mediaTypes.dockerManifestList ? 'docker' : 'oci',
		config: parseCacheConfig(config),
		layers: cacheLayersOf(manifest),
		configBytes: config,
	};
};

/** A document as BuildKit reads it; equal documents have equal bytes. */
export const toManifest = (document: CacheDocument): CacheManifest => {
	const known = written.get(document) ?? write(document);
	written.set(document, known);
	return known;
};

// One is asked for twice: to see whether it is small enough, and to store it.
const written = new WeakMap<CacheDocument, CacheManifest>();

const write = ({form, types, config, layers, configBytes}: CacheDocument): CacheManifest => {
	const bytes = configBytes ?? formatCacheConfig(config);
	const configDescriptor: Descriptor = {mediaType: cacheConfigMediaType, digest: digestOf(bytes), size: bytes.length};
	const mediaType = mediaTypeOf(form, types);
	const lists = form === 'manifest' ? {config: configDescriptor, layers} : {manifests: [...layers, configDescriptor]};
	const manifest = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType, ...lists}));
	return {manifest, mediaType, digest: digestOf(manifest), config: bytes, configDescriptor};
};

const isConfig = ({mediaType}: Descriptor): boolean => mediaType === cacheConfigMediaType;

const mediaTypeOf = (form: CacheForm, types: CacheDocument['types']): string => {
	if (form === 'manifest') return mediaTypes.ociManifest;
	return types === 'docker' ? mediaTypes.dockerManifestList : mediaTypes.ociIndex;
};
