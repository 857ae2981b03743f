/** In front of CNCF Distribution: what a build pushes goes there, its cache stays here, and both are read by one name. */
import {writeFile} from 'node:fs/promises';
import test from 'ava';
import {buildByBuildctl, buildByBuildx} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext} from './harness/context.ts';
import {startDistribution} from './harness/distribution.ts';
import {startInFront} from './harness/inFront.ts';
import {readBlob} from './harness/pushClient.ts';
import {type Descriptor, getManifest, manifestStatus, type StoredManifest} from './harness/registryClient.ts';
import type {RegistryServer} from './harness/registryServer.ts';
import type {Scope} from './harness/scope.ts';
import {disk, diskAndMinio} from './harness/storages.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';
import {until} from './harness/until.ts';

const startUpstream = async (scope: Scope) => startDistribution(scope, {kind: 'disk', folder: await temporaryFolder(scope, 'upstream')});

/** Of an image, or of the images of an index. */
const blobsOf = async (registry: RegistryServer, repository: string, {document}: StoredManifest): Promise<readonly Descriptor[]> => {
	if (document.config) return [document.config, ...(document.layers ?? [])];
	const children = (document.manifests ?? []).map(async ({digest}) =>
		blobsOf(registry, repository, await getManifest(registry, repository, digest)),
	);
	return (await Promise.all(children)).flat();
};

for (const kind of diskAndMinio(test)) {
	for (const [client, build] of [
		['buildctl', buildByBuildctl],
		['buildx', buildByBuildx],
	] as const) {
		test(`an image pushed with ${client} lies upstream byte for byte, and its cache, old form or new, only here on ${kind.name}`, async t => {
			t.timeout(240_000);
			const upstream = await startUpstream(t);
			const registry = await startInFront(t, {storage: await kind.create(t), upstream: `url: "${upstream.url}"`});
			const context = await createContext(t);
			const ref = `${registry.host}/team/app`;
			for (const form of ['true', 'false']) {
				const first = await cacheBuild(t, {
					...{context, build},
					outputs: [`type=image,name=${ref}:v-${form},push=true`],
					cacheTo: [`type=registry,ref=${ref}:cache-${form},mode=max,image-manifest=${form}`],
				});
				t.deepEqual(first.ran, allSteps);
				const [there, here] = [await getManifest(upstream, 'team/app', `v-${form}`), await getManifest(registry, 'team/app', `v-${form}`)];
				t.is(there.digest, here.digest);
				for (const {digest} of await blobsOf(upstream, 'team/app', there)) t.is(await readBlob(upstream, 'team/app', digest), 'whole');
				t.is(await manifestStatus(upstream, 'team/app', `cache-${form}`), 404);
				await everyStepIsCached(t, {context, build, cacheFrom: fromRegistry(`${ref}:cache-${form}`), packed: first.packed});
				await context.writeSource(form === 'true' ? 2 : 3);
			}
		});
	}
}

test('a build stands on an image that only the upstream has, and its cache from before, by the name here', async t => {
	t.timeout(180_000);
	const upstream = await startUpstream(t);
	const registry = await startInFront(t, {storage: await disk.create(t), upstream: `url: "${upstream.url}"`});
	const context = await createContext(t);
	const old = `${upstream.host}/team/app`;
	const first = await cacheBuild(t, {
		context,
		outputs: [`type=image,name=${old}:base,push=true`],
		cacheTo: [`type=registry,ref=${old}:cache,mode=max`],
	});
	await everyStepIsCached(t, {context, cacheFrom: fromRegistry(`${registry.host}/team/app:cache`), packed: first.packed});
	await writeFile(`${context.folder}/Dockerfile`, `FROM ${registry.host}/team/app:base\nRUN cat /packed\n`);
	const builder = await startBuildkitd(t);
	const built = await buildByBuildctl(builder, {
		context: context.folder,
		outputs: [`type=image,name=${registry.host}/team/next:1,push=true`],
	});
	t.is(built.exitCode, 0, built.log);
	t.is((await getManifest(upstream, 'team/next', '1')).digest, (await getManifest(registry, 'team/next', '1')).digest);
});

test('a queued image is there soon after, and a cache handed over is imported by a plain BuildKit from there', async t => {
	t.timeout(240_000);
	const upstream = await startUpstream(t);
	const registry = await startInFront(t, {
		storage: await disk.create(t),
		upstream: `url: "${upstream.url}"`,
		route: 'images: queued, caches: both',
	});
	const context = await createContext(t);
	const ref = `${registry.host}/team/app`;
	const first = await cacheBuild(t, {
		context,
		outputs: [`type=image,name=${ref}:1,push=true`],
		cacheTo: [`type=registry,ref=${ref}:cache,mode=max,image-manifest=false`],
	});
	for (const tag of ['1', 'cache'])
		await until(`${tag} to be there`, async () => (await manifestStatus(upstream, 'team/app', tag)) === 200, {
			seconds: 30,
			explain: registry.log,
		});
	t.is((await getManifest(upstream, 'team/app', 'cache')).mediaType, 'application/vnd.oci.image.manifest.v1+json');
	await everyStepIsCached(t, {context, cacheFrom: fromRegistry(`${upstream.host}/team/app:cache`), packed: first.packed});
});
