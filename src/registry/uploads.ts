/** Uploads: a POST stores nothing, every PATCH is stored as one object, the closing PUT joins them into a blob. */
import {createHash, randomBytes} from 'node:crypto';
import {
	createUploadId,
	type Digest,
	digestAlgorithm,
	digestOf,
	formatDigest,
	formatUploadRange,
	OciError,
	type RepositoryName,
	type UploadId,
	uploadStartedAt,
} from 'oci-spec-types';
import {peek} from '../lib/peek.ts';
import {ObjectMissing, type ObjectStore, octetStream} from '../storage/objectStore.ts';
import type {Blobs} from './blobs.ts';
import {type ChunkKey, keys, parseChunkKey} from './keys.ts';
import type {Bytes, Chunk, LastChunk} from './registry.ts';
import {sized} from './verified.ts';

/** `clock` in ms since 1970; `longestUploadMs` after its start an upload is unknown. */
export type UploadsOptions = {clock: () => number; longestUploadMs: number};

export const createUploads = (store: ObjectStore, blobs: Blobs, {clock, longestUploadMs}: UploadsOptions) => {
	const assertAlive = (upload: UploadId) => {
		const age = clock() - uploadStartedAt(upload);
		// Another replica's clock may be ahead of ours, though not by an hour.
		if (age > longestUploadMs || age < -hourMs) throw unknownUpload(upload, 'expired, or never started here');
	};

	const append = async (repo: RepositoryName, upload: UploadId, chunk: Chunk): Promise<number> => {
		assertAlive(upload);
		const have = end(await storedChunks(store, repo, upload));
		if (chunk.range && chunk.range.start !== have) throw rangeMismatch(have);
		const size = promisedSize(chunk);
		const {isEmpty, all} = await peek(sized(chunk.body, size));
		if (isEmpty) return have;

		// Under a name of its own: what a closing PUT has hashed is never written again, and so is what it then joins.
		const key = keys.chunk(repo, upload, have, randomBytes(8).toString('hex'));
		const stored = await store.upload(key, all, {size});
		// Of two chunks for one offset at least the later sees the other, and withdraws.
		const others = (await listChunks(store, repo, upload)).filter(other => other.offset === have && other.key !== key);
		if (others.length > 0) {
			await store.remove([key]);
			throw rangeMismatch(end(await storedChunks(store, repo, upload)));
		}
		return have + stored.size;
	};

	/** Joins what is stored, once it is known to be the blob. Throws ObjectMissing when another closing PUT was faster. */
	const join = async (repo: RepositoryName, upload: UploadId, digest: Digest): Promise<void> => {
		const chunks = await storedChunks(store, repo, upload);
		if (chunks.length === 0 && !isOfNothing(digest)) throw new ObjectMissing(keys.upload(repo, upload));
		const parts = chunks.map(({key}) => key);
		const actual = await digestOfParts(store, parts, digest);
		if (actual !== digest) {
			await store.remove(parts);
			throw new OciError('DIGEST_INVALID', {expected: digest, actual, size: end(chunks)});
		}
		if (parts.length === 0) await blobs.put(repo, digest, none(), 0);
		else await store.compose(parts, keys.blob(repo, digest), {contentType: octetStream});
		await store.remove(parts);
	};

	return {
		start: (): UploadId => createUploadId(clock(), randomBytes(10)),

		async size(repo: RepositoryName, upload: UploadId): Promise<number> {
			assertAlive(upload);
			return end(await storedChunks(store, repo, upload));
		},

		append,

		async finish(repo: RepositoryName, upload: UploadId, digest: Digest, last: LastChunk): Promise<void> {
			assertAlive(upload);
			const size = promisedSize(last);
			const {isEmpty, all} = await peek(last.body);
			// The Location said that no chunk came before, so these bytes are all of the blob, and the store need not be asked.
			const isWhole = last.first && (last.range?.start ?? 0) === 0;
			if (isWhole && (!isEmpty || isOfNothing(digest))) return blobs.put(repo, digest, all, size);

			if (!isEmpty || size) await append(repo, upload, {...last, body: all});
			try {
				await join(repo, upload, digest);
			} catch (error) {
				if (!(error instanceof ObjectMissing)) throw error;
				// A repeat of a closing PUT whose answer was lost: the chunks are gone, and the blob is there.
				if (!(await blobs.has(repo, digest)))
					throw new OciError('DIGEST_INVALID', {expected: digest, reason: 'the upload has no bytes, or lost them'});
			}
		},

		async cancel(repo: RepositoryName, upload: UploadId): Promise<void> {
			assertAlive(upload);
			const chunks = await storedChunks(store, repo, upload);
			// The marker first: a chunk that arrives meanwhile belongs to an upload that is already unknown.
			await store.write(keys.cancelledUpload(repo, upload), new Uint8Array());
			await store.remove(chunks.map(({key}) => key));
		},
	};
};

