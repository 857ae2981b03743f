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
	/** Everything else that lies below the repository's name, and its bytes. */
	others: readonly ObjectEntry[];
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
	/** Each once. `as` tells where it lies: `either` where the media type does not say. */
	references: readonly ReferenceEntry[];
	subject?: Digest;
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

/** Compact: a repository may hold a million. In the byte order of their keys. */
export type BlobEntries = {
	readonly count: number;
	readonly bytes: number;
	get(digest: Digest): BlobEntry | undefined;
	/** From 0 to `count` - 1. */
	indexOf(digest: Digest): number | undefined;
	at(index: number): BlobEntry & {digest: Digest};
	[Symbol.iterator](): Iterator<BlobEntry & {digest: Digest}>;
};
export type BlobEntry = {size: number; modified: Date};
