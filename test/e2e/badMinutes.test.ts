/** A real BuildKit's caches while S3 has a bad minute: exported and imported all the same, or refused with the cause; and never a wrong byte. */
import {env} from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {buildByBuildctl} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, fromRegistry} from './harness/cacheBuild.ts';
import {createContext, lastStep} from './harness/context.ts';
import {type FaultProxy, refusal, startFaultProxy} from './harness/faultProxy.ts';
import {burst, mixed, onFirst, type Plan, to, under} from './harness/faultProxyPlans.ts';
import {startLayercache} from './harness/layercache.ts';
import {startMinio} from './harness/minio.ts';
import {createRandom, type Random} from './harness/random.ts';
import {sha256} from './harness/registryClient.ts';
import type {RegistryServer} from './harness/registryServer.ts';
import {fileScope} from './harness/scope.ts';
import {whenAsked} from './harness/whenAsked.ts';
import {readWholeBucket} from './harness/wholeBucket.ts';

const rounds = Number(env.FAULT_ROUNDS ?? 1);
// Above the largest single PUT, so that one layer goes up in parts.
const bigBytes = 18_000_000;

const scope = fileScope(test);
const site = whenAsked(async () => {
	const minio = await startMinio(scope);
	const storage = {kind: 's3', server: minio, bucket: await minio.createBucket()} as const;
	const proxy = await startFaultProxy(scope, minio.endpoint);
	const throughProxy = {...storage, server: {...minio, endpoint: proxy.url}};
	// Every byte through the servers, so that their reads are those that break. The second has nothing in its memory.
	const env = {LAYERCACHE_REDIRECT_DOWNLOADS: 'never'};
	const [registry, replica] = await Promise.all([1, 2].map(() => startLayercache(scope, {storage: throughProxy, env})));
	if (!registry || !replica) throw new Error('no registry');
	const redirecting = whenAsked(() => startLayercache(scope, {storage: throughProxy}));
	return {storage, proxy, registry, replica, redirecting};
});

let repositories = 0;

const setUp = async (t: ExecutionContext) => {
	t.timeout(300_000);
	const random = createRandom();
	t.log(`E2E_SEED=${random.seed}`);
	const shared = await site();
	shared.proxy.faults = () => undefined;
	repositories += 1;
	const repository = `team/app-${repositories}`;
	const start = shared.proxy.seen.length;
	const servers = [shared.registry, shared.replica];
	const logged = await Promise.all(servers.map(server => server.log()));
	return {
		...shared,
		random,
		repository,
		injected: () => shared.proxy.seen.slice(start).flatMap(nameOfFault),
		/** What clients were told nothing of, or an error. */
		async failures() {
			const logs = await Promise.all(servers.map(server => server.log()));
			return logs.flatMap((log, at) => log.slice(logged[at]?.length).split('\n')).filter(line => line.includes('request failed'));
		},
		/** Read without the proxy; answers how many blobs and manifests were. */
		async assertNothingWrong() {
			const met = Map.groupBy(shared.proxy.seen.slice(start).flatMap(nameOfFault), name => name);
			t.log([...met].map(([name, all]) => `${all.length} x ${name}`).join(', '));
			const {wrong, read} = await readWholeBucket(shared.storage, repository);
			t.deepEqual(wrong, []);
			return read;
		},
	};
};

