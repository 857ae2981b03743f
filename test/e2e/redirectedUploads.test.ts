/** Which builders send their layers straight to the bucket, and that nothing is lost on the way. */
import test, {type ExecutionContext} from 'ava';
import {tool} from '../../scripts/tools.ts';
import {type Buildkitd, startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {createContext} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {startRecordingProxy} from './harness/recordingProxy.ts';
import {cacheLayers, getManifest} from './harness/registryClient.ts';
import type {RegistryServer, Storage} from './harness/registryServer.ts';
import {startDoubleStorage} from './harness/s3DoubleServer.ts';
import {minio, versitygw} from './harness/storages.ts';

// A config may be as large, and BuildKit sends it only once.
const redirectedBytes = 1024 * 1024;

type S3Storage = Storage & {kind: 's3'};
const onS3 = (storage: Storage): S3Storage => {
	if (storage.kind !== 's3') throw new Error('this needs an S3 server');
	return storage;
};

const minioServer = minio(test);
const versitygwServer = versitygw(test);

type Exported = {
	registry: RegistryServer;
	builder: Buildkitd;
	ref: string;
	packed: string;
	big: readonly string[];
	sent: readonly string[];
};

/** Exports a cache; `sent` are the layers that the builder itself put into the bucket, `big` all that are large enough. */
const exported = async (
	t: ExecutionContext,
	storage: S3Storage,
	{env, program}: {env?: NodeJS.ProcessEnv; program?: 'buildkitd' | 'old-buildkitd'} = {},
): Promise<Exported> => {
	t.timeout(300_000);
	const bucket = await startRecordingProxy(t, storage.server.endpoint);
	const registry = await startLayercache(t, {storage, env: {LAYERCACHE_S3_PUBLIC_ENDPOINT: bucket.url, ...env}});
	const builder = await startBuildkitd(t, {program});
	const context = await createContext(t, {bigBytes: 6_000_000});
	const ref = `${registry.host}/team/app:cache`;
	const {packed, log} = await cacheBuild(t, {context, builder, cacheTo: [`type=registry,ref=${ref},mode=max`]});

	const version = program === 'old-buildkitd' ? /buildkit\/v0\.11/ : /buildkit\/v0\.33/;
	t.regex(await registry.log(), version, 'the builder says its true version');
	const layers = cacheLayers(await getManifest(registry, 'team/app', 'cache'));
	const big = layers.filter(({size}) => size >= redirectedBytes).map(({digest}) => digest.slice(7));
	t.true(big.length >= 1);
	const puts = bucket.requests.filter(({method, userAgent}) => method === 'PUT' && version.test(userAgent));
	t.deepEqual(
		puts.filter(({status}) => status !== 200),
		[],
	);
	const sent = puts.map(({path}) => path.split('/').at(-1) ?? '');
	// Nothing was tried twice: a connection that breaks under BuildKit shows here, after a second of waiting.
	t.deepEqual([...new Set(sent)].length, sent.length);
	t.notRegex(`${log}${await builder.log()}`, /broken pipe|connection reset|retrying/i);
	if (program !== 'old-buildkitd') await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref), packed});
	return {registry, builder, ref, packed, big: [...big].sort(), sent: [...sent].sort()};
};

const logLines = async (registry: RegistryServer) => {
	const lines = (await registry.log()).split('\n').filter(line => line.startsWith('{'));
	return lines.map(line => JSON.parse(line));
};

const uploadsLine = async (registry: RegistryServer) => (await logLines(registry)).find(({msg}) => msg === 'uploads');

test('on an S3 as strict as AWS each large layer goes from BuildKit 0.33 to the bucket, once', async t => {
	const {double, storage} = await startDoubleStorage(t);
	const {registry, big, sent} = await exported(t, storage);
	t.deepEqual(sent, big);
	t.like(await uploadsLine(registry), {level: 'info', redirected: true});
	const redirected = (await logLines(registry)).filter(line => line.kind === 'upload.finish' && line.redirected);
	t.is(redirected.length, big.length);
	t.false((await registry.log()).includes('X-Amz-Signature'));
	t.is([...double.bucket.objects.keys()].filter(key => key.startsWith('_probe/')).length, 0);
});

test('on the same S3 BuildKit 0.11 sends every layer through the server', async t => {
	await tool('old-buildkitd');
	const {storage} = await startDoubleStorage(t);
	t.deepEqual((await exported(t, storage, {program: 'old-buildkitd'})).sent, []);
});

test('on MinIO with LAYERCACHE_REDIRECT_UPLOADS=unsafe each large layer goes from BuildKit 0.33 to the bucket, once', async t => {
	const storage = onS3(await minioServer.create(t));
	const {registry, big, sent} = await exported(t, storage, {env: {LAYERCACHE_REDIRECT_UPLOADS: 'unsafe'}});
	t.deepEqual(sent, big);
	t.like(await uploadsLine(registry), {level: 'warn', redirected: true});
});

test('on MinIO with LAYERCACHE_REDIRECT_UPLOADS=unsafe BuildKit 0.11 sends every layer through the server', async t => {
	const storage = onS3(await minioServer.create(t));
	const {sent} = await exported(t, storage, {env: {LAYERCACHE_REDIRECT_UPLOADS: 'unsafe'}, program: 'old-buildkitd'});
	t.deepEqual(sent, []);
});

for (const [kind, reason] of [
	[minioServer, /CVE-2026-41145.*CVE-2026-40344/],
	[versitygwServer, /refuses uploads by URL/],
] as const) {
	test(`by itself ${kind.name} gets no uploads by URL, and the log says why`, async t => {
		const {registry, sent} = await exported(t, onS3(await kind.create(t)));
		t.deepEqual(sent, []);
		const line = await uploadsLine(registry);
		t.like(line, {level: 'warn', redirected: false});
		t.regex(line.reason, reason);
	});
}
