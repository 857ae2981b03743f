/** A short pass on a second S3 server, so that nothing rests on MinIO's habits. */
import test from 'ava';
import {buildByBuildx} from './harness/build.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext, lastStep} from './harness/context.ts';
import {imageClient} from './harness/imageClients.ts';
import {startRegistry} from './harness/registry.ts';
import {versitygw} from './harness/storages.ts';

const kind = versitygw(test);

test('a cache and an image go to versitygw and come back', async t => {
	t.timeout(180_000);
	const registry = await startRegistry(t, await kind.create(t));
	const context = await createContext(t);
	const [cache, image] = [`${registry.host}/team/app:cache`, `${registry.host}/team/app:1.0`];

	const first = await cacheBuild(t, {
		context,
		build: buildByBuildx,
		cacheTo: [`type=registry,ref=${cache},mode=max`],
		outputs: [`type=image,name=${image},push=true`],
	});
	t.deepEqual(first.ran, allSteps);
	await everyStepIsCached(t, {context, cacheFrom: fromRegistry(cache), packed: first.packed});
	await context.writeSource(2);
	t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(cache)})).ran, lastStep);

	const crane = await imageClient(t, 'crane', registry);
	await crane.run('validate', '--remote', image);
	await crane.run('copy', image, `${registry.host}/other/copy:1.0`);
	await crane.run('validate', '--remote', `${registry.host}/other/copy:1.0`);
	await crane.run('delete', `${registry.host}/other/copy:1.0`);
	t.is((await crane.attempt('digest', `${registry.host}/other/copy:1.0`)).exitCode, 1);
});
