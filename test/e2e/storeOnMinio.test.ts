/** The S3 store keeps the contract of every store on MinIO. */
import test from 'ava';
import {s3ServerContract} from '../contract/s3Servers.ts';
import {startMinio} from './harness/minio.ts';
import {fileScope} from './harness/scope.ts';
import {whenAsked} from './harness/whenAsked.ts';

const scope = fileScope(test);
const server = whenAsked(() => startMinio(scope));

s3ServerContract({
	address: server,
	createBucket: async () => (await server()).createBucket(),
	// It keeps objects as files, so a name is no folder, and file systems have their own rules for names.
	cannot: ['keys below keys', 'odd parts', 'long parts'],
});
