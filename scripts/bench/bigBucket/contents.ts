/** A bucket as layercache would have filled it, made up key by key when it is asked: a million objects in forty bytes each. */
import {createHash} from 'node:crypto';
import {cacheConfigType} from '../../../test/e2e/harness/registryClient.ts';

export interface BucketShape {
	readonly repositories: number;
	/** In each repository. */
	readonly blobs: number;
	/** In each repository; each is a tag, and a manifest of its own. */
	readonly refs: number;
	/** Of each manifest; ten where nothing is said. */
	readonly layers?: number;
}

export interface MadeUpObject {
	readonly size: number;
	readonly contentType: string;
	bytes(): Buffer;
}

export interface Contents {
	readonly length: number;
	/** In byte order. */
	keyAt(index: number): string;
	objectAt(index: number): MadeUpObject;
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
/** Enough for a redirect. */
export const blobBytes = 100_000;

export const repositoryName = (index: number): string => `growth/repository-${String(index).padStart(4, '0')}`;
export const tagName = (ref: number): string => `ref-${String(ref).padStart(4, '0')}`;
export const blobDigest = (repository: number, blob: number): string => `sha256:${sha256(`${repository}/${blob}`).toString('hex')}`;

export const manifestOf = ({blobs, layers: count = 10}: BucketShape, repository: number, ref: number): Buffer => {
	const descriptor = (place: number, mediaType: string) => ({
		mediaType,
		digest: blobDigest(repository, (ref * (count + 1) + place) % blobs),
		size: blobBytes,
	});
	const layers = Array.from({length: count}, (_, at) => descriptor(at + 1, 'application/vnd.oci.image.layer.v1.tar+gzip'));
	return Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: manifestType, config: descriptor(0, cacheConfigType), layers}));
};

export const digestOf = (bytes: Buffer): string => `sha256:${sha256(bytes).toString('hex')}`;

export const createContents = (shape: BucketShape): Contents => {
	const {repositories, blobs, refs} = shape;
	const perRepository = blobs + 2 * refs;
	const blobTables = Array.from({length: repositories}, (_, repository) => sortedDigests(repository, blobs));
	const manifestTables = Array.from({length: repositories}, (_, repository) => manifestsByDigest(shape, repository));

	/** What `index` is, in the order that its repository's keys have: blobs, then manifests, then tags. */
	const locate = (index: number) => {
		const repository = Math.floor(index / perRepository);
		const at = index % perRepository;
		if (at < blobs) return {kind: 'blob', repository, at} as const;
		if (at < blobs + refs) return {kind: 'manifest', repository, at: at - blobs} as const;
		return {kind: 'tag', repository, at: at - blobs - refs} as const;
	};

	return {
		length: repositories * perRepository,

		keyAt(index) {
			const {kind, repository, at} = locate(index);
			const base = `repos/${repositoryName(repository)}`;
			if (kind === 'tag') return `${base}/_tags/${tagName(at)}`;
			if (kind === 'manifest') return `${base}/_manifests/sha256/${manifestTables[repository]?.[at]?.hex}`;
			const hex = blobTables[repository]?.toString('hex', at * 32, at * 32 + 32) ?? '';
			return `${base}/_blobs/sha256/${hex.slice(0, 2)}/${hex}`;
		},

		objectAt(index) {
			const {kind, repository, at} = locate(index);
			if (kind === 'blob') return {size: blobBytes, contentType: 'application/octet-stream', bytes: () => Buffer.alloc(blobBytes)};
			const manifest = manifestOf(shape, repository, kind === 'tag' ? at : (manifestTables[repository]?.[at]?.ref ?? 0));
			const bytes = kind === 'tag' ? tagDocument(manifest) : manifest;
			return {size: bytes.length, contentType: kind === 'tag' ? 'application/json' : manifestType, bytes: () => bytes};
		},
	};
};

/** The first index whose key is not before `key`. */
export const lowerBound = ({length, keyAt}: Pick<Contents, 'length' | 'keyAt'>, key: string): number => {
	let [low, high] = [0, length];
	while (low < high) {
		const middle = Math.floor((low + high) / 2);
		if (keyAt(middle) < key) low = middle + 1;
		else high = middle;
	}
	return low;
};

const sortedDigests = (repository: number, blobs: number): Buffer => {
	const digests = Array.from({length: blobs}, (_, blob) => sha256(`${repository}/${blob}`));
	return Buffer.concat(digests.sort(Buffer.compare));
};

const manifestsByDigest = (shape: BucketShape, repository: number) => {
	const all = Array.from({length: shape.refs}, (_, ref) => ({hex: sha256(manifestOf(shape, repository, ref)).toString('hex'), ref}));
	return all.sort((a, b) => (a.hex < b.hex ? -1 : 1));
};

const tagDocument = (manifest: Buffer): Buffer =>
	Buffer.from(
		JSON.stringify({
			digest: digestOf(manifest),
			mediaType: manifestType,
			size: manifest.length,
			pushedAt: '2026-01-01T00:00:00.000Z',
			nonce: '00000000-0000-4000-8000-000000000000',
			previous: [],
		}),
	);

const sha256 = (bytes: string | Buffer): Buffer => createHash('sha256').update(bytes).digest();
