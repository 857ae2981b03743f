/** The chunks of uploads as they lie in the store: an object for each PATCH, and beside the first the digest of its bytes. */
import {createHash, type Hash, randomBytes} from 'node:crypto';
import {type Digest, formatDigest, OciError, type RepositoryName, type UploadId} from 'oci-spec-types';
import {ObjectMissing, type ObjectStore, StoreUnavailable} from '../storage/objectStore.ts';
import {keys, parseChunkKey} from './keys.ts';
import type {Bytes, Chunk} from './registry.ts';

/** `digest` where it was computed while the chunk came in. */
export type StoredChunk = {key: string; offset: number; size: number; digest?: Digest};

/** `size` where it is known; the rest as in `Chunk`. */
type NewChunk = Pick<Chunk, 'body' | 'sender' | 'isGiven'> & {size: number | undefined};

export type Chunks = ReturnType<typeof createChunks>;

export const createChunks = (store: ObjectStore) => {
	const remove = (chunks: readonly StoredChunk[]): Promise<void> =>
		store.remove(chunks.flatMap(({key, digest}) => (digest ? [key, keys.chunkDigest(key, digest)] : [key])));

	return {
		/** Every chunk that is stored for an upload, in byte order. Throws BLOB_UPLOAD_UNKNOWN when it was cancelled. */
		async list(repo: RepositoryName, upload: UploadId): Promise<StoredChunk[]> {
			const chunks = new Map<string, StoredChunk>();
			for await (const entry of store.list(keys.upload(repo, upload))) {
				if ('prefix' in entry) continue;
				if (entry.key === keys.cancelledUpload(repo, upload)) throw unknownUpload(upload, 'cancelled');
				const {key, offset, digest} = parseChunkKey(entry.key);
				const chunk = chunks.get(key);
				// A digest comes after its chunk; one without belongs to a chunk that is gone.
				if (digest === undefined) chunks.set(key, {key, offset, size: entry.size});
				else if (chunk) chunk.digest = digest;
			}
			return [...chunks.values()];
		},

		/** Stores bytes under a name of their own: what a closing PUT relies on is never written again. */
		async store(repo: RepositoryName, upload: UploadId, offset: number, {body, ...facts}: NewChunk): Promise<StoredChunk> {
			const key = keys.chunk(repo, upload, offset, randomBytes(8).toString('hex'));
			// Only a chunk that is the whole of its blob has a digest that anyone asks for.
			const hash = offset === 0 ? createHash('sha256') : undefined;
			const stored = await store.upload(key, hash ? hashed(body, hash) : body, facts);
			return {key, offset, size: stored.size, digest: hash && formatDigest('sha256', hash.digest('hex'))};
		},

		/** Writes down the digest of a chunk that is stored, for the replica that gets the closing PUT. Without it the chunk is read once more. */
		async noteDigest({key, digest}: StoredChunk): Promise<void> {
			if (digest) await store.write(keys.chunkDigest(key, digest), new Uint8Array()).catch(unlessUnavailable);
		},

		/** The bytes of chunks, one after the other. Throws ObjectMissing. */
		async *read(chunks: readonly StoredChunk[]): AsyncGenerator<Uint8Array> {
			for (const {key} of chunks) {
				const object = await store.read(key);
				if (!object) throw new ObjectMissing(key);
				yield* object.body;
			}
		},

		remove,

		/** Removes what has become a blob. The sweeper finds what stays: the blob is there, and that is what its client is told. */
		discard: (chunks: readonly StoredChunk[]): Promise<void> => remove(chunks).catch(unlessUnavailable),
	};
};

/** One chunk for each offset, without a gap. Throws BLOB_UPLOAD_UNKNOWN. */
export const consecutive = (upload: UploadId, chunks: readonly StoredChunk[]): StoredChunk[] => {
	const found: StoredChunk[] = [];
	for (const chunk of chunks) {
		// A second one for the same offset is about to be withdrawn.
		if (chunk.offset === found.at(-1)?.offset) continue;
		// Appends check their offset, so a gap can only come from a chunk that was deleted behind our back.
		if (chunk.offset !== end(found)) throw unknownUpload(upload, `the bytes at ${end(found)} are gone`);
		found.push(chunk);
	}
	return found;
};

export const end = (chunks: readonly StoredChunk[]): number => {
	const last = chunks.at(-1);
	return last ? last.offset + last.size : 0;
};

export const unknownUpload = (upload: UploadId, reason: string) => new OciError('BLOB_UPLOAD_UNKNOWN', {upload, reason});

const unlessUnavailable = (error: unknown) => {
	if (!(error instanceof StoreUnavailable)) throw error;
};

async function* hashed(body: Bytes, hash: Hash): Bytes {
	for await (const bytes of body) {
		hash.update(bytes);
		yield bytes;
	}
}
