/** A store on the double, quick to repeat and with small parts. */
import type {ExecutionContext} from 'ava';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {createS3Store} from '../../src/storage/s3/s3Store.ts';
import type {S3Settings} from '../../src/storage/s3/settings.ts';
import {type S3Double, type S3DoubleOptions, startS3Double} from './s3Double.ts';

export const partBytes = 64 * 1024;

export const openStoreOn = (t: ExecutionContext, double: S3Double, {tuning, ...settings}: Partial<S3Settings> = {}): ObjectStore => {
	const {endpoint, bucketName, region, credentials} = double;
	const store = createS3Store({
		bucket: bucketName,
		region,
		endpoint,
		credentials,
		...settings,
		tuning: {
			singleBytes: partBytes,
			partBytes,
			documentBytes: 0,
			joinableBytes: partBytes,
			patienceSeconds: 10,
			firstWaitSeconds: 0.001,
			// Many tests share a process, which may be busy with the start of all of them.
			probeSeconds: 60,
			...tuning,
		},
	});
	t.teardown(() => store.close());
	return store;
};

export const startStoreOnDouble = async (t: ExecutionContext, options: S3DoubleOptions = {}, settings: Partial<S3Settings> = {}) => {
	const double = await startS3Double(t, {minPartBytes: partBytes, ...options});
	return {double, store: openStoreOn(t, double, settings)};
};

/** A store that has found out that this S3 checks sums which come after the bytes; the double has forgotten those requests. */
export const startStoreWithTrailers: typeof startStoreOnDouble = async (t, options, settings) => {
	const started = await startStoreOnDouble(t, options, settings);
	await started.store.probe();
	started.double.requests.length = 0;
	return started;
};
