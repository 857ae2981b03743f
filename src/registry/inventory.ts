/** What a repository holds, as one walk along the store saw it: the ground on which retention, the collector and the reports decide. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {Etag} from '../storage/objectStore.ts';

/** Rows are as their listing told them; documents were read after it began. */
export type RepositoryInventory = {
	repo: RepositoryName;
	/** The store's time before anything of it was looked at: what was written later may be missing here. */
	startedAt: Date;
	tags: ReadonlyMap<Tag, TagEntry>;
	/** Of tags that merge: all that are kept, whether they count or not. */
	heads: readonly HeadEntry[];
	manifests: ReadonlyMap<Digest, ManifestEntry>;
	blobs: BlobEntries;
	derived: readonly DerivedEntry[];
	/** Markers of tags that may be deleted ones. */
	deletedTags: readonly (ObjectEntry & {tag: Tag})[];
	/** Descriptors of manifests that have a subject. */
	referrers: readonly (ObjectEntry & {subject: Digest; digest: Digest})[];
	/** What was pushed here, again in the form of `type=s3`. */
	typeS3: {manifests: readonly TypeS3Entry[]; layers: readonly (ObjectEntry & {digest: Digest})[]};
	tombstones: TombstoneEntries;
	/** Chunks and marks of uploads in pieces. */
	uploads: {count: number; bytes: number};
	/** Documents that cannot be read: nobody knows what these need, so nothing of this repository may be deleted. */
	damaged: readonly {key: string; problem: string}[];
};

/** One object; `key` under the store's prefix. */
export type ObjectEntry = {key: string; size: number; modified: Date; etag: Etag};

/** Deleted tags are here too: what they pointed at is among their `previous`. */
export type TagEntry = {
	digest: Digest;
	mediaType: string;
	pushedAt: Date;
	/** Digests that the tag had, newest first, each once. */
	previous: readonly {digest: Digest; since: Date}[];
	deleted: boolean;
	/** Somebody protected it by hand, whatever the policy says. */
	protected: boolean;
	object: ObjectEntry;
};

export type HeadEntry = {tag: Tag; digest: Digest; pushedAt: Date; key: string};

export type ManifestEntry = {
	size: number;
	modified: Date;
	mediaType: string;
	/** Each once. `as` tells where it lies: `either` where the media type does not say. Kept packed: each look makes them anew. */
	readonly references: readonly ReferenceEntry[];
	/** None of them is a manifest, or may be: most manifests are such, and need no second look. */
	onlyBlobs?: boolean;
	subject?: Digest | undefined;
};
export type ReferenceEntry = {digest: Digest; size: number; mediaType: string; as: 'blob' | 'manifest' | 'either'};

export type DerivedEntry = {
	/** The last part of the pointer's key. */
	name: string;
	digest: Digest;
	config: Digest;
	tag: Tag;
	sources: readonly {tag: Tag; digest: Digest}[];
	object: ObjectEntry;
};

/** A cache in the form of `type=s3`, and the layers that it names. */
export type TypeS3Entry = {tag: Tag; readonly layers: readonly Digest[]; object: ObjectEntry};

/** Which objects have a tombstone, and since when it is as it is; what it says is read when it is due. Compact for those of blobs. */
export type TombstoneEntries = {
	blobs: BlobEntries;
	/** By the object's key. */
	others: ReadonlyMap<string, ObjectEntry>;
};

/** Compact: a repository may hold a million. In the byte order of their keys. */
export type BlobEntries = {
	readonly count: number;
	readonly bytes: number;
	get(digest: Digest): BlobEntry | undefined;
	/** From 0 to `count` - 1. */
	indexOf(digest: Digest): number | undefined;
	at(index: number): BlobEntry & {digest: Digest};
	/** In bytes. The same without making the text of a digest, which is what costs. */
	sizeAt(index: number): number;
	[Symbol.iterator](): Iterator<BlobEntry & {digest: Digest}>;
	/** Nobody looks at it any more: it is empty then, and takes no memory. */
	release?(): void;
};
export type BlobEntry = {size: number; modified: Date};
