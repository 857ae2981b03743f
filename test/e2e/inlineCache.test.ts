/** A cache inside the image itself (`type=inline`). */
import test from 'ava';
import {buildByBuildctl, buildByBuildx} from './harness/build.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext, stepsBeyondMin} from './harness/context.ts';
import {startRegistry} from './harness/registry.ts';
import {diskAndMinio} from './harness/storages.ts';

const clients = {buildctl: buildByBuildctl, buildx: buildByBuildx};

for (const kind of diskAndMinio(test)) {
	for (const [client, build] of Object.entries(clients)) {
		test(`an image pushed by ${client} with an inline cache spares an empty builder its steps on ${kind.name}`, async t => {
			t.timeout(180_000);
			const registry = await startRegistry(t, await kind.create(t));
			const context = await createContext(t);
			const ref = `${registry.host}/team/app:1.0`;

			const first = await cacheBuild(t, {context, build, cacheTo: ['type=inline'], outputs: [`type=image,name=${ref},push=true`]});
			t.deepEqual(first.ran, allSteps);

			await everyStepIsCached(t, {context, build, cacheFrom: fromRegistry(ref), packed: first.packed});

			// It holds the image's own layers only, as mode=min does.
			await context.writeSource(2);
			t.deepEqual((await cacheBuild(t, {context, build, cacheFrom: fromRegistry(ref)})).ran, stepsBeyondMin);
		});
	}
}
