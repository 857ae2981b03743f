/** Caches of several tags, and of several jobs at one tag, answered as one. */
import test from 'ava';
import {buildByBuildctl} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, contextOf, createContext, lastStep, shellStage} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {policySetting} from './harness/policy.ts';
import {minio} from './harness/storages.ts';

const storages = minio(test);
const policy = `
refs:
  - match: "team/**:everything"
    union: ["branch-*"]
  - match: "team/**:matrix"
    onPush: merge
`;

test('two branches pushed to two tags are all cached through the one tag that unites them', async t => {
	t.timeout(240_000);
	const registry = await startLayercache(t, {storage: await storages.create(t), env: await policySetting(t, policy)});
	const context = await createContext(t, {bigBytes: 4_000_000});
	const ref = (tag: string) => `${registry.host}/team/app:${tag}`;
	const packed: string[] = [];
	for (const edition of [1, 2]) {
		await context.writeSource(edition);
		// On a builder of its own, so that one branch knows nothing of the other.
		const built = await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${ref(`branch-${edition}`)},mode=max`]});
		t.deepEqual(built.ran, allSteps);
		packed.push(built.packed);
		await built.builder.stop();
	}
	for (const edition of [1, 2]) {
		await context.writeSource(edition);
		await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref('everything')), packed: packed[edition - 1] ?? ''});
	}
	// Either of the two alone leaves the other's last step to run.
	t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(ref('branch-1'))})).ran, lastStep);
});

const jobs = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const matrix = `${shellStage}
${jobs.map(job => `FROM shell AS ${job}\nRUN echo "ran: ${job}1" && head -c 100000 /dev/urandom > /${job}1\nRUN echo "ran: ${job}2" && sha256sum /${job}1 > /${job}\n`).join('\n')}
FROM shell
${jobs.map(job => `COPY --from=${job} /${job} /${job}`).join('\n')}
COPY source.txt /
RUN echo "ran: pack" && cat ${jobs.map(job => `/${job}`).join(' ')} > /packed
`;

test('eight jobs that export their stages to one merging tag at the same time lose nothing', async t => {
	t.timeout(240_000);
	const registry = await startLayercache(t, {storage: await storages.create(t), env: await policySetting(t, policy)});
	const context = await contextOf(t, matrix);
	const ref = `${registry.host}/team/app:matrix`;
	const builder = await startBuildkitd(t);
	// What they have in common is built before, so that they come to their exports at once.
	const shell = await buildByBuildctl(builder, {context: context.folder, target: 'shell'});
	t.is(shell.exitCode, 0, shell.log);
	const built = await Promise.all(
		jobs.map(target => buildByBuildctl(builder, {context: context.folder, target, cacheTo: [`type=registry,ref=${ref},mode=max`]})),
	);
	t.deepEqual(
		built.map(({exitCode}) => exitCode),
		jobs.map(() => 0),
	);
	await builder.stop();

	const imported = await cacheBuild(t, {context, cacheFrom: fromRegistry(ref)});
	t.deepEqual(imported.ran, ['pack'], imported.log);
	const told = await fetch(`${registry.url}/api/v1/refs/team/app:matrix`);
	t.like(await told.json(), {answer: 'derived', ways: ['union'], sources: {length: 8}});
});
