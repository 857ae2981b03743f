/** Blobs, manifests and tags that are deleted. */
import {digestOf} from 'oci-spec-types';
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, digestAt, isThere, pushImage, putBytes, readBytes, tagged, throwsCode} from './support.ts';

export const removingContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test(
		'a deleted blob is gone from its repository alone, and may be stored again',
		async (t, {registry, repo, other}) => {
			const digest = await putBytes(registry, repo, 'to be deleted');
			await putBytes(registry, other, 'to be deleted');
			await registry.deleteBlob(repo, digest);
			t.false(await isThere(registry, repo, digest));
			await throwsCode(t, registry.readBlob(repo, digest), 'BLOB_UNKNOWN');
			t.true(await isThere(registry, other, digest));
			await putBytes(registry, repo, 'to be deleted');
			t.is((await readBytes(registry, repo, digest)).toString(), 'to be deleted');
		},
		'deleting blobs',
	);

	test(
		'what is not there cannot be deleted',
		async (t, {registry, repo}) => {
			await pushImage(registry, repo, 'there', [tagged('there')]);
			const absent = digestOf(Buffer.from('absent'));
			await throwsCode(t, registry.deleteBlob(repo, absent), 'BLOB_UNKNOWN');
			await throwsCode(t, registry.deleteManifest(repo, absent), 'MANIFEST_UNKNOWN');
			await throwsCode(t, registry.deleteTag(repo, tagged('absent')), 'MANIFEST_UNKNOWN');
		},
		'deleting blobs',
		'deleting manifests',
		'deleting tags',
	);

	test(
		'a deleted manifest is gone',
		async (t, {registry, repo}) => {
			const kept = await pushImage(registry, repo, 'kept', [tagged('kept')]);
			const {digest} = await pushImage(registry, repo, 'deleted', [tagged('deleted')]);
			await registry.deleteManifest(repo, digest);
			await throwsCode(t, registry.getManifest(repo, digest), 'MANIFEST_UNKNOWN');
			await throwsCode(t, registry.deleteManifest(repo, digest), 'MANIFEST_UNKNOWN');
			t.is(await digestAt(registry, repo, tagged('kept')), kept.digest);
		},
		'deleting manifests',
	);

	test(
		'tags that led to a deleted manifest are gone with it',
		async (t, {registry, repo}) => {
			await pushImage(registry, repo, 'stays', [tagged('stays')]);
			const {digest} = await pushImage(registry, repo, 'goes', [tagged('one'), tagged('two')]);
			await registry.deleteManifest(repo, digest);
			for (const tag of ['one', 'two'].map(tagged)) {
				await throwsCode(t, registry.getManifest(repo, tag), 'MANIFEST_UNKNOWN');
				t.deepEqual(await registry.readTag(repo, tag), []);
			}
			t.deepEqual(await Array.fromAsync(registry.listTags(repo)), [tagged('stays')]);
		},
		'deleting manifests',
		'tags that go with their manifest',
	);

	test(
		'a deleted tag leaves its manifest and other tags',
		async (t, {registry, repo}) => {
			const {digest} = await pushImage(registry, repo, 'tagged twice', [tagged('one'), tagged('two')]);
			await registry.deleteTag(repo, tagged('one'));
			await throwsCode(t, registry.getManifest(repo, tagged('one')), 'MANIFEST_UNKNOWN');
			t.deepEqual(await registry.readTag(repo, tagged('one')), []);
			t.is(await digestAt(registry, repo, tagged('two')), digest);
			t.is(await digestAt(registry, repo, digest), digest);
			t.deepEqual(await Array.fromAsync(registry.listTags(repo)), [tagged('two')]);
			await throwsCode(t, registry.deleteTag(repo, tagged('one')), 'MANIFEST_UNKNOWN');
		},
		'deleting tags',
	);

	test(
		'what was deleted may be pushed again',
		async (t, {registry, repo}) => {
			const {digest} = await pushImage(registry, repo, 'again', [tagged('again')]);
			await registry.deleteManifest(repo, digest);
			t.is((await pushImage(registry, repo, 'again', [tagged('again')])).digest, digest);
			t.is(await digestAt(registry, repo, tagged('again')), digest);
		},
		'deleting manifests',
	);
};
