/** What `mode=max` and `mode=min` bring back to a builder that has nothing. */
import test from 'ava';
import {buildByBuildctl, buildByBuildx} from './harness/build.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext, lastStep, stepsBeyondMin} from './harness/context.ts';
import {startRegistry} from './harness/registry.ts';
import {diskAndMinio} from './harness/storages.ts';

const clients = {buildctl: buildByBuildctl, buildx: buildByBuildx};
const modes = {max: lastStep, min: stepsBeyondMin};

for (const kind of diskAndMinio(test)) {
	for (const [client, build] of Object.entries(clients)) {
		for (const [mode, stepsAfterChange] of Object.entries(modes)) {
			test(`mode=${mode} by ${client} on ${kind.name}: an empty builder runs nothing, and after a change what the mode left out`, async t => {
				t.timeout(180_000);
				const registry = await startRegistry(t, await kind.create(t));
				const context = await createContext(t);
				const ref = `${registry.host}/team/app:cache`;
				const cacheFrom = fromRegistry(ref);

				const first = await cacheBuild(t, {context, build, cacheTo: [`type=registry,ref=${ref},mode=${mode}`]});
				t.deepEqual(first.ran, allSteps);

				await everyStepIsCached(t, {context, build, cacheFrom, packed: first.packed});

				await context.writeSource(2);
				const changed = await cacheBuild(t, {context, build, cacheFrom});
				t.deepEqual(changed.ran, stepsAfterChange);
			});
		}
	}
}
