/** What the fuzzers know of the registry that they attack: its names, some bytes, and credentials. What they must never see is marked. */
import {createHash, randomUUID} from 'node:crypto';
import {type Digest, digestOf, mediaTypes, parseRepositoryName, parseTag, type RepositoryName, type Tag} from 'oci-spec-types';

/** In all bytes and names that no fuzzer may read. Of no use to guess it: nothing that is generated has it. */
export const mark = `canary${createHash('sha256').update('layercache fuzz').digest('hex').slice(0, 24)}`;
/** In every secret, which nobody may read, in the log neither. */
export const secretMark = `secret-${mark}`;

/** Fuzzers may push to the first, read the second, and do nothing with the others; the last they have never heard of. */
export const repositories = {
	open: ['open/app', 'open/app/deep', 'open/v2/blobs'].map(parseRepositoryName),
	readable: [parseRepositoryName('shown/app')],
	vault: [parseRepositoryName('vault/app')],
	hidden: [parseRepositoryName(`vault/${mark}`)],
} satisfies Record<string, RepositoryName[]>;

export const knownRepositories: readonly RepositoryName[] = [...repositories.open, ...repositories.readable, ...repositories.vault];

export const tags: readonly Tag[] = ['main', 'pr-1', 'a', 'blobs', 'main..pr-1'].map(parseTag);
export const hiddenTag: Tag = parseTag(`tag-${mark}`);

const bytesOf = (text: string, size: number) => Buffer.from(text.repeat(Math.ceil(size / text.length)).slice(0, size));

/** Blobs that fuzzers push: small, so that a million requests are about requests; one of each path. */
export const blobs: readonly Buffer[] = [
	Buffer.alloc(0),
	Buffer.from('{}'),
	bytesOf('layer one ', 100),
	bytesOf('layer two ', 1000),
	bytesOf('layer three ', 20_000),
	Buffer.from('{"layers":[],"records":[]}'),
];

/** What lies in the vault. Its digests are known: whoever has the bytes has been there. */
export const secretLayer: Buffer = bytesOf(`${mark} layer `, 5000);
export const secretConfig: Buffer = Buffer.from(JSON.stringify({secret: mark}));
export const secretManifest: Buffer = Buffer.from(
	JSON.stringify({
		schemaVersion: 2,
		mediaType: mediaTypes.ociManifest,
		config: {mediaType: mediaTypes.ociConfig, digest: digestOf(secretConfig), size: secretConfig.length},
		layers: [{mediaType: mediaTypes.ociLayer, digest: digestOf(secretLayer), size: secretLayer.length}],
		annotations: {secret: mark},
	}),
);

export const digests: readonly Digest[] = [
	...blobs.map(bytes => digestOf(bytes)),
	digestOf(blobs[2] as Buffer, 'sha512'),
	...[secretLayer, secretConfig, secretManifest].map(bytes => digestOf(bytes)),
];

/** Secrets of others: whoever is answered with one has found a leak. */
export const newSecret = (): string => `${secretMark}-${randomUUID()}`;
