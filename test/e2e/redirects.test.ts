/** Where the bytes of a layer come from: the bucket itself on S3, unless it is out of the builders' reach. */
import test, {type ExecutionContext} from 'ava';
import {cacheBuild, fromRegistry} from './harness/cacheBuild.ts';
import {createContext, lastStep} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {startRecordingProxy} from './harness/recordingProxy.ts';
import {cacheLayers, getBlob, getManifest, sha256} from './harness/registryClient.ts';
import type {Storage} from './harness/registryServer.ts';
import {disk, minio, versitygw} from './harness/storages.ts';

// Smaller ones cost less when they come with the answer.
const redirectedBytes = 64 * 1024;

const filledCache = async (t: ExecutionContext, storage: Storage, env?: NodeJS.ProcessEnv) => {
	t.timeout(180_000);
	const registry = await startLayercache(t, {storage, env});
	const context = await createContext(t);
	const ref = `${registry.host}/team/app:cache`;
	await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${ref},mode=max`]});
	const manifest = await getManifest(registry, 'team/app', 'cache');
	const layers = cacheLayers(manifest);
	return {registry, context, ref, manifest, big: layers.filter(({size}) => size >= redirectedBytes), layers};
};

for (const kind of [minio(test), versitygw(test)]) {
	test(`layers come by 307 from ${kind.name}, whole and with the right digest; the cache's config comes directly`, async t => {
		const storage = await kind.create(t);
		if (storage.kind !== 's3') return t.fail();
		const {registry, manifest, big} = await filledCache(t, storage);
		t.true(big.length >= 2);

		for (const {digest, size} of big) {
			const answer = await getBlob(registry, 'team/app', digest);
			t.is(answer.status, 307);
			const location = answer.headers.get('Location') ?? '';
			t.is(new URL(location).origin, storage.server.endpoint);
			const bytes = Buffer.from(await (await fetch(location)).arrayBuffer());
			t.is(bytes.length, size);
			t.is(sha256(bytes), digest);
		}
		const digest = manifest.document.config?.digest ?? '';
		const config = await getBlob(registry, 'team/app', digest);
		t.is(config.status, 200);
		t.is(sha256(Buffer.from(await config.arrayBuffer())), digest);
	});

	test(`BuildKit itself fetches the layers from ${kind.name} under the public endpoint's name`, async t => {
		const storage = await kind.create(t);
		if (storage.kind !== 's3') return t.fail();
		const bucket = await startRecordingProxy(t, storage.server.endpoint);
		const {context, ref, big} = await filledCache(t, storage, {LAYERCACHE_S3_PUBLIC_ENDPOINT: bucket.url});
		t.deepEqual(
			// What the server itself tries out at its start is not the builder's.
			bucket.requests.filter(({method, userAgent}) => method !== 'GET' && /buildkit/.test(userAgent)),
			[],
		);
		const before = bucket.requests.length;

		await context.writeSource(2);
		t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(ref)})).ran, lastStep);

		const fetched = bucket.requests.slice(before);
		// Shell and both layers of "build" are needed for the last step, and each is past the limit but "shell"'s links.
		t.true(fetched.length >= big.length, JSON.stringify(fetched));
		for (const {method, userAgent, status} of fetched) {
			t.is(method, 'GET');
			t.regex(userAgent, /buildkit\/v0\.33/);
			t.true(status === 200 || status === 206, String(status));
		}
	});

	test(`with LAYERCACHE_REDIRECT_DOWNLOADS=never every byte comes through the server, from ${kind.name} too`, async t => {
		const {registry, context, ref, big} = await filledCache(t, await kind.create(t), {LAYERCACHE_REDIRECT_DOWNLOADS: 'never'});
		t.true(big.length >= 2);
		for (const {digest} of big) {
			const answer = await getBlob(registry, 'team/app', digest);
			t.is(answer.status, 200);
			t.is(sha256(Buffer.from(await answer.arrayBuffer())), digest);
		}
		await context.writeSource(2);
		t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(ref)})).ran, lastStep);
	});
}

test('layers on disk come from the server itself', async t => {
	const {registry, layers} = await filledCache(t, await disk.create(t));
	for (const {digest} of layers) {
		const answer = await getBlob(registry, 'team/app', digest);
		t.is(answer.status, 200);
		t.is(sha256(Buffer.from(await answer.arrayBuffer())), digest);
	}
});
