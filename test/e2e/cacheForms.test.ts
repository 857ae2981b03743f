/** BuildKit's forms of a cache: image manifest or index, in OCI's or Docker's media types. */
import test from 'ava';
import {buildByBuildctl} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext, lastStep} from './harness/context.ts';
import {startRegistry} from './harness/registry.ts';
import {cacheLayers, getManifest, manifestStatus} from './harness/registryClient.ts';
import {diskAndMinio} from './harness/storages.ts';

const forms = [
	{options: 'image-manifest=true,oci-mediatypes=true', mediaType: 'application/vnd.oci.image.manifest.v1+json'},
	{options: 'image-manifest=false,oci-mediatypes=true', mediaType: 'application/vnd.oci.image.index.v1+json'},
	{options: 'image-manifest=false,oci-mediatypes=false', mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json'},
];

for (const kind of diskAndMinio(test)) {
	for (const {options, mediaType} of forms) {
		test(`a cache with ${options} is stored as pushed and brings every step back on ${kind.name}`, async t => {
			t.timeout(180_000);
			const registry = await startRegistry(t, await kind.create(t));
			const context = await createContext(t);
			const ref = `${registry.host}/team/app:cache`;

			const first = await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${ref},mode=max,${options}`]});
			t.deepEqual(first.ran, allSteps);
			const stored = await getManifest(registry, 'team/app', 'cache');
			t.is(stored.mediaType, mediaType);
			t.is(stored.document.mediaType, mediaType);
			t.true(cacheLayers(stored).length > 4);

			await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref), packed: first.packed});

			await context.writeSource(2);
			t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(ref)})).ran, lastStep);
		});
	}

	test(`image-manifest=true with oci-mediatypes=false is refused by BuildKit and leaves no tag on ${kind.name}`, async t => {
		t.timeout(60_000);
		const registry = await startRegistry(t, await kind.create(t));
		const context = await createContext(t);
		const cacheTo = [`type=registry,ref=${registry.host}/team/app:cache,image-manifest=true,oci-mediatypes=false`];
		const result = await buildByBuildctl(await startBuildkitd(t), {context: context.folder, cacheTo});
		t.not(result.exitCode, 0);
		t.is(await manifestStatus(registry, 'team/app', 'cache'), 404);
	});
}
