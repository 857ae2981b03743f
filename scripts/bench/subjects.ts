/** Those who are compared: each keeps BuildKit's cache in a MinIO bucket, in its own way. */
import {settingsTable} from '../../src/config/settings.ts';
import {startDistribution} from '../../test/e2e/harness/distribution.ts';
import {startLayercache} from '../../test/e2e/harness/layercache.ts';
import {createPush, push} from '../../test/e2e/harness/pushClient.ts';
import type {RegistryServer} from '../../test/e2e/harness/registryServer.ts';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';
import {createScope, type Scope} from '../../test/e2e/harness/scope.ts';
import {countRequests, total, untilQuiet} from './s3Requests.ts';

export const subjectNames = ['layercache-streamed', 'layercache-redirected', 'distribution', 'type-s3'] as const;
export type SubjectName = (typeof subjectNames)[number];

/** Where one cache goes. */
export interface Place {
	/** In the words of `--export-cache` and `--import-cache`. */
	readonly cacheTo: string;
	readonly cacheFrom: string;
	readonly bucket: string;
	/** All that the cache brings into the bucket lies under this. */
	readonly prefix: string;
	/** The server that takes it in; none with `type=s3`. */
	readonly server: RegistryServer | undefined;
}

export interface Subject {
	readonly name: SubjectName;
	/** So many places where no cache has been, on one server. */
	freshPlaces(count: number): Promise<Place[]>;
	/** The same place, with a server that has just started; nothing to do where there is none. */
	restarted(place: Place): Promise<Place>;
}

export const startSubject = (scope: Scope, name: SubjectName, minio: S3Server): Promise<Subject> => starters[name](scope, minio);

export const freshPlace = async (subject: Subject): Promise<Place> => {
	const [place] = await subject.freshPlaces(1);
	if (!place) throw new Error(`${subject.name} has no place`);
	return place;
};

const starters: {readonly [K in SubjectName]: (scope: Scope, minio: S3Server) => Promise<Subject>} = {
	'layercache-streamed': (scope, minio) => layercache(scope, 'layercache-streamed', minio, uploadSetting('never')),
	'layercache-redirected': (scope, minio) => layercache(scope, 'layercache-redirected', minio, uploadSetting('unsafe')),
	distribution: (scope, minio) => distribution(scope, minio),
	'type-s3': (_scope, minio) => typeS3(minio),
};

/** Whether this checkout has what the subject is about. */
export const isAvailable = (name: SubjectName): boolean => name !== 'layercache-redirected' || redirects in settingsTable;

const redirects = 'LAYERCACHE_REDIRECT_UPLOADS';

const uploadSetting = (value: 'never' | 'unsafe'): NodeJS.ProcessEnv => {
	if (redirects in settingsTable) return {[redirects]: value};
	if (value === 'unsafe') throw new Error(`layercache-redirected: this checkout has no setting ${redirects}`);
	return {};
};

/** One process throughout, as it would run; a repository of its own for each cache. */
const layercache = async (scope: Scope, name: SubjectName, minio: S3Server, env: NodeJS.ProcessEnv): Promise<Subject> => {
	const storage = {kind: 's3', server: minio, bucket: await minio.createBucket()} as const;
	const processes = createSuccession(scope, minio);
	const start = () => processes.next(inner => startLayercache(inner, {storage, env}));
	let server = await start();
	let caches = 0;
	const place = (repository: string): Place => ({
		...registryCache(server, repository),
		bucket: storage.bucket,
		prefix: `repos/${repository}/`,
	});
	return {
		name,
		freshPlaces: async count => Array.from({length: count}, () => place(`bench/cache-${++caches}`)),
		async restarted({prefix}) {
			server = await start();
			return place(prefix.slice('repos/'.length, -1));
		},
	};
};

/** Keeps a layer once for all repositories, so each cache needs a bucket of its own, and that a process of its own. */
const distribution = async (scope: Scope, minio: S3Server): Promise<Subject> => {
	const processes = createSuccession(scope, minio);
	const start = (bucket: string) => processes.next(inner => startDistribution(inner, {kind: 's3', server: minio, bucket}));
	return {
		name: 'distribution',
		async freshPlaces(count) {
			const bucket = await minio.createBucket();
			const server = await start(bucket);
			// The others have been asked before, too: their connections to S3 are open.
			await push(server, createPush('bench/warm-up', 'warm', [Buffer.from('warm')]));
			return Array.from({length: count}, (_, index) => ({...registryCache(server, `bench/cache-${index}`), bucket, prefix: ''}));
		},
		restarted: async ({bucket}) => ({...registryCache(await start(bucket), 'bench/cache-0'), bucket, prefix: ''}),
	};
};

const typeS3 = async (minio: S3Server): Promise<Subject> => {
	const bucket = await minio.createBucket();
	let caches = 0;
	const place = (prefix: string): Place => {
		const address = `type=s3,bucket=${bucket},region=${minio.region},endpoint_url=${minio.endpoint},use_path_style=true`;
		const common = `${address},access_key_id=${minio.accessKey},secret_access_key=${minio.secretKey},name=cache,prefix=${prefix}`;
		return {cacheTo: `${common},mode=max`, cacheFrom: common, bucket, prefix, server: undefined};
	};
	return {
		name: 'type-s3',
		freshPlaces: async count => Array.from({length: count}, () => place(`cache-${++caches}/`)),
		restarted: async same => same,
	};
};

const registryCache = (server: RegistryServer, repository: string) => {
	const common = `type=registry,ref=${server.host}/${repository}:cache`;
	return {cacheTo: `${common},mode=max`, cacheFrom: common, server};
};

/** One after the other: the one before has ended when the next one starts. */
const createSuccession = (scope: Scope, minio: S3Server) => {
	let current = createScope();
	scope.teardown(() => current.end());
	return {
		async next<T>(start: (scope: Scope) => Promise<T>): Promise<T> {
			await current.end();
			current = createScope();
			const started = await start(current);
			await untilQuiet(async () => total(await countRequests(minio)));
			return started;
		},
	};
};
