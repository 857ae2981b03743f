/** The interface of every store: a flat, strongly consistent map of keys to bytes. S3 is the reference; disk and memory imitate it. */
import type {ByteRange, Digest} from 'oci-spec-types';
import type {Destroyable} from '../lib/destroyable.ts';

export interface ObjectStore {
	/** Facts about an object; undefined when there is none. */
	stat(key: string): Promise<ObjectFacts | undefined>;
	/** Opens an object, or a part of it. The caller reads `body` to its end or destroys it. Throws RangeUnsatisfiable. */
	read(key: string, range?: ByteRange): Promise<StoredObject | undefined>;
	/** Stores a small document in one request. Throws PreconditionFailed. */
	write(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<ObjectFacts>;
	/** Stores a stream of any length, known or not. Visible once `body` has ended; if `body` throws, that error is rethrown and nothing was stored. Throws PreconditionFailed. */
	upload(key: string, body: Bytes, options?: UploadOptions): Promise<ObjectFacts>;
	/** Server-side copy, any size, content type included. Throws ObjectMissing. */
	copy(from: string, to: string): Promise<ObjectFacts>;
	/** Objects under `prefix`, in byte order of their keys, strictly after `after`. With a delimiter, keys that go on after the next one are rolled up into one prefix. */
	list(prefix: string, options?: ListOptions): AsyncIterable<ListEntry>;
	/** Removes keys; those that are absent are not an error. */
	remove(keys: readonly string[]): Promise<void>;
	/** A URL that lets a client GET, or PUT exactly these sha256 bytes, without our credentials; undefined when this store has none. Whether a PUT of other bytes is refused, `probeUploads` tells. */
	presign(key: string, request: PresignRequest): Promise<URL | undefined>;
	/** Removes one key, but not after `until` (the store's clock): a late copy of the request does nothing. */
	removeUntil(key: string, until: Date): Promise<void>;
	/** Joins stored parts in order, by reading them where it must; they may be gone soon, and need not keep their ETags. Visible at once: verify the digest first. Throws ObjectMissing. */
	compose(parts: readonly StoredPart[], to: string, options?: {contentType?: string}): Promise<ObjectFacts>;
	/** Whether `compose` joins parts of these sizes without reading them (S3: each but the last 5 MiB or more, 10,000 at most). */
	joinsInside(sizes: readonly number[]): boolean;
	/** Uploads that a crash left unfinished: nothing has come for them since `olderThan`. Under our prefix only. */
	abandonedUploads(olderThan: Date): AsyncIterable<AbandonedUpload>;
	/** The store's clock. */
	now(): Promise<Date>;
	/** Proves at start that the store does what the registry relies on (design: conditional writes raced by 8 writers, a cut upload leaves nothing, deletes that expire) and finds what it can do besides. Throws StoreUnfit, which names what is missing. */
	probe(): Promise<StoreAbilities>;
	/** Tries out, at the endpoint that clients get, whether a URL for an upload lets its bytes pass and no others. A store that is away is a verdict too. */
	probeUploads(): Promise<UploadVerdict>;
	/** Lets go of sockets and timers. */
	close(): Promise<void>;
}

export type Bytes = AsyncIterable<Uint8Array>;

/** `modified` is the store's clock; the answer to a PUT has none. `answeredAt` is the store's clock when it answered. */
export type ObjectFacts = {key: string; size: number; etag: Etag; contentType?: string; modified?: Date; answeredAt: Date};

/** `facts.size` is the size of the whole object; `range` what `body` carries of it, ends inclusive. Destroying frees the socket or file. */
export type StoredObject = {facts: ObjectFacts; range?: {start: number; end: number}; body: Destroyable};

/** Opaque; equal ETags mean equal bytes, for objects written with a fresh nonce also the same write. */
export type Etag = string & {readonly __brand: 'Etag'};

/** `contentType` is `octetStream` where nothing is said. */
export type WriteOptions = {contentType?: string; ifAbsent?: true; ifMatch?: Etag};
export const octetStream = 'application/octet-stream';

/** `size` and `sha256` of the whole body where they are known beforehand: the store may then check them too. `sender`: who brings it; what is scarce is shared fairly between senders. `isGiven`: nobody else reads the pieces of the body, whose memory may go back once they are copied (lib/spent.ts). */
export type UploadOptions = WriteOptions & {size?: number; sha256?: Digest; sender?: string; isGiven?: boolean};
export type ListOptions = {after?: string; limit?: number; delimiter?: '/'};
export type ListEntry = ListedObject | {prefix: string};
/** What one LIST row knows. */
export type ListedObject = {key: string; size: number; etag: Etag; modified: Date};
/** An object that is not written again, and its size as a listing told it. */
export type StoredPart = {key: string; size: number};
export type PresignRequest =
	| {method: 'GET'; expiresInSeconds: number}
	| {method: 'PUT'; sha256: Digest; size: number; expiresInSeconds: number};
export type AbandonedUpload = {key: string; startedAt: Date; abort(): Promise<void>};

/** What the start-up probe found. `warnings` are sentences for the log and `doctor`, each with what to do. */
export type StoreAbilities = {
	presignedGet: boolean;
	warnings: readonly string[];
};

/** Whether clients may be sent to the store with their uploads. `reason` is one sentence, for the log and `doctor`. `isUnclear`: the store said neither yes nor no, and may say one of them soon. */
export type UploadVerdict = {redirect: boolean; reason: string; isUnclear?: boolean};

/** `ifAbsent` or `ifMatch` did not hold: someone else wrote first. */
export class PreconditionFailed extends Error {
	override readonly name = 'PreconditionFailed';
	readonly key: string;
	constructor(key: string, options?: ErrorOptions) {
		super(`the object ${key} was changed by someone else`, options);
		this.key = key;
	}
}

/** The range lies behind the object's end. */
export class RangeUnsatisfiable extends Error {
	override readonly name = 'RangeUnsatisfiable';
	readonly key: string;
	readonly size: number;
	constructor(key: string, size: number) {
		super(`the object ${key} has only ${size} bytes`);
		this.key = key;
		this.size = size;
	}
}

/** The source of a copy, or a part to join, is not there. */
export class ObjectMissing extends Error {
	override readonly name = 'ObjectMissing';
	readonly key: string;
	constructor(key: string, options?: ErrorOptions) {
		super(`there is no object ${key}`, options);
		this.key = key;
	}
}

/** The store could not do it now, and may later: S3 is away or slow, the disk is full. The message says what to check. */
export class StoreUnavailable extends Error {
	override readonly name = 'StoreUnavailable';
}

/** The store lacks something that the registry cannot do without; the message names it and what to do. */
export class StoreUnfit extends Error {
	override readonly name = 'StoreUnfit';
}
