/** Any one layer of a cache is lost: the build goes on, and only what stood on that layer runs again. */
import {DeleteObjectCommand, GetObjectCommand, PutObjectCommand} from '@aws-sdk/client-s3';
import test, {type ExecutionContext} from 'ava';
import {buildByBuildctl} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, fromRegistry} from './harness/cacheBuild.ts';
import {type Context, contextOf, shellStage} from './harness/context.ts';
import {startDistribution} from './harness/distribution.ts';
import {startLayercache} from './harness/layercache.ts';
import {getManifest} from './harness/registryClient.ts';
import type {RegistryServer, Storage} from './harness/registryServer.ts';
import {minio} from './harness/storages.ts';
import {storedObjects} from './harness/storedObjects.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';

const storages = minio(test);

/** Ten layers: two below everything, one to the left, three to the right, and four of the result, none of which has the files of another and no more. */
const dockerfile = `${shellStage}
FROM shell AS left
RUN echo "ran: left" && head -c 300000 /dev/urandom > /left && echo left > /more

FROM shell AS right
RUN echo "ran: right1" && head -c 100000 /dev/urandom > /right1
RUN echo "ran: right2" && head -c 100000 /dev/urandom > /right2
RUN echo "ran: right3" && cat /right1 /right2 > /right && echo right > /more

FROM shell
COPY source.txt /
COPY --from=left /left /left
COPY --from=right /right /right
RUN echo "ran: pack" && cat /left /right /source.txt | sha256sum > /packed
`;
const everything = ['left', 'pack', 'right1', 'right2', 'right3', 'shell'];

/**
 * Each layer by the step that made it, and what runs again without it. After a change of the source (edition 2) the
 * result is packed anew in any case, of what the stages have; with the old source (edition 1) the result itself is needed.
 */
const losses: Readonly<Record<string, {edition: 1 | 2; ran: readonly string[]}>> = {
	busybox: {edition: 1, ran: everything},
	shell: {edition: 1, ran: everything},
	left: {edition: 2, ran: ['left', 'pack']},
	right1: {edition: 2, ran: ['pack', 'right1', 'right2', 'right3']},
	right2: {edition: 2, ran: ['pack', 'right2', 'right3']},
	right3: {edition: 2, ran: ['pack', 'right3']},
	source: {edition: 1, ran: ['pack']},
	'left in the result': {edition: 1, ran: ['pack']},
	'right in the result': {edition: 1, ran: ['pack']},
	pack: {edition: 1, ran: ['pack']},
};

test('a build without any one of ten layers succeeds, and runs only what stood on that layer', async t => {
	t.timeout(600_000);
	const storage = await storages.create(t);
	// What is deleted past it, it believes to be there for a while; here for none.
	const registry = await startLayercache(t, {storage, env: {LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'}});
	const {context, ref, layers, packed} = await arrange(t, registry);
	t.deepEqual([...layers.keys()].sort(), Object.keys(losses).sort());
	for (const [step, {edition, ran}] of Object.entries(losses)) {
		await context.writeSource(edition);
		const restore = await lose(storage, String(layers.get(step)));
		const build = await cacheBuild(t, {context, cacheFrom: fromRegistry(ref)});
		t.deepEqual(build.ran, ran, `without the layer of ${step}`);
		// What was packed is packed of the same again.
		if (ran !== everything && edition === 1) t.is(build.packed, packed, `without the layer of ${step}`);
		await build.builder.stop();
		await restore();
	}
	t.regex(await registry.log(), /"tag":"cache".*"msg":"cache repaired"/);
	const metrics = await (await fetch(`${registry.url}/metrics`)).text();
	t.regex(metrics, /^layercache_missing_layers_total\{repository="team\/app"\} 10$/m);
});

test('on Distribution the same build exits with 1', async t => {
	t.timeout(180_000);
	const storage = await storages.create(t);
	const registry = await startDistribution(t, storage);
	const {context, ref, layers} = await arrange(t, registry);
	for (const step of ['right2', 'pack']) {
		await context.writeSource(losses[step]?.edition ?? 1);
		const restore = await lose(storage, String(layers.get(step)));
		const builder = await startBuildkitd(t);
		const outputs = [`type=local,dest=${await temporaryFolder(t, 'files')}`];
		const {exitCode, log} = await buildByBuildctl(builder, {context: context.folder, cacheFrom: fromRegistry(ref), outputs});
		t.is(exitCode, 1, log);
		t.regex(log, /not found/);
		await builder.stop();
		await restore();
	}
});

/** Builds and exports the cache; `layers` are their digests by the step that made them. */
const arrange = async (t: ExecutionContext, registry: RegistryServer): Promise<Arranged> => {
	const context = await contextOf(t, dockerfile);
	const ref = `${registry.host}/team/app:cache`;
	const {ran, packed, builder} = await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${ref},mode=max`]});
	t.deepEqual(ran, everything);
	await builder.stop();
	return {context, ref, packed, layers: await layersBySteps(registry)};
};

type Arranged = {context: Context; ref: string; packed: string; layers: ReadonlyMap<string, string>};

/** By how the config says they lie on one another: three branches of different heights on two layers. */
const layersBySteps = async (registry: RegistryServer): Promise<ReadonlyMap<string, string>> => {
	const {document} = await getManifest(registry, 'team/app', 'cache');
	const config = await fetch(`${registry.url}/v2/team/app/blobs/${document.config?.digest}`);
	const {layers} = (await config.json()) as {layers: {blob: string; parent?: number}[]};
	const on = (parent: number) => layers.flatMap((layer, at) => ((layer.parent ?? 0) === parent ? [at] : []));
	const branch = (at: number): number[] => [at, ...on(at).flatMap(branch)];
	const [bottom = -1] = on(-1);
	const [shell = -1] = on(bottom);
	const named = on(shell).map(branch).flatMap(name);
	return new Map([['busybox', bottom] as const, ['shell', shell] as const, ...named].map(([step, at]) => [step, layers[at]?.blob ?? '']));
};

const name = (branch: number[]): (readonly [string, number])[] => {
	const steps = [['left'], ['right1', 'right2', 'right3'], ['source', 'left in the result', 'right in the result', 'pack']];
	const mine = steps.find(({length}) => length === branch.length) ?? [];
	return branch.map((at, height) => [mine[height] ?? 'unknown', at] as const);
};

/** Deletes a blob past the registry, as a lifecycle rule does it. Answers how to bring it back. */
const lose = async (storage: Storage, digest: string): Promise<() => Promise<void>> => {
	if (storage.kind !== 's3') throw new Error('only buckets lose objects here');
	const {server, bucket: Bucket} = storage;
	const client = server.client();
	const hex = digest.split(':')[1] ?? '';
	const keys = [...(await storedObjects(storage)).keys()].filter(key => key.includes(`/${hex}`) && key.includes('blobs/'));
	const bodies = await Promise.all(
		keys.map(async Key => ({Key, Body: await (await client.send(new GetObjectCommand({Bucket, Key}))).Body?.transformToByteArray()})),
	);
	if (bodies.length === 0) throw new Error(`nothing in the bucket is called ${digest}`);
	for (const Key of keys) await client.send(new DeleteObjectCommand({Bucket, Key}));
	return async () => {
		for (const {Key, Body} of bodies) await client.send(new PutObjectCommand({Bucket, Key, Body}));
	};
};
