// STUB so that the app starts; the storage colleague replaces this file.
import type {ObjectStore} from '../objectStore.ts';
export const createS3Store = (_: {
	bucket: string;
	prefix: string;
	region?: string;
	endpoint?: URL;
	forcePathStyle: boolean;
	publicEndpoint?: URL;
}): ObjectStore => {
	throw new Error('not there yet');
};
