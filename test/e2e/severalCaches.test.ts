/** More than one cache in a build, and the same cache more than once. */
import test from 'ava';
import {cacheBuild, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext, lastStep, stepsBeyondMin} from './harness/context.ts';
import {startRegistry} from './harness/registry.ts';
import {getManifest, manifestStatus} from './harness/registryClient.ts';
import {diskAndMinio} from './harness/storages.ts';
import {storedObjects} from './harness/storedObjects.ts';

for (const kind of diskAndMinio(test)) {
	test(`two caches exported by one build are each complete on ${kind.name}`, async t => {
		t.timeout(180_000);
		const registry = await startRegistry(t, await kind.create(t));
		const context = await createContext(t);
		const refs = {max: `${registry.host}/team/app:max`, min: `${registry.host}/other/app:min`};
		const cacheTo = Object.entries(refs).map(([mode, ref]) => `type=registry,ref=${ref},mode=${mode}`);

		const first = await cacheBuild(t, {context, cacheTo});
		t.deepEqual(first.ran, allSteps);

		for (const ref of Object.values(refs)) t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(ref)})).ran, []);
		await context.writeSource(2);
		t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(refs.max)})).ran, lastStep);
		t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(refs.min)})).ran, stepsBeyondMin);
	});

	test(`several caches are imported side by side, one of them missing, on ${kind.name}`, async t => {
		t.timeout(180_000);
		const registry = await startRegistry(t, await kind.create(t));
		const context = await createContext(t);
		const [main, branch, missing] = ['main', 'branch', 'never-pushed'].map(tag => `${registry.host}/team/app:${tag}`) as [
			string,
			string,
			string,
		];

		const {builder} = await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${main},mode=max`]});
		await context.writeSource(2);
		// On another builder, so that "branch" knows nothing of edition 1.
		await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${branch},mode=max`]});
		await builder.stop();

		const importer = await cacheBuild(t, {context, cacheFrom: fromRegistry(missing, branch, main)});
		t.deepEqual(importer.ran, []);
		t.is(await manifestStatus(registry, 'team/app', 'never-pushed'), 404);
		await context.writeSource(1);
		t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(missing, branch, main)})).ran, []);
		// Either of the two alone leaves the other's last step to run.
		t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(branch)})).ran, lastStep);
	});

	test(`exporting an unchanged cache again stores nothing new on ${kind.name}`, async t => {
		t.timeout(180_000);
		const storage = await kind.create(t);
		const registry = await startRegistry(t, storage);
		const context = await createContext(t);
		const cacheTo = [`type=registry,ref=${registry.host}/team/app:cache,mode=max`];

		const {builder} = await cacheBuild(t, {context, cacheTo});
		const [objects, manifest] = [await storedObjects(storage), await getManifest(registry, 'team/app', 'cache')];
		t.true(objects.size > 5);

		const again = await cacheBuild(t, {context, cacheTo, builder});
		t.deepEqual(again.ran, []);
		t.deepEqual(await storedObjects(storage), objects);
		t.is((await getManifest(registry, 'team/app', 'cache')).digest, manifest.digest);
	});
}
