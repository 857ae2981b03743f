/** Which manifests are BuildKit caches. `cacheconfig.v0` is BuildKit's own media type, none of the OCI's. */
import type {Descriptor, Manifest} from 'oci-spec-types';

/** The type of a cache's config blob (BuildKit: cache/remotecache/v1/spec.go). */
export const cacheConfigMediaType = 'application/vnd.buildkit.cacheconfig.v0';

/** Both forms: an image manifest with that config, and an index or Docker list one of whose children is it. */
export const isCacheManifest = (manifest: Manifest): boolean => cacheConfigOf(manifest) !== undefined;

/**
 * A cache whose layer vanished between the pusher's HEAD and its manifest is worth less, yet worth something: refusing
 * it would fail the build. Its config is another matter, without it there is no cache.
 */
export const toleratesMissingLayer = (manifest: Manifest, descriptor: Descriptor): boolean =>
	isCacheManifest(manifest) && descriptor.mediaType !== cacheConfigMediaType;

/** BuildKit refuses to import a manifest or config above this and says so only in a line of its log (BuildKit: cache/remotecache/import.go readBlob). */
export const importLimitBytes = 1024 * 1024;

/** Sentences on why BuildKit will not import this manifest of `manifestBytes`; none if it will, or if it is no cache. */
export const importProblems = (manifest: Manifest, manifestBytes: number): string[] => {
	const config = cacheConfigOf(manifest);
	if (!config) return [];
	const documents = {manifest: manifestBytes, config: config.size};
	return Object.entries(documents)
		.filter(([, bytes]) => bytes > importLimitBytes)
		.map(([name, bytes]) => `its ${name} has ${bytes} bytes, and BuildKit imports at most ${importLimitBytes}`);
};

const cacheConfigOf = (manifest: Manifest): Descriptor | undefined => {
	if (manifest.kind === 'image' && manifest.config.mediaType === cacheConfigMediaType) return manifest.config;
	return manifest.kind === 'index' ? manifest.manifests.find(child => child.mediaType === cacheConfigMediaType) : undefined;
};
