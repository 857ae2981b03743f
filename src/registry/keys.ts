/**
 * Where everything lies in the store, under the store's own prefix. A component of a repository's name cannot start
 * with `_`, so markers never clash with names.
 *
 *     layout.json                                     {version}
 *     repos/<name>/_blobs/<alg>/<2 hex>/<hex>         a blob: this repository's own object
 *     repos/<name>/_manifests/<alg>/<hex>             manifest bytes, byte-exact; media type as content type
 *     repos/<name>/_tags/<tag>                        {digest, mediaType, size, pushedAt, nonce, previous, deleted?}
 *     repos/<name>/_deleted/<tag>                     empty: the tag of this name may be a deleted one, look
 *     repos/<name>/_heads/<tag>/<alg>-<hex>           empty: this manifest was pushed to a tag that merges
 *     repos/<name>/_derived/<key>                     what was made of which manifests, and its digest
 *     repos/<name>/_s3/blobs/<alg>:<hex>              a layer again, where BuildKit's type=s3 looks for it
 *     repos/<name>/_s3/manifests/<tag>                the cache that was pushed to this tag, as type=s3 writes it
 *     repos/<name>/_referrers/<alg>/<hex>/<alg>-<hex> descriptor of a manifest whose subject is the first digest
 *     repos/<name>/_uploads/<id>/<offset>-<nonce>     chunks of clients that PATCH; `cancelled` beside them
 *     repos/<name>/_gc/condemned/<key>                a tombstone of the object with this key below repos/<name>/
 *     repos/<name>/_uploads/<id>/<offset>-<nonce>.<alg>-<hex> empty: the digest of that chunk
 *     usage/<day>/<replica>-<number>                  how refs and layers were used that day, as one process heard of it
 *     usage/<day>/merged-<hash>-<part>of<parts>       the same of all processes; of long ago under usage/earlier/
 *     auth/tokens                                     static tokens, with the hashes of their secrets (src/auth/staticTokens.ts)
 *     jobs/<id>/state, jobs/<id>/result               a long operation of an administrator, and what it answered
 */

import type {RepositoryName, Tag, UploadId} from 'oci-spec-types';
import {type Digest, digestAlgorithm, digestHex, isDigest, isRepositoryName, isUploadId, parseDigest, parseTag} from 'oci-spec-types';

