/** What a ref of an old bucket answers, and why. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import {toManifest} from '../cache/cacheDocument.ts';
import type {S3Cache} from '../config/s3Caches.ts';
import type {DerivationWay} from '../registry/registry.ts';
import type {OldBucket} from './oldBucket.ts';
import type {OldRepositories} from './oldRepositories.ts';

/** `key` is where `type=s3` wrote it. */
export type OldRefExplanation = {
	repository: RepositoryName;
	tag: Tag;
	answer: 'nothing' | 'old bucket';
	bucket?: string;
	key?: string;
	writtenAt?: string;
	digest?: Digest;
	ways: readonly DerivationWay[];
	layers?: number;
	missing: readonly Digest[];
};

/** Undefined for what is no old bucket. */
export const createOldRefExplanations =
	(repositories: OldRepositories, bucketOf: (cache: S3Cache) => OldBucket) =>
	async (repository: RepositoryName, tag: Tag): Promise<OldRefExplanation | undefined> => {
		const old = repositories.of(repository);
		if (!old) return undefined;
		const place = old.tags.get(tag);
		if (!place) return {repository, tag, answer: 'nothing', ways: [], missing: []};
		const bucket = bucketOf(place.cache);
		const where = {bucket: place.cache.bucket, key: bucket.manifestKey(place.name)};
		const cache = await bucket.readCache(place.name);
		if (!cache) return {repository, tag, answer: 'nothing', ...where, ways: [], missing: []};
		const {document, missing, ways, writtenAt} = cache;
		return {
			...{repository, tag, answer: 'old bucket', ...where, ways, missing},
			writtenAt: writtenAt.toISOString(),
			digest: toManifest(document).digest,
			layers: document.layers.length,
		};
	};
