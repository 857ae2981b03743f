// STUB so that the app starts; the storage colleague replaces this file.
import type {ObjectStore} from './objectStore.ts';
export const withMeasurements = (
	inner: ObjectStore,
	_record: (done: {operation: string; outcome: string; seconds: number; bytes: number}) => void,
): ObjectStore => inner;