/** "GetObject _tags truncate": what was asked for, in which room of the repository, and what came of it. */
const nameOfFault = ({operation, key, fault}: FaultProxy['seen'][number]) =>
	fault ? [[operation, /\/(_\w+)\//.exec(key)?.[1], fault.kind === 'answer' ? fault.status : fault.kind].join(' ')] : [];

/** Exported to one server and imported from another. */
const exportAndImport = async (
	t: ExecutionContext,
	{registry, replica, repository}: {registry: RegistryServer; replica: RegistryServer; repository: string},
	importing: () => void = () => undefined,
) => {
	const context = await createContext(t, {bigBytes});
	const exported = await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${registry.host}/${repository}:cache,mode=max`]});
	importing();
	// The last step needs every layer of the cache, the big one too.
	await context.writeSource(2);
	const imported = await cacheBuild(t, {context, cacheFrom: fromRegistry(`${replica.host}/${repository}:cache`)});
	t.deepEqual(imported.ran, lastStep, imported.log);
	t.is(imported.packed, exported.packed.replace('edition 1', 'edition 2'));
};

const layerWrite = under('/_blobs/', to('PutObject', 'CreateMultipartUpload'));
const anything = () => true;
const reads = to('GetObject');
const times = (random: Random, most: number) => 1 + Math.floor(random.fraction() * most);

/** `importing` takes over when the import begins; `meets` is what must have met a fault. */
type BadMinute = {exporting?: Plan; importing?: Plan; meets: readonly string[]};
const everyRead = ['GetObject _tags', 'GetObject _manifests', 'GetObject _blobs'];
const everyWrite = ['UploadPart _blobs', 'CompleteMultipartUpload _blobs', 'PutObject _blobs', 'PutObject _manifests', 'PutObject _tags'];

/** Each passes. */
const badMinutes: Readonly<Record<string, (random: Random) => BadMinute>> = {
	'SlowDown to everything for 5 s, from the first layer on': () => ({exporting: burst(layerWrite, 5), meets: ['_blobs 503']}),
	'SlowDown to everything for 5 s, from the manifest on': () => ({
		exporting: burst(under('/_manifests/', to('PutObject')), 5),
		meets: ['PutObject _manifests 503'],
	}),
	'SlowDown to everything for 5 s, from the tag on': () => ({
		exporting: burst(under('/_tags/', to('PutObject')), 5),
		meets: ['PutObject _tags 503'],
	}),
	'SlowDown to everything for 5 s, from the first look at the tag on': () => ({
		importing: burst(under('/_tags/', reads), 5),
		meets: ['GetObject _tags 503'],
	}),
	'SlowDown to everything for 5 s, from the first layer that is read': () => ({
		importing: burst(under('/_blobs/', reads), 5),
		meets: ['GetObject _blobs 503'],
	}),
	'connections that are reset at a random byte of the request': random => ({
		exporting: onFirst(anything, () => ({kind: 'resetRequest', at: random.fraction()}), times(random, 3)),
		meets: [...everyRead, ...everyWrite],
	}),
	'connections that are reset at a random byte of the answer': random => ({
		exporting: onFirst(anything, () => ({kind: 'resetAnswer', at: random.fraction()}), times(random, 3)),
		meets: [...everyRead, ...everyWrite],
	}),
	'answers that nobody hears': () => ({
		exporting: onFirst(anything, () => ({kind: 'resetAnswer', at: 0})),
		meets: [...everyRead, ...everyWrite],
	}),
	'500 at the end of a multipart upload': () => ({
		exporting: onFirst(to('CompleteMultipartUpload'), () => refusal(500, 'InternalError'), 3),
		meets: ['CompleteMultipartUpload _blobs 500'],
	}),
	'409 at the end of a multipart upload': () => ({
		exporting: onFirst(to('CompleteMultipartUpload'), () => refusal(409, 'OperationAborted'), 3),
		meets: ['CompleteMultipartUpload _blobs 409'],
	}),
	'409 to every write': () => ({
		exporting: onFirst(to('PutObject', 'CompleteMultipartUpload'), () => refusal(409, 'ConditionalRequestConflict'), 3),
		meets: ['CompleteMultipartUpload _blobs 409', 'PutObject _blobs 409', 'PutObject _manifests 409', 'PutObject _tags 409'],
	}),
	'a 200 with an error in it at the end of a multipart upload': () => ({
		exporting: onFirst(to('CompleteMultipartUpload'), () => refusal(200, 'InternalError'), 2),
		meets: ['CompleteMultipartUpload _blobs 200'],
	}),
	'reads that end too early, of layers and of every document': random => ({
		exporting: onFirst(reads, () => ({kind: 'truncate', at: random.fraction()}), times(random, 3)),
		meets: everyRead,
	}),
	'requests that stand still for 2 s': () => ({
		exporting: onFirst(to('UploadPart', 'PutObject'), () => ({kind: 'stallRequest', seconds: 2})),
		meets: ['UploadPart _blobs', 'PutObject _manifests'],
	}),
	'answers that stand still for 2 s': random => ({
		importing: onFirst(reads, () => ({kind: 'stallAnswer', seconds: 2, at: random.fraction()})),
		meets: everyRead,
	}),
	'all of it together': random => ({exporting: mixed(random, 0.4), meets: []}),
};

const anythingPasses: Plan = () => undefined;

for (let round = 1; round <= rounds; round += 1) {
	const suffix = rounds > 1 ? `, round ${round}` : '';

	for (const [title, plan] of Object.entries(badMinutes)) {
		test(`a cache is exported and imported through ${title}${suffix}`, async t => {
			const {proxy, random, injected, failures, assertNothingWrong, ...place} = await setUp(t);
			const {exporting = anythingPasses, importing, meets} = plan(random);
			proxy.faults = exporting;
			await exportAndImport(t, place, () => {
				if (importing) proxy.faults = importing;
			});
			proxy.faults = anythingPasses;
			t.true((await assertNothingWrong()) >= 5);
			for (const name of ['', ...meets])
				t.true(
					injected().some(met => met.includes(name)),
					name,
				);
		});
	}

	test(`a builder that fetches layers from the bucket itself bears SlowDown and reads that end too early${suffix}`, async t => {
		const {proxy, redirecting, repository, random, injected, assertNothingWrong} = await setUp(t);
		const byBuilder: Parameters<typeof onFirst>[0] = request => reads(request) && /buildkit/.test(request.headers['user-agent'] ?? '');
		const server = await redirecting();
		await exportAndImport(t, {registry: server, replica: server, repository}, () => {
			const slow = burst(byBuilder, 3);
			const short = onFirst(byBuilder, () => ({kind: 'truncate', at: 0.2 + 0.6 * random.fraction()}), 3);
			proxy.faults = request => (byBuilder(request) ? (slow(request) ?? short(request)) : undefined);
		});
		proxy.faults = anythingPasses;
		await assertNothingWrong();
		for (const name of ['GetObject _blobs truncate', 'GetObject _blobs 503']) t.true(injected().includes(name), name);
	});

	for (const [title, chunkBytes, meets] of [
		['one chunk', [6_000_000], ['CopyObject _blobs 200']],
		['two chunks that S3 joins', [5_500_000, 6_000_000], ['UploadPartCopy _blobs 200', 'CompleteMultipartUpload _blobs 200']],
		['three chunks that are read and joined here', [1_000_000, 2_000_000, 3_000_000], []],
	] as const) {
		test(`a blob pushed in ${title} survives a 200 with an error in it for every copy, join and removal${suffix}`, async t => {
			const {proxy, registry, repository, random, injected, assertNothingWrong} = await setUp(t);
			const operations = to('CopyObject', 'UploadPartCopy', 'CompleteMultipartUpload', 'DeleteObjects', 'CreateMultipartUpload');
			proxy.faults = onFirst(operations, () => refusal(200, 'InternalError'), 2);
			const digest = await pushInChunks(
				registry,
				repository,
				chunkBytes.map(size => random.bytes(size)),
			);
			proxy.faults = anythingPasses;
			const answer = await fetch(`${registry.url}/v2/${repository}/blobs/${digest}`);
			t.is(sha256(Buffer.from(await answer.arrayBuffer())), digest);
			t.is(await assertNothingWrong(), 1);
			for (const name of ['DeleteObjects  200', ...meets]) t.true(injected().includes(name), name);
		});
	}

	test(`SlowDown that does not end fails the export with its cause in the log, and no tag promises what is not there${suffix}`, async t => {
		const {proxy, registry, repository, assertNothingWrong} = await setUp(t);
		const context = await createContext(t, {bigBytes: 1_000_000});
		const builder = await startBuildkitd(t);
		proxy.faults = request => (under('/_manifests/', to('PutObject'))(request) ? refusal(503, 'SlowDown') : undefined);
		const cacheTo = [`type=registry,ref=${registry.host}/${repository}:cache,mode=max`];
		const failed = await buildByBuildctl(builder, {context: context.folder, cacheTo});
		proxy.faults = anythingPasses;
		t.not(failed.exitCode, 0);
		t.regex(failed.log, /503 Service Unavailable|the store of this registry cannot be reached just now; its log says more/);
		t.regex(await registry.log(), /failed PutObject with 503 SlowDown.*S3 is overloaded or has a bad minute/);
		t.is((await fetch(`${registry.url}/v2/${repository}/manifests/cache`)).status, 404);
		await assertNothingWrong();
		const again = await buildByBuildctl(builder, {context: context.folder, cacheTo});
		t.is(again.exitCode, 0, again.log);
		await assertNothingWrong();
	});
}

/** As docker does it: POST, PATCH after PATCH, a closing PUT. */
const pushInChunks = async ({url}: RegistryServer, repository: string, chunks: readonly Buffer[]): Promise<string> => {
	const digest = sha256(Buffer.concat(chunks));
	const send = async (method: string, location: string, status: number, body?: Buffer) => {
		const answer = await fetch(new URL(location, url), {method, body, headers: body && {'Content-Type': 'application/octet-stream'}});
		if (answer.status !== status) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
		return answer.headers.get('Location') ?? '';
	};
	let location = await send('POST', `/v2/${repository}/blobs/uploads/`, 202);
	for (const chunk of chunks) location = await send('PATCH', location, 202, chunk);
	await send('PUT', `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`, 201);
	return digest;
};
