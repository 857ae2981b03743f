/** To and from BuildKit's `type=s3`: what it has left in a bucket is imported as a registry's cache, and what was pushed here is imported by it. */
import {DeleteObjectCommand, GetObjectCommand} from '@aws-sdk/client-s3';
import test from 'ava';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {policySetting} from './harness/policy.ts';
import type {Storage} from './harness/registryServer.ts';
import {minio} from './harness/storages.ts';
import {storedObjects} from './harness/storedObjects.ts';

const storages = minio(test);
type Bucket = Storage & {kind: 's3'};

const typeS3 = ({server, bucket}: Bucket, options: Record<string, string>): string =>
	Object.entries({
		type: 's3',
		bucket,
		region: server.region,
		endpoint_url: server.endpoint,
		use_path_style: 'true',
		access_key_id: server.accessKey,
		secret_access_key: server.secretKey,
		...options,
	})
		.map(([name, value]) => `${name}=${value}`)
		.join();

test('a bucket filled by type=s3 serves every hit through type=registry, and what has expired there is a miss', async t => {
	t.timeout(600_000);
	const [old, own] = [(await storages.create(t)) as Bucket, await storages.create(t)];
	const context = await createContext(t, {bigBytes: 3_000_000});
	const exported = {mode: 'max', prefix: 'ci/'};
	const first = await cacheBuild(t, {
		context,
		cacheTo: [
			typeS3(old, {...exported, name: 'main'}),
			typeS3(old, {...exported, name: 'team/java-app', blobs_prefix: 'java/'}),
			typeS3(old, {...exported, name: 'expired', blobs_prefix: 'short-lived/'}),
		],
	});
	t.deepEqual(first.ran, allSteps);
	const before = await storedObjects(old);

	const policy = `s3Caches:
  - {repository: old, bucket: ${old.bucket}, prefix: ci/, names: [main]}
  - {repository: old, bucket: ${old.bucket}, prefix: ci/, names: [team/java-app], blobsPrefix: java/}
  - {repository: old, bucket: ${old.bucket}, prefix: ci/, names: [expired], blobsPrefix: short-lived/}
`;
	const registry = await startLayercache(t, {storage: own, env: await policySetting(t, policy)});
	for (const ref of [`${registry.host}/old:main`, `${registry.host}/old/team:java-app`])
		await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref), packed: first.packed});
	t.deepEqual(await storedObjects(old), before);
	// Documents only: no layer was copied.
	const stored = [...(await storedObjects(own)).entries()].filter(([key]) => key.startsWith('repos/old'));
	t.true(stored.length > 0 && stored.every(([, size]) => size < 10_000));

	// The layer of the last step: type=s3 itself fails without it, and this is a miss.
	const gone = await lastLayer(old, 'ci/manifests/expired');
	await old.server.client().send(new DeleteObjectCommand({Bucket: old.bucket, Key: `ci/short-lived/${gone}`}));
	const expired = await cacheBuild(t, {context, cacheFrom: fromRegistry(`${registry.host}/old:expired`)});
	t.deepEqual(expired.ran, ['pack']);

	const refused = await cacheBuild(t, {
		context,
		cacheTo: [`type=registry,ref=${registry.host}/old:main,ignore-error=true`],
		builder: expired.builder,
	});
	t.regex(refused.log, /old bucket of type=s3, which is only read/);
});

/** The layer that lies on all others of the largest result: no other one stands on it. */
const lastLayer = async ({server, bucket}: Bucket, key: string): Promise<string> => {
	const object = await server.client().send(new GetObjectCommand({Bucket: bucket, Key: key}));
	const {layers} = JSON.parse((await object.Body?.transformToString()) ?? '') as {layers: {blob: string; parent?: number}[]};
	const depthOf = (at: number): number => {
		const parent = layers[at]?.parent ?? 0;
		return parent === -1 ? 0 : 1 + depthOf(parent);
	};
	const [deepest] = [...layers.keys()].sort((a, b) => depthOf(b) - depthOf(a));
	return layers[deepest ?? 0]?.blob ?? '';
};

test('a ref that a rule writes for type=s3 too is imported by type=s3 when layercache is gone', async t => {
	t.timeout(300_000);
	const storage = (await storages.create(t)) as Bucket;
	const context = await createContext(t, {bigBytes: 3_000_000});
	const env = await policySetting(t, 'refs: [{match: "ci/**:main", typeS3: true}]');
	const registry = await startLayercache(t, {storage, env});
	const first = await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${registry.host}/ci/app:main,mode=max`]});
	t.deepEqual(first.ran, allSteps);
	await registry.stop();

	const cacheFrom = [typeS3(storage, {prefix: 'repos/ci/app/_s3/', name: 'main'})];
	await everyStepIsCached(t, {context, cacheFrom, packed: first.packed});
});
