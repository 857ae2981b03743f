/** Manifests: kept byte-exact, under their digest and the tags they were pushed to. */
import {digestOf, mediaTypes} from 'oci-spec-types';
import {cacheOf, layerDigest} from '../../support/caches.ts';
import {describe, imageOf} from '../../support/client.ts';
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, digestAt, imageNamed, pushImage, putBytes, tagged, throwsCode} from './support.ts';

export const manifestContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test('a manifest that was never pushed is unknown, whoever asks', async (t, {registry, repo}) => {
		for (const reference of [tagged('latest'), digestOf(Buffer.from('never pushed'))])
			for (const asker of ['importer', 'pusher', 'reader', undefined] as const)
				await throwsCode(t, registry.getManifest(repo, reference, asker), 'MANIFEST_UNKNOWN');
	});

	for (const asker of ['importer', 'pusher', 'reader'] as const)
		test(`a manifest is the bytes that were pushed, to a${asker === 'importer' ? 'n' : ''} ${asker}`, async (t, {registry, repo}) => {
			for (const blob of imageNamed('spaces').blobs) await putBytes(registry, repo, blob);
			// Not as anybody's library would write it.
			const bytes = Buffer.from(`\n ${JSON.stringify(JSON.parse(imageNamed('spaces').manifest.toString()), null, '   ')}\n\n`);
			const accepted = await registry.putManifest(repo, {bytes, mediaType: mediaTypes.ociManifest}, {tags: [tagged('v1')]});
			t.is(accepted.digest, digestOf(bytes));
			t.like(accepted.manifest, {kind: 'image', mediaType: mediaTypes.ociManifest});
			t.deepEqual(accepted.missing, []);
			for (const reference of [tagged('v1'), digestOf(bytes)]) {
				const stored = await registry.getManifest(repo, reference, asker);
				t.like(stored, {digest: digestOf(bytes), mediaType: mediaTypes.ociManifest, derivation: undefined});
				t.deepEqual(Buffer.from(stored.bytes), bytes);
			}
		});

	test('a manifest may be pushed by its digest alone', async (t, {registry, repo}) => {
		const {blobs, manifest, digest} = imageNamed('untagged');
		for (const blob of blobs) await putBytes(registry, repo, blob);
		const accepted = await registry.putManifest(repo, {bytes: manifest, mediaType: mediaTypes.ociManifest}, {digest, tags: []});
		t.is(accepted.digest, digest);
		t.is(await digestAt(registry, repo, digest), digest);
	});

	test('a manifest without a type beside it says its own', async (t, {registry, repo}) => {
		const {blobs, manifest, digest} = imageNamed('typed');
		for (const blob of blobs) await putBytes(registry, repo, blob);
		await registry.putManifest(repo, {bytes: manifest}, {tags: [tagged('typed')]});
		t.like(await registry.getManifest(repo, digest), {mediaType: mediaTypes.ociManifest});
	});

	test(
		'a manifest may be pushed under its sha512',
		async (t, {registry, repo}) => {
			const {blobs, manifest} = imageNamed('sha512');
			const digest = digestOf(manifest, 'sha512');
			for (const blob of blobs) await putBytes(registry, repo, blob);
			t.is((await registry.putManifest(repo, {bytes: manifest}, {digest, tags: []})).digest, digest);
			t.is(await digestAt(registry, repo, digest), digest);
		},
		'sha512 manifests',
	);

	test('several tags move to one manifest', async (t, {registry, repo}) => {
		const tags = ['one', 'two', 'three'].map(tagged);
		const {digest} = await pushImage(registry, repo, 'many tags', tags);
		for (const tag of tags) t.is(await digestAt(registry, repo, tag), digest);
	});

	test('a tag that is pushed again leads to the new manifest, and the old one stays by its digest', async (t, {registry, repo}) => {
		const old = await pushImage(registry, repo, 'old', [tagged('moving'), tagged('staying')]);
		const young = await pushImage(registry, repo, 'new', [tagged('moving')]);
		t.is(await digestAt(registry, repo, tagged('moving')), young.digest);
		t.is(await digestAt(registry, repo, tagged('staying')), old.digest);
		t.is(await digestAt(registry, repo, old.digest), old.digest);
	});

	test('of many who push to one tag at once one is last', async (t, {registry, repo}) => {
		const pushed = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(word => pushImage(registry, repo, word, [tagged('raced')])));
		const digests = pushed.map(({digest}) => digest);
		t.true(digests.includes(await digestAt(registry, repo, tagged('raced'))));
		for (const digest of digests) t.is(await digestAt(registry, repo, digest), digest);
	});

	for (const [title, type, childType, configType] of [
		["OCI's", mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.ociConfig],
		["Docker's", mediaTypes.dockerManifestList, mediaTypes.dockerManifest, mediaTypes.dockerConfig],
	] as const)
		test(`an index of images keeps its type, ${title}`, async (t, {registry, repo}) => {
			const [config, layer] = ['{"architecture":"amd64","os":"linux"}', `a layer of ${title}`];
			for (const blob of [config, layer]) await putBytes(registry, repo, blob);
			const image = imageOf(describe(config, configType), [describe(layer)], {mediaType: childType});
			const child = Buffer.from(JSON.stringify(image));
			await registry.putManifest(repo, {bytes: child, mediaType: childType}, {digest: digestOf(child), tags: []});
			const platform = {architecture: 'amd64', os: 'linux'};
			const index = {schemaVersion: 2, mediaType: type, manifests: [{...describe(child, childType), platform}]};
			const bytes = Buffer.from(JSON.stringify(index));
			const {manifest} = await registry.putManifest(repo, {bytes, mediaType: type}, {tags: [tagged('multi')]});
			t.is(manifest.kind, 'index');
			t.like(await registry.getManifest(repo, tagged('multi')), {mediaType: type, digest: digestOf(bytes)});
			t.like(await registry.getManifest(repo, digestOf(child)), {mediaType: childType});
		});

	test(
		'a manifest of a type that nobody knows is kept as it is',
		async (t, {registry, repo}) => {
			const bytes = Buffer.from('{"wasm": [1, 2,   3]}');
			const mediaType = 'application/vnd.example.thing.v7+json';
			await registry.putManifest(repo, {bytes, mediaType}, {tags: [tagged('thing')]});
			const stored = await registry.getManifest(repo, tagged('thing'));
			t.like(stored, {mediaType, digest: digestOf(bytes)});
			t.deepEqual(Buffer.from(stored.bytes), bytes);
		},
		'manifests of any type',
	);

	for (const form of ['manifest', 'index'] as const)
		test(
			`a cache in the form of a${form === 'index' ? 'n' : ''} ${form} is kept byte-exact`,
			async (t, {registry, repo}) => {
				const {manifest, mediaType, config} = cacheOf(['first', 'second'], {form});
				for (const blob of [config, 'the layer of first', 'the layer of second']) await putBytes(registry, repo, blob);
				await registry.putManifest(repo, {bytes: manifest, mediaType}, {tags: [tagged('cache')]});
				for (const asker of ['importer', 'reader'] as const) {
					const stored = await registry.getManifest(repo, tagged('cache'), asker);
					t.deepEqual(Buffer.from(stored.bytes), Buffer.from(manifest));
				}
			},
			...(form === 'index' ? (['indexes of blobs'] as const) : []),
		);

	test(
		'a cache without some of its layers is accepted',
		async (t, {registry, repo}) => {
			const {manifest, mediaType, config} = cacheOf(['there', 'gone']);
			for (const blob of [config, 'the layer of there']) await putBytes(registry, repo, blob);
			const {digest} = await registry.putManifest(repo, {bytes: manifest, mediaType}, {tags: [tagged('cache')]});
			t.is(digest, digestOf(Buffer.from(manifest)));
		},
		'caches without layers',
	);

	test(
		"a cache's layers that are missing are told to whoever pushed it",
		async (t, {registry, repo}) => {
			const {manifest, mediaType, config} = cacheOf(['present', 'lost']);
			for (const blob of [config, 'the layer of present']) await putBytes(registry, repo, blob);
			const {missing} = await registry.putManifest(repo, {bytes: manifest, mediaType}, {tags: [tagged('cache')]});
			t.deepEqual(missing, [layerDigest('lost')]);
		},
		'caches without layers',
		'missing layers told',
	);
};
