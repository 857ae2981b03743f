/** The S3 store keeps the contract of every store on versitygw. */
import test from 'ava';
import {s3ServerContract} from '../contract/s3Servers.ts';
import {fileScope} from './harness/scope.ts';
import {startVersitygw} from './harness/versitygw.ts';
import {whenAsked} from './harness/whenAsked.ts';

const scope = fileScope(test);
const server = whenAsked(() => startVersitygw(scope));

s3ServerContract({
	address: server,
	createBucket: async () => (await server()).createBucket(),
	// It keeps objects as files, so a name is no folder, and file systems have their own rules for names.
	cannot: ['keys below keys', 'odd parts', 'long parts'],
});
