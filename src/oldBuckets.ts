/** The old buckets that the policy names: a store for each place, opened when it is first read. */
import type {S3Cache} from './config/s3Caches.ts';
import type {Settings} from './config/settings.ts';
import type {ObjectStore} from './storage/objectStore.ts';
import {createS3Store} from './storage/s3/s3Store.ts';
import type {S3Request} from './storage/s3/settings.ts';
import {profileCredentials} from './storage/s3/signingCredentials.ts';
import {createOldBucket, type OldBucket, type OldBucketOptions} from './typeS3/oldBucket.ts';

export type OldBuckets = {bucketOf(cache: S3Cache): OldBucket; close(): Promise<void>};

export type OpenOldStore = (cache: S3Cache) => ObjectStore;

/** An entry that stays the same over a change of the policy keeps what is known of its layers. */
export const createOldBuckets = (openStore: OpenOldStore, options: OldBucketOptions): OldBuckets => {
	const stores = new Map<string, ObjectStore>();
	const buckets = new Map<string, OldBucket>();
	const storeOf = (cache: S3Cache): ObjectStore => {
		const {bucket, region, endpoint, publicEndpoint, forcePathStyle} = cache;
		const key = JSON.stringify([bucket, region, endpoint, publicEndpoint, forcePathStyle]);
		const store = stores.get(key) ?? openStore(cache);
		stores.set(key, store);
		return store;
	};
	return {
		bucketOf(cache) {
			const key = JSON.stringify({...cache, names: []});
			const bucket = buckets.get(key) ?? createOldBucket(storeOf(cache), cache, options);
			buckets.set(key, bucket);
			return bucket;
		},
		async close() {
			await Promise.all(Array.from(stores.values(), store => store.close()));
		},
	};
};

/** Its keys as they are. What the entry does not say of the place is as with our own bucket. */
export const openOldStore = (cache: S3Cache, settings: Settings, onRequest: (request: S3Request) => void): ObjectStore => {
	const endpoint = cache.endpoint ?? settings.s3Endpoint;
	return createS3Store({
		bucket: cache.bucket,
		region: cache.region ?? settings.s3Region,
		endpoint,
		forcePathStyle: cache.forcePathStyle ?? settings.s3ForcePathStyle ?? endpoint !== undefined,
		publicEndpoint: cache.publicEndpoint ?? (cache.endpoint ? undefined : settings.s3PublicEndpoint),
		...(settings.s3DownloadProfile && {downloadCredentials: profileCredentials(settings.s3DownloadProfile)}),
		urlLifeSeconds: settings.urlLifeSeconds,
		onRequest,
	});
};
