/** The S3 store keeps the contract, on the double that plays AWS. */
import test from 'ava';
import {createS3Store} from '../../src/storage/s3/s3Store.ts';
import {type S3Double, startS3Double} from '../support/s3Double.ts';
import {objectStoreContract} from './objectStore.ts';

const partBytes = 64 * 1024;
const closing: (() => Promise<void>)[] = [];
let started: Promise<S3Double> | undefined;
let prefixes = 0;

test.after.always('stop the double', async () => {
	for (const close of closing) await close();
});

objectStoreContract({
	async createStore(t) {
		prefixes += 1;
		const prefix = `/contract//${prefixes}/`;
		started ??= startS3Double({teardown: close => closing.push(close)}, {minPartBytes: partBytes});
		const {endpoint, bucketName, region, credentials} = await started;
		const tuning = {singleBytes: partBytes, partBytes, joinableBytes: partBytes, bufferBytes: 6 * partBytes, copyBytes: 2 * partBytes};
		const store = createS3Store({bucket: bucketName, prefix, region, endpoint, credentials, tuning});
		t.teardown(() => store.close());
		return store;
	},
	partBytes,
});
