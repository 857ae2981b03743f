/** A cache in the one form that every registry takes: an image manifest with OCI's types, and no layer that is not here. */
import {parseManifest, type RepositoryName} from 'oci-spec-types';
import {maxConfigBytes} from '../cache/cacheConfig.ts';
import {cacheConfigOf, parseCacheDocument, toManifest} from '../cache/cacheDocument.ts';
import {translate} from '../cache/translate.ts';
import {readAtMost} from '../lib/bytes.ts';
import type {Registry, StoredManifest} from '../registry/registry.ts';
import type {GivenManifest} from './handOver.ts';

/** Its config is the same blob as before. Undefined where this is no cache. Throws CacheInvalid. */
export const cacheForUpstream = async (
	from: Registry,
	repo: RepositoryName,
	stored: StoredManifest,
): Promise<GivenManifest | undefined> => {
	const manifest = parseManifest(stored.bytes, stored.mediaType);
	const config = cacheConfigOf(manifest);
	if (!config) return undefined;
	const document = parseCacheDocument(manifest, await readAtMost((await from.readBlob(repo, config.digest)).body, maxConfigBytes));
	const there = await from.statBlobs(
		repo,
		document.layers.map(({digest}) => digest),
	);
	const layers = document.layers.filter(({digest}) => there.has(digest));
	if (document.form === 'manifest' && layers.length === document.layers.length) return stored;
	const {manifest: bytes, mediaType, digest} = toManifest(translate({...document, layers}, 'manifest'));
	return {bytes, mediaType, digest};
};
