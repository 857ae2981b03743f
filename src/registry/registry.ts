/** The interface of one OCI registry. Every method throws OciError; a policy is a function that wraps one of these and returns another. */
import {
	type ByteRange,
	type ContentRange,
	type Descriptor,
	type Digest,
	type Manifest,
	OciError,
	type Reference,
	type RepositoryName,
	type Tag,
	type UploadId,
} from 'oci-spec-types';
import type {Destroyable} from '../lib/destroyable.ts';

export interface Registry {
	/** Throws BLOB_UNKNOWN; to a pusher that may be an answer of some seconds ago. */
	statBlob(repo: RepositoryName, digest: Digest, asker?: Asker): Promise<BlobFacts>;
	/** The sizes of those of these blobs that are there. Of what is missing in the answer the store itself said so, when it was asked for that very blob after this question. */
	statBlobs(repo: RepositoryName, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>>;
	/** Opens a blob, or a part of it. Throws BLOB_UNKNOWN, RANGE_INVALID (416). */
	readBlob(repo: RepositoryName, digest: Digest, range?: ByteRange): Promise<BlobContent>;
	/** Where a client may GET this blob without us; undefined where it must be streamed. Says nothing about presence: stat first. */
	locateBlob(repo: RepositoryName, digest: Digest): Promise<URL | undefined>;
	/** Where a client may PUT this whole blob without us, and no other bytes; undefined where it must be streamed. Throws BLOB_UPLOAD_UNKNOWN. */
	locateUpload(repo: RepositoryName, upload: UploadId, digest: Digest, size: number): Promise<URL | undefined>;
	/** A client was sent there with this blob, which is on its way past us. */
	expectUpload(repo: RepositoryName, digest: Digest): void;
	/** Stores a whole blob. Throws DIGEST_INVALID, SIZE_INVALID; nothing is stored then. */
	putBlob(repo: RepositoryName, digest: Digest, body: Bytes, size?: number): Promise<void>;
	/** Gives `repo` the blob that `from` holds; false where the client has to upload it. */
	mountBlob(repo: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean>;
	/** Throws BLOB_UNKNOWN. */
	deleteBlob(repo: RepositoryName, digest: Digest): Promise<void>;

	/** Names a new upload; nothing is stored for it yet. */
	startUpload(repo: RepositoryName): Promise<UploadId>;
	/** Bytes that an upload has. Throws BLOB_UPLOAD_UNKNOWN. */
	uploadSize(repo: RepositoryName, upload: UploadId): Promise<number>;
	/** Adds a chunk; answers the upload's new size. Throws BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID (416, with the range we have). */
	appendUpload(repo: RepositoryName, upload: UploadId, chunk: Chunk): Promise<number>;
	/** Adds the last bytes, if any, and makes the upload a blob. Throws BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID, DIGEST_INVALID, SIZE_INVALID. */
	finishUpload(repo: RepositoryName, upload: UploadId, digest: Digest, last: Chunk): Promise<void>;
	/** Forgets an upload and its chunks. Throws BLOB_UPLOAD_UNKNOWN. */
	cancelUpload(repo: RepositoryName, upload: UploadId): Promise<void>;

	/** Throws MANIFEST_UNKNOWN. By tag it depends on who asks: an importer may get a document that was made for it, of tags that lend to it. */
	getManifest(repo: RepositoryName, reference: Reference, asker?: Asker, lends?: Lends): Promise<StoredManifest>;
	/** Stores a manifest byte-exact and moves `tags` to it. Throws MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, SIZE_INVALID, DIGEST_INVALID; TagProtected. */
	putManifest(repo: RepositoryName, manifest: PushedManifest, as: PushedAs): Promise<AcceptedManifest>;
	/** Deletes a manifest and the tags that point at it. Throws MANIFEST_UNKNOWN. */
	deleteManifest(repo: RepositoryName, digest: Digest): Promise<void>;
	/** Throws MANIFEST_UNKNOWN. */
	deleteTag(repo: RepositoryName, tag: Tag): Promise<void>;

	/** What was pushed to a tag and counts, newest first: one at the most, but for a tag that merges. The store is asked each time. */
	readTag(repo: RepositoryName, tag: Tag): Promise<readonly TagFacts[]>;
	/** The same of all tags that match, newest first. */
	findTags(repo: RepositoryName, wanted: TagsWanted): Promise<readonly TagFacts[]>;
	/** Tags in byte order, strictly after `after`. Throws NAME_UNKNOWN where there is no such repository. */
	listTags(repo: RepositoryName, options?: {after?: string}): AsyncIterable<Tag>;
	/** Descriptors of the manifests whose `subject` is `digest`, in the order of their digests, strictly after `after`; none is no error. */
	listReferrers(repo: RepositoryName, digest: Digest, options?: {after?: Digest}): AsyncIterable<Descriptor>;
	/** Repositories that hold a manifest, in byte order of `<name>/`, strictly after `after`. */
	listRepositories(options?: {after?: RepositoryName}): AsyncIterable<RepositoryName>;
}

/**
 * Who asks, as far as that changes the answer. An importer reads a tag and takes whatever type of manifest there is. A
 * pusher wants to know what it need not send: what it is told is absent it uploads, so an answer that is a little old
 * costs it an upload at the worst. A reader is anyone else.
 */
export type Asker = 'importer' | 'pusher' | 'reader';

/** Whether the cache of a tag may go into an answer, be it the one that is asked for or another one. Any may where nothing is said. */
export type Lends = (tag: Tag) => boolean;

export type Bytes = AsyncIterable<Uint8Array>;
export type BlobFacts = {digest: Digest; size: number};
/** `range`, ends inclusive, is there when `body` is only a part. The caller reads `body` to its end or destroys it. */
export type BlobContent = BlobFacts & {range?: {start: number; end: number}; body: Destroyable};
/** `size` is the Content-Length, where the client sent one. `first`: the Location that the client used says that no chunk came before, so nothing need be asked of the store. `sender`: who sends it; what is scarce is shared fairly between senders. `isGiven`: nobody else reads the pieces of the body, as in `UploadOptions`. */
export type Chunk = {body: Bytes; size?: number; range?: ContentRange; first?: boolean; sender?: string; isGiven?: boolean};
export type PushedManifest = {bytes: Uint8Array; mediaType?: string};
/** `derivation` where this is not what was pushed to the tag that was asked for. */
export type StoredManifest = {digest: Digest; mediaType: string; bytes: Uint8Array; derivation?: Derivation};
/** How an answer came about, and from which manifests. */
export type Derivation = {ways: readonly DerivationWay[]; sources: readonly {tag: Tag; digest: Digest}[]};
/** `fallback`: another tag's; `union`: of several, or of others; `repaired`: without the layers that are gone; `compacted`: without what made it too large to import. */
export type DerivationWay = 'fallback' | 'union' | 'repaired' | 'compacted';
/** What the store now has. `missing` are a cache's layers that are not there; `warnings` are sentences for whoever pushed it. */
export type AcceptedManifest = {
	digest: Digest;
	manifest: Manifest;
	subject?: Digest;
	missing: readonly Digest[];
	warnings?: readonly string[];
};
/**
 * `unlessProtected`: a tag that somebody protected by hand is not moved to another manifest; the others may have been by then.
 * `onDiscarded` hears of each tag that is not moved though the answer says nothing of it.
 */
export type PushedAs = {
	digest?: Digest;
	tags: readonly Tag[];
	unlessProtected?: boolean;
	onDiscarded?: ((tag: Tag) => void) | undefined;
};
/** `pushedAt` by the store's clock; `protected` by hand, of which all that is told of a tag knows. */
export type TagFacts = {tag: Tag; digest: Digest; pushedAt: Date; protected?: true};
/** Tags that begin with `prefix` and match, at most `limit` of them. */
export type TagsWanted = {prefix: string; matches(tag: Tag): boolean; limit: number};

/** A tag is protected by hand, and whoever asks may not move it. */
export class TagProtected extends OciError {
	readonly tag: Tag;
	constructor(tag: Tag) {
		super('DENIED', {tag, reason: 'protected'}, {message: `${tag} is protected`});
		this.tag = tag;
	}
}
