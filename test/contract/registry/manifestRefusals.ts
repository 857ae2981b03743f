/** Manifests that are refused: nothing of them is stored, and no tag moves. */
import {digestOf, mediaTypes} from 'oci-spec-types';
import {describe, imageOf} from '../../support/client.ts';
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, digestAt, imageNamed, pushImage, putBytes, tagged, throwsCode} from './support.ts';

export const manifestRefusalContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test('a manifest under another digest is refused', async (t, {registry, repo}) => {
		const {blobs, manifest, digest} = imageNamed('misnamed');
		for (const blob of blobs) await putBytes(registry, repo, blob);
		const wrong = digestOf(Buffer.from('something else'));
		await throwsCode(t, registry.putManifest(repo, {bytes: manifest}, {digest: wrong, tags: []}), 'DIGEST_INVALID');
		await throwsCode(t, registry.getManifest(repo, wrong), 'MANIFEST_UNKNOWN');
		await throwsCode(t, registry.getManifest(repo, digest), 'MANIFEST_UNKNOWN');
	});

	for (const [title, text] of [
		['is no JSON', '{"schemaVersion": 2,'],
		['lacks its config', JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.ociManifest, layers: []})],
		['is an index as well', JSON.stringify({...JSON.parse(imageNamed('x').manifest.toString()), manifests: []})],
	] as const)
		test(`a manifest that ${title} is refused`, async (t, {registry, repo}) => {
			for (const blob of imageNamed('x').blobs) await putBytes(registry, repo, blob);
			const pushed = {bytes: Buffer.from(text), mediaType: mediaTypes.ociManifest};
			await throwsCode(t, registry.putManifest(repo, pushed, {tags: [tagged('bad')]}), 'MANIFEST_INVALID');
			await throwsCode(t, registry.getManifest(repo, tagged('bad')), 'MANIFEST_UNKNOWN');
		});

	test('a manifest of another type than it says is refused', async (t, {registry, repo}) => {
		const {blobs, manifest} = imageNamed('twofold');
		for (const blob of blobs) await putBytes(registry, repo, blob);
		const pushed = {bytes: manifest, mediaType: mediaTypes.dockerManifest};
		await throwsCode(t, registry.putManifest(repo, pushed, {tags: [tagged('twofold')]}), 'MANIFEST_INVALID');
	});

	for (const [title, kept] of [
		['config', 1],
		['layer', 0],
	] as const)
		test(`an image without its ${title} is refused, and its tag stays where it was`, async (t, {registry, repo}) => {
			const before = await pushImage(registry, repo, 'before', [tagged('v1')]);
			const {blobs, manifest, digest} = imageNamed('after');
			await putBytes(registry, repo, blobs[kept] as string);
			const error = await throwsCode(t, registry.putManifest(repo, {bytes: manifest}, {tags: [tagged('v1')]}), 'MANIFEST_BLOB_UNKNOWN');
			t.true(error.message.length > 0);
			t.is(await digestAt(registry, repo, tagged('v1')), before.digest);
			await throwsCode(t, registry.getManifest(repo, digest), 'MANIFEST_UNKNOWN');
		});

	test('an index without one of its children is refused', async (t, {registry, repo}) => {
		const child = await pushImage(registry, repo, 'child', []);
		const {bytes} = await registry.getManifest(repo, child.digest);
		const absent = imageNamed('absent').manifest;
		const index = {
			schemaVersion: 2,
			mediaType: mediaTypes.ociIndex,
			manifests: [describe(bytes, mediaTypes.ociManifest), describe(absent, mediaTypes.ociManifest)],
		};
		const pushed = {bytes: Buffer.from(JSON.stringify(index)), mediaType: mediaTypes.ociIndex};
		await throwsCode(t, registry.putManifest(repo, pushed, {tags: [tagged('multi')]}), 'MANIFEST_BLOB_UNKNOWN');
		await throwsCode(t, registry.getManifest(repo, tagged('multi')), 'MANIFEST_UNKNOWN');
	});

	test(
		'a manifest that tells a wrong size is refused',
		async (t, {registry, repo}) => {
			for (const blob of ['a config', 'a layer']) await putBytes(registry, repo, blob);
			const image = imageOf(describe('a config', mediaTypes.ociConfig), [{...describe('a layer'), size: 70}]);
			const pushed = {bytes: Buffer.from(JSON.stringify(image)), mediaType: mediaTypes.ociManifest};
			await throwsCode(t, registry.putManifest(repo, pushed, {tags: [tagged('sized')]}), 'SIZE_INVALID');
			await throwsCode(t, registry.getManifest(repo, tagged('sized')), 'MANIFEST_UNKNOWN');
		},
		'sizes in manifests',
	);

	test('an image whose layer another repository has is refused', async (t, {registry, repo, other}) => {
		const {blobs, manifest} = imageNamed('elsewhere');
		for (const blob of blobs) await putBytes(registry, other, blob);
		await throwsCode(t, registry.putManifest(repo, {bytes: manifest}, {tags: [tagged('v1')]}), 'MANIFEST_BLOB_UNKNOWN');
	});
};
