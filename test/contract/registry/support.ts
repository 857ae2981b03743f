/** What the parts of the contract share: tests that are skipped with their reason, repositories of their own, what is pushed into them. */
import test, {type ExecutionContext} from 'ava';
import {
	type Digest,
	digestOf,
	type ErrorCode,
	mediaTypes,
	OciError,
	parseRepositoryName,
	parseTag,
	type Reference,
	type RepositoryName,
	type Tag,
} from 'oci-spec-types';
import type {AcceptedManifest, Registry} from '../../../src/registry/registry.ts';
import {bodyOf, collect} from '../../support/bytes.ts';
import {describe, imageOf} from '../../support/client.ts';
import type {Incapability, RegistryUnderTest} from '../registry.ts';

/** `repo` is a repository that no other test has; `other` a second one. */
export type Ground = {registry: Registry; repo: RepositoryName; other: RepositoryName};
export type Act = (t: ExecutionContext, ground: Ground) => Promise<void>;

/** Declares tests of this registry; those that need what it cannot are skipped, and say why. */
export const declaring =
	({createRegistry, cannot = {}}: RegistryUnderTest) =>
	(title: string, act: Act, ...needs: readonly Incapability[]): void => {
		const lacked = needs.find(need => cannot[need]);
		if (lacked) {
			test.skip(`${title} (no ${lacked}: ${cannot[lacked]})`, () => undefined);
			return;
		}
		test(title, async t => act(t, {registry: await createRegistry(t), repo: newRepository(), other: newRepository()}));
	};

let repositories = 0;

export const newRepository = (): RepositoryName => parseRepositoryName(`contract/r${++repositories}`);

export const tagged = (text: string): Tag => parseTag(text);

export const throwsCode = async (t: ExecutionContext, act: Promise<unknown>, code: ErrorCode): Promise<OciError> => {
	const error = await t.throwsAsync(act, {instanceOf: OciError});
	t.is(error.code, code);
	return error;
};

/** Stores these bytes, and answers their digest. */
export const putBytes = async (registry: Registry, repo: RepositoryName, bytes: Uint8Array | string): Promise<Digest> => {
	const buffer = Buffer.from(bytes);
	const digest = digestOf(buffer);
	await registry.putBlob(repo, digest, bodyOf(buffer), buffer.length);
	return digest;
};

export const readBytes = async (registry: Registry, repo: RepositoryName, digest: Digest): Promise<Buffer> =>
	collect((await registry.readBlob(repo, digest)).body);

export const isThere = async (registry: Registry, repo: RepositoryName, digest: Digest): Promise<boolean> =>
	(await registry.statBlobs(repo, [digest])).has(digest);

/** An image whose config and one layer are made of a word, as JSON; not yet pushed. */
export const imageNamed = (word: string, more: Record<string, unknown> = {}) => {
	const blobs = [configOf(word), `the layer of ${word}`];
	const manifest = Buffer.from(
		JSON.stringify(imageOf(describe(configOf(word), mediaTypes.ociConfig), [describe(`the layer of ${word}`)], more)),
	);
	return {blobs, manifest, digest: digestOf(manifest)};
};

const configOf = (word: string) =>
	JSON.stringify({architecture: 'amd64', os: 'linux', rootfs: {type: 'layers', diff_ids: []}, author: word});

/** Pushes such an image, its blobs first. */
export const pushImage = async (
	registry: Registry,
	repo: RepositoryName,
	word: string,
	tags: readonly Tag[],
	more: Record<string, unknown> = {},
): Promise<AcceptedManifest> => {
	const {blobs, manifest} = imageNamed(word, more);
	for (const blob of blobs) await putBytes(registry, repo, blob);
	return registry.putManifest(repo, {bytes: manifest, mediaType: mediaTypes.ociManifest}, {tags});
};

export const digestAt = async (registry: Registry, repo: RepositoryName, reference: Reference): Promise<Digest> =>
	(await registry.getManifest(repo, reference)).digest;
