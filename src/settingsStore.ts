/** The store that the settings name, and how much room it has. Beside what opens old buckets the only place that knows which stores there are. */
import type {Settings} from './config/settings.ts';
import type {DiskLimits} from './policyRetention.ts';
import {readDiskRoom} from './storage/disk/diskRoom.ts';
import {createDiskStore} from './storage/disk.ts';
import {createMemoryStore} from './storage/memory.ts';
import type {ObjectStore} from './storage/objectStore.ts';
import {createS3Store} from './storage/s3/s3Store.ts';
import {defaultTuning, type S3Settings} from './storage/s3/settings.ts';
import {profileCredentials} from './storage/s3/signingCredentials.ts';

/** Only a folder has an end that we see. */
export const diskLimits = ({store, diskPath, diskFreePercent}: Settings): DiskLimits | undefined =>
	store === 'disk' ? {room: () => readDiskRoom(diskPath), freePercent: diskFreePercent} : undefined;

export type StoreObservers = Pick<S3Settings, 'onRequest' | 'memoryObserver'>;

/** The store that the settings name; nothing is asked of it yet. */
export const createStore = (settings: Settings, observers: StoreObservers = {}): ObjectStore => {
	switch (settings.store) {
		case 'memory':
			return createMemoryStore();
		case 'disk':
			return createDiskStore({path: settings.diskPath});
		case 's3':
			return createS3Store({
				// parseSettings lets no `s3` without a bucket through.
				bucket: settings.s3Bucket as string,
				prefix: settings.s3Prefix,
				region: settings.s3Region,
				endpoint: settings.s3Endpoint,
				forcePathStyle: settings.s3ForcePathStyle ?? settings.s3Endpoint !== undefined,
				publicEndpoint: settings.s3PublicEndpoint,
				...(settings.s3DownloadProfile && {downloadCredentials: profileCredentials(settings.s3DownloadProfile)}),
				...(settings.s3UploadProfile && {uploadCredentials: profileCredentials(settings.s3UploadProfile)}),
				urlLifeSeconds: settings.urlLifeSeconds,
				...observers,
				tuning: {bufferBytes: uploadBufferBytes(settings.workers)},
			});
	}
};

/** All workers have together what one would have, down to what a single upload can make use of. */
const uploadBufferBytes = (workers: number) => Math.max(defaultTuning.singleBytes, Math.floor(defaultTuning.bufferBytes / workers));