type StoredChunk = ChunkKey & {key: string; size: number};

const hourMs = 3_600_000;

/** Every chunk that is stored for an upload, in byte order. Throws BLOB_UPLOAD_UNKNOWN when it was cancelled. */
const listChunks = async (store: ObjectStore, repo: RepositoryName, upload: UploadId): Promise<StoredChunk[]> => {
	const chunks: StoredChunk[] = [];
	for await (const entry of store.list(keys.upload(repo, upload))) {
		if ('prefix' in entry) continue;
		if (entry.key === keys.cancelledUpload(repo, upload)) throw unknownUpload(upload, 'cancelled');
		chunks.push({...parseChunkKey(entry.key), key: entry.key, size: entry.size});
	}
	return chunks;
};

/** The chunks of an upload, one for each offset, without a gap. Throws BLOB_UPLOAD_UNKNOWN. */
const storedChunks = async (store: ObjectStore, repo: RepositoryName, upload: UploadId): Promise<StoredChunk[]> => {
	const chunks: StoredChunk[] = [];
	for (const chunk of await listChunks(store, repo, upload)) {
		// A second one for the same offset is about to be withdrawn.
		if (chunk.offset === chunks.at(-1)?.offset) continue;
		// Appends check their offset, so a gap can only come from a chunk that was deleted behind our back.
		if (chunk.offset !== end(chunks)) throw unknownUpload(upload, `the bytes at ${end(chunks)} are gone`);
		chunks.push(chunk);
	}
	return chunks;
};

const end = (chunks: readonly StoredChunk[]): number => {
	const last = chunks.at(-1);
	return last ? last.offset + last.size : 0;
};

/** What Content-Range and Content-Length promise. Throws SIZE_INVALID when they disagree. */
const promisedSize = ({size, range}: Chunk): number | undefined => {
	const ofRange = range && range.end - range.start + 1;
	if (size !== undefined && ofRange !== undefined && size !== ofRange)
		throw new OciError('SIZE_INVALID', {contentRange: ofRange, contentLength: size});
	return size ?? ofRange;
};

const unknownUpload = (upload: UploadId, reason: string) => new OciError('BLOB_UPLOAD_UNKNOWN', {upload, reason});

/** Distribution-spec, "Pushing a blob in chunks": out of order is 416; the Range is what we have. */
const rangeMismatch = (have: number) =>
	new OciError(
		'BLOB_UPLOAD_INVALID',
		{have, reason: 'this chunk does not start where the upload ends'},
		{
			status: 416,
			headers: {Range: formatUploadRange(have)},
		},
	);

const isOfNothing = (digest: Digest): boolean => digest === digestOf(new Uint8Array(), digestAlgorithm(digest));

async function* none(): Bytes {}

const digestOfParts = async (store: ObjectStore, parts: readonly string[], like: Digest): Promise<Digest> => {
	const hash = createHash(digestAlgorithm(like));
	for (const key of parts) {
		const part = await store.read(key);
		if (!part) throw new ObjectMissing(key);
		for await (const bytes of part.body) hash.update(bytes);
	}
	return formatDigest(digestAlgorithm(like), hash.digest('hex'));
};
