/** A branch that has no cache of its own gets that of its base, and an image never does. */
import test from 'ava';
import {buildByBuildctl} from './harness/build.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {contextOf, createContext, lastStep} from './harness/context.ts';
import {imageClient} from './harness/imageClients.ts';
import {startLayercache} from './harness/layercache.ts';
import {policySetting} from './harness/policy.ts';
import {minio} from './harness/storages.ts';

const storages = minio(test);
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const policy = `
refs:
  - match: "team/app:*"
    fallback: ["{base}", "main"]
`;

test("an unknown branch imports main's cache, by the chain and by the tag that names it, and its own export is written", async t => {
	t.timeout(240_000);
	const storage = await storages.create(t);
	const registry = await startLayercache(t, {storage, env: await policySetting(t, policy)});
	const context = await createContext(t, {bigBytes: 4_000_000});
	const ref = (tag: string) => `${registry.host}/team/app:${tag}`;
	const exported = (tag: string) => [`type=registry,ref=${ref(tag)},mode=max`];
	/** As it is stored: what a pusher sees. */
	const digestAt = async (tag: string) => {
		const answer = await fetch(`${registry.url}/v2/team/app/manifests/${tag}`, {method: 'HEAD', headers: {Accept: `${manifestType}, */*`}});
		return answer.status === 200 ? answer.headers.get('Docker-Content-Digest') : answer.status;
	};

	const {packed, builder} = await cacheBuild(t, {context, cacheTo: exported('main')});
	await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref('feature')), packed});
	t.is(await digestAt('feature'), 404);

	// The same again under another name: BuildKit asks whether it is there, and must not hear of main's.
	t.deepEqual((await cacheBuild(t, {context, builder, cacheTo: exported('feature')})).ran, []);
	t.is(await digestAt('feature'), await digestAt('main'));
	await builder.stop();

	const plain = await startLayercache(t, {storage});
	const named = `${plain.host}/team/app:other..main`;
	await everyStepIsCached(t, {context, cacheFrom: fromRegistry(named), packed});
	await context.writeSource(2);
	const branch = await cacheBuild(t, {
		context,
		cacheFrom: fromRegistry(named),
		cacheTo: [`type=registry,ref=${plain.host}/team/app:other,mode=max`],
	});
	t.deepEqual(branch.ran, lastStep);
	await branch.builder.stop();
	// Now the branch has a cache of its own, and the same line asks for that.
	t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(named)})).ran, []);

	const refused = await cacheBuild(t, {context, cacheFrom: fromRegistry(named)});
	const push = await buildByBuildctl(refused.builder, {context: context.folder, cacheTo: [`type=registry,ref=${named}`]});
	t.not(push.exitCode, 0);
	t.regex(push.log, /push to team\/app:other/);
});

test("an image equal to main's is there under a new tag once it is pushed, and one that was not is not", async t => {
	t.timeout(240_000);
	const registry = await startLayercache(t, {storage: await storages.create(t), env: await policySetting(t, policy)});
	const context = await createContext(t, {bigBytes: 1_000_000});
	const ref = (tag: string) => `${registry.host}/team/app:${tag}`;
	const image = (tag: string) => [`type=image,name=${ref(tag)},push=true`];
	const {builder} = await cacheBuild(t, {context, outputs: image('main')});
	const crane = await imageClient(t, 'crane', registry);
	const main = await crane.run('digest', ref('main'));

	await crane.run('copy', ref('main'), ref('by-crane'));
	// containerd's client: BuildKit pushes images with it.
	t.deepEqual((await cacheBuild(t, {context, builder, outputs: image('by-containerd')})).ran, []);
	for (const tag of ['by-crane', 'by-containerd']) t.is(await crane.run('digest', ref(tag)), main);
	t.deepEqual((await crane.run('ls', `${registry.host}/team/app`)).trim().split('\n').sort(), ['by-containerd', 'by-crane', 'main']);

	t.regex((await crane.attempt('manifest', ref('never-pushed'))).output, /MANIFEST_UNKNOWN/);
	const onTopOfIt = await contextOf(t, `FROM ${ref('never-pushed')}\n`);
	const from = await buildByBuildctl(builder, {context: onTopOfIt.folder});
	t.not(from.exitCode, 0);
	t.regex(from.log, /never-pushed: not found/);
});
