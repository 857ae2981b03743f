/** A cache without the layers that are gone: BuildKit then misses a step instead of failing a build. */
import type {Digest} from 'oci-spec-types';
import type {CacheDocument} from './cacheDocument.ts';

/**
 * Drops the descriptors of missing layers. The config stays, byte for byte: BuildKit skips each result one of whose
 * layers the manifest does not offer (BuildKit: cache/remotecache/v1/parse.go, getRemoteChain), and the records below
 * it still lead to the others. The same document comes back where nothing is missing.
 */
export const repair = (document: CacheDocument, isMissing: (digest: Digest) => boolean): CacheDocument => {
	const layers = document.layers.filter(({digest}) => !isMissing(digest));
	return layers.length === document.layers.length ? document : {...document, layers};
};
