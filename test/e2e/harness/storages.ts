/** The stores that every end-to-end case runs on. */
import type {TestFn} from 'ava';
import {startMinio} from './minio.ts';
import type {Storage} from './registryServer.ts';
import type {S3Server} from './s3Server.ts';
import {fileScope, type Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';
import {startVersitygw} from './versitygw.ts';
import {whenAsked} from './whenAsked.ts';

export interface StorageKind {
	/** Ends a test's title: "… on disk". */
	readonly name: string;
	/** An empty folder or bucket. */
	create(scope: Scope): Promise<Storage>;
}

export const disk: StorageKind = {
	name: 'disk',
	create: async scope => ({kind: 'disk', folder: await temporaryFolder(scope, 'data')}),
};

/** One S3 server for the whole file, since buckets keep its tests apart; started by the first that asks. */
const s3 = (name: string, test: TestFn, start: (scope: Scope) => Promise<S3Server>): StorageKind => {
	const scope = fileScope(test);
	const started = whenAsked(() => start(scope));
	return {
		name,
		async create() {
			const server = await started();
			return {kind: 's3', server, bucket: await server.createBucket()};
		},
	};
};

export const minio = (test: TestFn): StorageKind => s3('MinIO', test, startMinio);
export const versitygw = (test: TestFn): StorageKind => s3('versitygw', test, startVersitygw);
export const diskAndMinio = (test: TestFn): StorageKind[] => [disk, minio(test)];