export const keys = {
	layout: 'layout.json',
	repositories: 'repos/',
	usage: 'usage/',
	/** `name` begins with a day and a slash. */
	usageDocument: (name: string) => `usage/${name}`,
	jobs: 'jobs/',
	repository: (repo: RepositoryName) => `repos/${repo}/`,
	blob: (repo: RepositoryName, digest: Digest) => {
		const hex = digestHex(digest);
		return `repos/${repo}/_blobs/${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;
	},
	blobs: (repo: RepositoryName) => `repos/${repo}/_blobs/`,
	manifest: (repo: RepositoryName, digest: Digest) => `repos/${repo}/${manifestsMarker}${digestAlgorithm(digest)}/${digestHex(digest)}`,
	tags: (repo: RepositoryName) => `repos/${repo}/_tags/`,
	tag: (repo: RepositoryName, tag: Tag) => `repos/${repo}/_tags/${tag}`,
	deletedTags: (repo: RepositoryName) => `repos/${repo}/_deleted/`,
	deletedTag: (repo: RepositoryName, tag: Tag) => `repos/${repo}/_deleted/${tag}`,
	heads: (repo: RepositoryName) => `repos/${repo}/_heads/`,
	headsOf: (repo: RepositoryName, tag: Tag) => `repos/${repo}/_heads/${tag}/`,
	head: (repo: RepositoryName, tag: Tag, digest: Digest) => `${keys.headsOf(repo, tag)}${digestAlgorithm(digest)}-${digestHex(digest)}`,
	derived: (repo: RepositoryName, key: string) => `repos/${repo}/_derived/${key}`,
	// BuildKit: cache/remotecache/s3/s3.go, with `prefix=…/_s3/` and its other defaults.
	typeS3Blob: (repo: RepositoryName, digest: Digest) => `repos/${repo}/_s3/blobs/${digest}`,
	typeS3Manifest: (repo: RepositoryName, tag: Tag) => `repos/${repo}/_s3/manifests/${tag}`,
	referrers: (repo: RepositoryName, subject: Digest) => `repos/${repo}/_referrers/${digestAlgorithm(subject)}/${digestHex(subject)}/`,
	referrer: (repo: RepositoryName, subject: Digest, digest: Digest) =>
		`${keys.referrers(repo, subject)}${digestAlgorithm(digest)}-${digestHex(digest)}`,
	uploads: (repo: RepositoryName) => `repos/${repo}/${uploadsMarker}`,
	upload: (repo: RepositoryName, upload: UploadId) => `repos/${repo}/${uploadsMarker}${upload}/`,
	// Zero-padded, so that byte order is the order of the offsets; 2^53 has 16 digits.
	chunk: (repo: RepositoryName, upload: UploadId, offset: number, nonce: string) =>
		`${keys.upload(repo, upload)}${String(offset).padStart(16, '0')}-${nonce}`,
	chunkDigest: (chunk: string, digest: Digest) => `${chunk}.${digestAlgorithm(digest)}-${digestHex(digest)}`,
	condemnedOf: (repo: RepositoryName) => `repos/${repo}/${condemnedMarker}`,
	/** Of an object of this repository, by its own key. */
	condemned: (repo: RepositoryName, key: string) => `${keys.condemnedOf(repo)}${key.slice(keys.repository(repo).length)}`,
	cancelledUpload: (repo: RepositoryName, upload: UploadId) => `${keys.upload(repo, upload)}cancelled`,
} as const;

/** What a repository that can be listed has below its name. */
export const manifestsMarker = '_manifests/';

/** What one has in which clients upload in chunks. */
export const uploadsMarker = '_uploads/';

/** What one has of which the collector condemned something. */
export const condemnedMarker = '_gc/condemned/';

/** The key of the object that a tombstone at this key speaks of. */
export const condemnedKey = (repo: RepositoryName, tombstone: string): string =>
	keys.repository(repo) + tombstone.slice(keys.condemnedOf(repo).length);

/** The repository whose object this is, and the rest of its key, which begins with a marker; undefined where it is none's. */
export const partsOfKey = (key: string): {repo: RepositoryName; rest: string} | undefined => {
	// No component of a name starts with an underscore.
	const cut = key.indexOf('/_');
	if (cut < 0 || !key.startsWith(keys.repositories)) return undefined;
	const name = key.slice(keys.repositories.length, cut);
	return isRepositoryName(name) ? {repo: name, rest: key.slice(cut + 1)} : undefined;
};

/** Every key of a repository begins so, and none of another's: whatever its name, they lie together in a listing. */
export const ownPrefix = (repo: RepositoryName): string => `repos/${repo}/_`;

/** Where a listing goes on behind all of them: the sign after the underscore, which no name has. */
export const behindRepository = (repo: RepositoryName): string => `repos/${repo}/\``;

/** The last part of a key: its tag, digest or offset. */
export const lastPart = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

export const tagOfKey = (key: string): Tag => parseTag(lastPart(key));

/** The tag in the key of one of its heads. */
export const tagOfHeadKey = (key: string): Tag => tagOfPrefix(key.slice(0, key.lastIndexOf('/') + 1));

/** The tag in a prefix `repos/<name>/_heads/<tag>/`. */
export const tagOfPrefix = (prefix: string): Tag => parseTag(lastPart(prefix.slice(0, -1)));

/** The key of a chunk, and where in its upload it begins, in bytes; `digest` in the key of what tells it. */
export type ChunkKey = {key: string; offset: number; digest?: Digest};

export const parseChunkKey = (key: string): ChunkKey => {
	const [chunk = '', digest] = lastPart(key).split('.', 2);
	const offset = Number(chunk.split('-', 1)[0]);
	if (digest === undefined) return {key, offset};
	return {key: key.slice(0, -digest.length - 1), offset, digest: digestOfKey(digest)};
};

/** The digest in a key that ends `<alg>-<hex>`. */
export const digestOfKey = (key: string): Digest => {
	const [algorithm, hex] = lastPart(key).split('-');
	return parseDigest(`${algorithm}:${hex}`);
};

/** The digest in the key of a blob; undefined where something else lies among the blobs. */
export const digestOfBlobKey = (key: string): Digest | undefined => {
	const [hex, , algorithm] = key.split('/').reverse();
	const text = `${algorithm}:${hex}`;
	return isDigest(text) ? text : undefined;
};

/** The upload in a prefix `repos/<name>/_uploads/<id>/`; undefined where something else lies there. */
export const uploadOfPrefix = (prefix: string): UploadId | undefined => {
	const id = lastPart(prefix.slice(0, -1));
	return isUploadId(id) ? id : undefined;
};

/** The repository in a prefix `repos/<name>/`; undefined where something else put a folder there. */
export const repositoryOfPrefix = (prefix: string): RepositoryName | undefined => {
	const name = prefix.slice(keys.repositories.length, -1);
	return isRepositoryName(name) ? name : undefined;
};
