/** The contract over a real S3 server, for `npm run e2e`: give it an address and a way to make a bucket. */
import type {ExecutionContext} from 'ava';
import {createS3Store} from '../../src/storage/s3/s3Store.ts';
import {type Incapability, objectStoreContract} from './objectStore.ts';

export type S3Address = {endpoint: string; region: string; accessKey: string; secretKey: string};

export type S3ServerUnderTest = {
	/** The server, started by the first test that asks. */
	address(): Promise<S3Address>;
	/** An empty bucket; tests share one and keep apart by prefixes. */
	createBucket(): Promise<string>;
	cannot?: readonly Incapability[];
};

const MiB = 1024 * 1024;

export const s3ServerContract = ({address, createBucket, cannot}: S3ServerUnderTest): void => {
	let bucket: Promise<string> | undefined;
	let prefixes = 0;
	objectStoreContract({
		async createStore(t: ExecutionContext) {
			prefixes += 1;
			const prefix = `/contract/${prefixes}/`;
			const {endpoint, region, accessKey, secretKey} = await address();
			bucket ??= createBucket();
			const store = createS3Store({
				bucket: await bucket,
				prefix,
				region,
				endpoint: new URL(endpoint),
				credentials: {accessKeyId: accessKey, secretAccessKey: secretKey},
				tuning: {singleBytes: 5 * MiB, partBytes: 5 * MiB, bufferBytes: 30 * MiB},
			});
			t.teardown(() => store.close());
			// Finds out how sums may come, which decides how uploads are sent.
			await store.probe();
			return store;
		},
		partBytes: 5 * MiB,
		cannot,
	});
};
