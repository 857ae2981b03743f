/** A cache whose config is larger than BuildKit imports. */
import test from 'ava';
import {buildByBuildctl} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {fromRegistry} from './harness/cacheBuild.ts';
import {contextOf} from './harness/context.ts';
import {startDistribution} from './harness/distribution.ts';
import {startLayercache} from './harness/layercache.ts';
import {getManifest} from './harness/registryClient.ts';
import {disk, minio} from './harness/storages.ts';

const storages = minio(test);

// Some 5,000 steps, each a record. With `mode=min` only the last stage has layers, so the export is records and little else.
const stages = Array.from({length: 47}, (_, stage) => stage);
const steps = Array.from({length: 110}, (_, step) => step);
const dockerfile = `
FROM scratch AS base
COPY source.txt /f
${stages.map(stage => `FROM scratch AS s${stage}\n${steps.map(step => `COPY --from=base /f /${stage}-${step}`).join('\n')}`).join('\n')}
FROM scratch AS result
${stages.map(stage => `COPY --from=s${stage} /${stage}-${steps.length - 1} /`).join('\n')}
`;

test('a cache of 1.1 MiB of records is imported with hits, and not at all through Distribution', async t => {
	t.timeout(600_000);
	const registry = await startLayercache(t, {storage: await storages.create(t)});
	const distribution = await startDistribution(t, await disk.create(t));
	const context = await contextOf(t, dockerfile);
	const refs = [registry, distribution].map(({host}) => `${host}/team/app:cache`);
	const cacheTo = refs.map(ref => `type=registry,ref=${ref},mode=min`);

	const builder = await startBuildkitd(t);
	const exported = await buildByBuildctl(builder, {context: context.folder, cacheTo, timeoutSeconds: 400});
	t.is(exported.exitCode, 0, exported.log.slice(-5000));
	await builder.stop();
	const stored = await getManifest(distribution, 'team/app', 'cache');
	const size = stored.document.config?.size ?? 0;
	t.log(`a config of ${size} bytes`);
	t.true(size > 1.1 * 1024 * 1024, `${size}`);
	t.regex(await registry.log(), /its config has \d+ bytes, and BuildKit imports at most 1048576/);

	const importer = await startBuildkitd(t);
	const imported = await buildByBuildctl(importer, {
		context: context.folder,
		cacheFrom: fromRegistry(String(refs[0])),
		timeoutSeconds: 400,
	});
	t.is(imported.exitCode, 0, imported.log.slice(-5000));
	const ofResult = imported.cached.filter(step => step.startsWith('[result '));
	t.log(`${ofResult.length} of ${stages.length} steps of the result CACHED`);
	t.true(ofResult.length > stages.length / 2);
	t.notRegex(imported.log, /ERROR importing cache manifest/);
	await importer.stop();

	// One stage is enough to see that nothing came.
	const other = await startBuildkitd(t);
	const refused = await buildByBuildctl(other, {context: context.folder, target: 's0', cacheFrom: fromRegistry(String(refs[1]))});
	t.is(refused.exitCode, 0);
	t.regex(refused.log, /importing cache manifest from .*\n(?:.*\n)*.*ERROR/);
	t.deepEqual(refused.cached, []);
});
