/** A bucket as layercache itself reads it, past its servers. */
import {setTimeout as delay} from 'node:timers/promises';
import {type Verification, verify} from '../../../src/gc/verify.ts';
import type {ObjectStore} from '../../../src/storage/objectStore.ts';
import {createS3Store} from '../../../src/storage/s3/s3Store.ts';
import type {Storage} from './registryServer.ts';
import type {Scope} from './scope.ts';

export const openBucket = (scope: Scope, {server, bucket}: Storage & {kind: 's3'}): ObjectStore => {
	const {accessKey: accessKeyId, secretKey: secretAccessKey, region} = server;
	const store = createS3Store({
		...{bucket, region},
		prefix: '',
		endpoint: new URL(server.endpoint),
		forcePathStyle: true,
		credentials: async () => ({accessKeyId, secretAccessKey}),
		urlLifeSeconds: 60,
	});
	scope.teardown(() => store.close());
	return store;
};

export const verifyBucket = (store: ObjectStore, {staleTombstoneMs = Number.POSITIVE_INFINITY} = {}): Promise<Verification> =>
	verify(store, {
		...{staleTombstoneMs, restart: true},
		elapsed: () => performance.now(),
		wait: delay,
		signal: new AbortController().signal,
	});
