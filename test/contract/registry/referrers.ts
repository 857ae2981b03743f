/** Referrers: manifests that have another one as their subject. */
import {type Digest, digestOf, mediaTypes, type RepositoryName} from 'oci-spec-types';
import type {Registry} from '../../../src/registry/registry.ts';
import {describe, imageOf} from '../../support/client.ts';
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, imageNamed, pushImage, putBytes, tagged} from './support.ts';

export const referrerContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test('that nothing refers to a manifest is no error, nor that it is not there', async (t, {registry, repo}) => {
		const {digest} = await pushImage(registry, repo, 'alone', [tagged('v1')]);
		t.deepEqual(await Array.fromAsync(registry.listReferrers(repo, digest)), []);
		t.deepEqual(await Array.fromAsync(registry.listReferrers(repo, digestOf(Buffer.from('not there')))), []);
	});

	test('a subject need not be there, and is told to whoever pushed its referrer', async (t, {registry, repo}) => {
		const subject = imageNamed('never pushed').manifest;
		const {subject: told} = await pushReferrer(registry, repo, 'early', subject);
		t.is(told, digestOf(subject));
	});

	test(
		'referrers are listed in the order of their digests, with their types and annotations',
		async (t, {registry, repo}) => {
			const image = imageNamed('signed').manifest;
			await pushImage(registry, repo, 'signed', [tagged('v1')]);
			const pushed = [];
			for (const word of ['one', 'two', 'three']) pushed.push(await pushReferrer(registry, repo, word, image));
			const digests = pushed.map(({digest}) => digest).sort();
			const listed = await Array.fromAsync(registry.listReferrers(repo, digestOf(image)));
			t.deepEqual(
				listed.map(({digest}) => digest),
				digests,
			);
			for (const descriptor of listed)
				t.like(descriptor, {
					mediaType: mediaTypes.ociManifest,
					artifactType: 'application/vnd.example.signature',
					annotations: {kind: 'test'},
				});
			t.deepEqual(await after(registry, repo, digestOf(image), digests[0]), digests.slice(1));
			t.deepEqual(await after(registry, repo, digestOf(image), digests[2]), []);
		},
		'referrers',
	);

	test(
		'a referrer that is deleted is listed no more',
		async (t, {registry, repo}) => {
			const image = imageNamed('unsigned').manifest;
			await pushImage(registry, repo, 'unsigned', [tagged('v1')]);
			const {digest} = await pushReferrer(registry, repo, 'gone', image);
			await registry.deleteManifest(repo, digest);
			t.deepEqual(await Array.fromAsync(registry.listReferrers(repo, digestOf(image))), []);
		},
		'referrers',
		'deleting manifests',
	);
};

const pushReferrer = async (registry: Registry, repo: RepositoryName, word: string, subject: Uint8Array) => {
	for (const blob of ['{}', `signature ${word}`]) await putBytes(registry, repo, blob);
	const manifest = imageOf(describe('{}', mediaTypes.ociEmpty), [describe(`signature ${word}`)], {
		artifactType: 'application/vnd.example.signature',
		subject: describe(subject, mediaTypes.ociManifest),
		annotations: {kind: 'test'},
	});
	const bytes = Buffer.from(JSON.stringify(manifest));
	return registry.putManifest(repo, {bytes, mediaType: mediaTypes.ociManifest}, {digest: digestOf(bytes), tags: []});
};

const after = async (registry: Registry, repo: RepositoryName, subject: Digest, digest: Digest | undefined) =>
	(await Array.fromAsync(registry.listReferrers(repo, subject, digest && {after: digest}))).map(descriptor => descriptor.digest);
