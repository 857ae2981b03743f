/** Starts the double of a large bucket, as a process of its own. */
import {execPath} from 'node:process';
import {fileURLToPath} from 'node:url';
import {startDaemon} from '../../../test/e2e/harness/daemon.ts';
import {freePort} from '../../../test/e2e/harness/freePort.ts';
import {type S3Server, s3Server} from '../../../test/e2e/harness/s3Server.ts';
import type {Scope} from '../../../test/e2e/harness/scope.ts';
import {answers} from '../../../test/e2e/harness/until.ts';
import type {BucketShape} from './contents.ts';

export const startBigBucket = async (scope: Scope, {repositories, blobs, refs, layers = 10}: BucketShape): Promise<S3Server> => {
	const port = await freePort();
	const endpoint = `http://127.0.0.1:${port}`;
	await startDaemon(scope, {
		name: 'big-bucket',
		command: execPath,
		args: [fileURLToPath(new URL('../bigBucket.ts', import.meta.url)), ...[port, repositories, blobs, refs, layers].map(String)],
		isReady: answers(`${endpoint}/_counts`),
		// Ten thousand manifests of a hundred layers take their time.
		readySeconds: 600,
	});
	return s3Server(scope, {name: 'the double', endpoint, accessKey: 'double', secretKey: 'double-secret'});
};
