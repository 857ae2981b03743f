/** Ordinary images in the hands of crane, regctl, skopeo and docker. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {buildByBuildx} from './harness/build.ts';
import {cacheBuild} from './harness/cacheBuild.ts';
import {createContext} from './harness/context.ts';
import {startDockerd} from './harness/dockerd.ts';
import {imageClient} from './harness/imageClients.ts';
import {startRegistry} from './harness/registry.ts';
import {getManifest, manifestStatus, sha256} from './harness/registryClient.ts';
import {diskAndMinio, type StorageKind} from './harness/storages.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';

/** As buildx pushes it by default: an index of the image and its provenance. */
const pushedImage = async (t: ExecutionContext, kind: StorageKind) => {
	t.timeout(180_000);
	const registry = await startRegistry(t, await kind.create(t));
	const ref = `${registry.host}/team/app:1.0`;
	const {packed} = await cacheBuild(t, {
		context: await createContext(t, {bigBytes: 1_000_000}),
		build: buildByBuildx,
		outputs: [`type=image,name=${ref},push=true`],
	});
	const {digest, document} = await getManifest(registry, 'team/app', '1.0');
	t.true((document.manifests ?? []).length >= 2);
	return {registry, ref, packed, digest};
};

for (const kind of diskAndMinio(test)) {
	test(`crane pulls, copies, tags, lists and deletes an image of buildx on ${kind.name}`, async t => {
		const {registry, ref, digest} = await pushedImage(t, kind);
		const crane = await imageClient(t, 'crane', registry);
		const copy = `${registry.host}/other/copy`;

		await crane.run('validate', '--remote', ref);
		t.is((await crane.run('digest', ref)).trim(), digest);
		await crane.run('copy', ref, `${copy}:1.0`);
		t.is((await crane.run('digest', `${copy}:1.0`)).trim(), digest);
		await crane.run('validate', '--remote', `${copy}:1.0`);
		await crane.run('tag', ref, 'stable');
		t.deepEqual(lines(await crane.run('ls', `${registry.host}/team/app`)), ['1.0', 'stable']);
		t.deepEqual(lines(await crane.run('catalog', registry.host)), ['other/copy', 'team/app']);

		await crane.run('delete', `${copy}@${digest}`);
		t.is(await manifestStatus(registry, 'other/copy', digest), 404);
		t.is(await manifestStatus(registry, 'other/copy', '1.0'), 404);
		await crane.run('validate', '--remote', ref);
	});

	test(`regctl pulls, copies, tags, lists and deletes an image of buildx on ${kind.name}`, async t => {
		const {registry, ref, digest} = await pushedImage(t, kind);
		const regctl = await imageClient(t, 'regctl', registry);
		const [copy, layout] = [`${registry.host}/other/copy`, await temporaryFolder(t, 'layout')];

		await regctl.run('image', 'copy', ref, `ocidir://${layout}:1.0`);
		t.deepEqual(await corruptBlobs(layout), []);
		await regctl.run('image', 'copy', `ocidir://${layout}:1.0`, `${copy}:1.0`);
		t.is((await regctl.run('image', 'digest', `${copy}:1.0`)).trim(), digest);
		await regctl.run('image', 'copy', `${copy}:1.0`, `${copy}:stable`);
		t.deepEqual(lines(await regctl.run('tag', 'ls', copy)), ['1.0', 'stable']);
		t.deepEqual(lines(await regctl.run('repo', 'ls', registry.host)), ['other/copy', 'team/app']);

		await regctl.run('tag', 'delete', `${copy}:stable`);
		t.deepEqual(lines(await regctl.run('tag', 'ls', copy)), ['1.0']);
		t.is((await regctl.run('image', 'digest', `${copy}:1.0`)).trim(), digest);
		await regctl.run('manifest', 'delete', `${copy}@${digest}`);
		t.is(await manifestStatus(registry, 'other/copy', '1.0'), 404);
		t.is((await getManifest(registry, 'team/app', '1.0')).digest, digest);
	});

	test(`skopeo pulls, copies, tags, lists and deletes an image of buildx on ${kind.name}`, async t => {
		const {registry, ref, digest} = await pushedImage(t, kind);
		const skopeo = await imageClient(t, 'skopeo', registry);
		const [copy, layout] = [`docker://${registry.host}/other/copy`, await temporaryFolder(t, 'layout')];
		// The index's second entry is a provenance of "platform unknown", which this skopeo copies only with --all.
		const copyAll = (from: string, to: string) =>
			skopeo.run('copy', '--all', '--insecure-policy', '--src-tls-verify=false', '--dest-tls-verify=false', from, to);

		await copyAll(`docker://${ref}`, `oci:${layout}:1.0`);
		t.deepEqual(await corruptBlobs(layout), []);
		await copyAll(`oci:${layout}:1.0`, `${copy}:1.0`);
		await copyAll(`${copy}:1.0`, `${copy}:stable`);
		const listed = JSON.parse(await skopeo.run('list-tags', '--tls-verify=false', copy));
		t.deepEqual(listed.Tags.sort(), ['1.0', 'stable']);
		const inspected = JSON.parse(await skopeo.run('inspect', '--tls-verify=false', `docker://${ref}`));
		t.is(inspected.Digest, digest);

		await skopeo.run('delete', '--tls-verify=false', `${copy}:stable`);
		t.not((await skopeo.attempt('inspect', '--tls-verify=false', `${copy}:stable`)).exitCode, 0);
		t.is((await getManifest(registry, 'team/app', '1.0')).digest, digest);
	});

	test(`docker pulls, runs, tags and pushes an image of buildx on ${kind.name}`, async t => {
		const {registry, ref, packed} = await pushedImage(t, kind);
		const {docker} = await startDockerd(t);
		const copy = `${registry.host}/other/copy:1.0`;
		const printPacked = (image: string) => docker('run', '--rm', '--network=none', image, '/bin/cat', '/packed');

		await docker('pull', ref);
		t.is(await printPacked(ref), packed);
		await docker('tag', ref, copy);
		await docker('push', copy);
		await docker('rmi', '--force', ref, copy);
		await docker('pull', copy);
		t.is(await printPacked(copy), packed);
	});
}

const lines = (text: string) => text.trim().split('\n').sort();

const corruptBlobs = async (layout: string) => {
	const names = await readdir(join(layout, 'blobs', 'sha256'));
	if (names.length < 4) throw new Error(`only ${names.length} blobs were pulled`);
	const digests = await Promise.all(names.map(async name => sha256(await readFile(join(layout, 'blobs', 'sha256', name)))));
	return names.filter((name, index) => digests[index] !== `sha256:${name}`);
};
