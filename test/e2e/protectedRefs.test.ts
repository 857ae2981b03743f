/** What BuildKit and buildx make of a protected ref: a refusal, an ignored refusal, and a push that is dropped. */
import test, {type ExecutionContext} from 'ava';
import {type Build, buildByBuildctl, buildByBuildx} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {createContext} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {policySetting} from './harness/policy.ts';
import {minio} from './harness/storages.ts';

const policy = `refs:
  - match: "ci/**:main"
    protect: true
  - match: "ci/**:quiet"
    protect: true
    onDenied: discard
`;

const storages = minio(test);
const clients: Record<string, Build> = {buildctl: buildByBuildctl, buildx: buildByBuildx};

/** One bucket behind two servers: one lets every client move protected refs, the other none. Both refs hold the cache of a first build. */
const start = async (t: ExecutionContext) => {
	const storage = await storages.create(t);
	const startServer = async (access: string) => startLayercache(t, {storage, env: await policySetting(t, `${policy}${access}`)});
	const trusts = 'access: [{who: {addresses: 127.0.0.0/8}, may: [pull, push, delete, protect], on: "**:*"}]\n';
	const [trusting, guarding] = await Promise.all([startServer(trusts), startServer('')]);
	const context = await createContext(t, {bigBytes: 3_000_000});
	const refs = (host: string) => ['main', 'quiet'].map(tag => `type=registry,ref=${host}/ci/app:${tag},mode=max`);
	const {packed} = await cacheBuild(t, {context, cacheTo: refs(trusting.host)});
	const digestAt = async (tag: string) =>
		(await fetch(`${guarding.url}/v2/ci/app/manifests/${tag}`, {method: 'HEAD'})).headers.get('docker-content-digest');
	const filled = {main: await digestAt('main'), quiet: await digestAt('quiet')};
	t.truthy(filled.main);
	return {guarding, trusting, context, packed, digestAt, filled};
};

for (const [client, build] of Object.entries(clients)) {
	test(`${client}: a job that may not write a protected ref fails, unless it ignores that, and main's cache stays as it was`, async t => {
		t.timeout(240_000);
		const {guarding, context, packed, digestAt, filled} = await start(t);
		await context.writeSource(2);
		const builder = await startBuildkitd(t);
		const cacheTo = (options: string) => [`type=registry,ref=${guarding.host}/ci/app:main,mode=max${options}`];

		const refused = await build(builder, {context: context.folder, cacheTo: cacheTo('')});
		t.not(refused.exitCode, 0, refused.log);
		t.regex(
			refused.log,
			/ERROR: error writing manifest blob: denied: a client that is not logged in may not move or delete the protected ci\/app:main/,
		);
		t.is(await digestAt('main'), filled.main);

		const ignored = await build(builder, {context: context.folder, cacheTo: cacheTo(',ignore-error=true')});
		t.is(ignored.exitCode, 0, ignored.log);
		t.is(await digestAt('main'), filled.main);

		await context.writeSource(1);
		await everyStepIsCached(t, {context, cacheFrom: fromRegistry(`${guarding.host}/ci/app:main`), packed});
	});

	test(`${client}: where the rule says discard, the export succeeds and moves nothing`, async t => {
		t.timeout(240_000);
		const {guarding, context, packed, digestAt, filled} = await start(t);
		await context.writeSource(2);
		const ref = `${guarding.host}/ci/app:quiet`;
		const discarded = await build(await startBuildkitd(t), {context: context.folder, cacheTo: [`type=registry,ref=${ref},mode=max`]});
		t.is(discarded.exitCode, 0, discarded.log);
		t.is(await digestAt('quiet'), filled.quiet);
		t.regex(await guarding.log(), /"tag":"quiet","did":"push","outcome":"discarded"/);

		await context.writeSource(1);
		await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref), packed});
	});
}

test('the refusal reaches the log of the build in words that help', async t => {
	t.timeout(240_000);
	const {guarding, context} = await start(t);
	await context.writeSource(2);
	const cacheTo = [`type=registry,ref=${guarding.host}/ci/app:main,mode=max`];
	const {log} = await buildByBuildctl(await startBuildkitd(t), {context: context.folder, cacheTo});
	t.regex(log, /may not move or delete the protected ci\/app:main; .*; let this job push to a tag of its own.*ignore-error=true/);
});

test('a cache that is pushed to a tag with two dots is refused with the tag that was meant', async t => {
	t.timeout(240_000);
	const {guarding, context} = await start(t);
	const cacheTo = [`type=registry,ref=${guarding.host}/ci/app:feature-x..main,mode=max`];
	const {exitCode, log} = await buildByBuildctl(await startBuildkitd(t), {context: context.folder, cacheTo});
	t.not(exitCode, 0);
	t.regex(log, /push to ci\/app:feature-x; feature-x\.\.main is only for --cache-from/);
});

test('a job that pushes to a protected ref what is there already has nothing to be refused', async t => {
	t.timeout(240_000);
	const {guarding, trusting, context} = await start(t);
	const builder = await startBuildkitd(t);
	const cacheTo = (host: string) => [`type=registry,ref=${host}/ci/app:main,mode=max`];
	t.is((await buildByBuildctl(builder, {context: context.folder, cacheTo: cacheTo(trusting.host)})).exitCode, 0);
	const again = await buildByBuildctl(builder, {context: context.folder, cacheTo: cacheTo(guarding.host)});
	t.is(again.exitCode, 0, again.log);
});
