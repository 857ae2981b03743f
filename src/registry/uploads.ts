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
import {ObjectMissing, type ObjectStore} from '../storage/objectStore.ts';
import type {Blobs} from './blobs.ts';
import {type Chunks, consecutive, createChunks, end, type StoredChunk, unknownUpload} from './chunks.ts';
import {keys} from './keys.ts';
import type {Bytes, Chunk} from './registry.ts';
import {sized} from './verified.ts';

/** `clock` in ms since 1970; `longestUploadMs` after its start an upload is unknown. */
export type UploadsOptions = {clock: () => number; longestUploadMs: number};

export const createUploads = (store: ObjectStore, blobs: Blobs, {clock, longestUploadMs}: UploadsOptions) => {
	const chunks = createChunks(store);

	const assertAlive = (upload: UploadId) => {
		const age = clock() - uploadStartedAt(upload);
		// Another replica's clock may be ahead of ours, though not by an hour.
		if (age > longestUploadMs || age < -hourMs) throw unknownUpload(upload, 'expired, or never started here');
	};

	/** Stores the next bytes. `all` is every chunk that was stored when they were. */
	const add = async (repo: RepositoryName, upload: UploadId, chunk: Chunk, {isLast}: {isLast: boolean}): Promise<Added> => {
		// A Location that says that nothing is there is believed until the bytes have come.
		const before = isFirst(chunk) ? undefined : await chunks.list(repo, upload);
		const offset = end(consecutive(upload, before ?? []));
		if (chunk.range && chunk.range.start !== offset) throw rangeMismatch(offset);
		const size = promisedSize(chunk);
		const {isEmpty, all: body} = await peek(sized(chunk.body, size));
		if (isEmpty) {
			const all = before ?? (await chunks.list(repo, upload));
			return {size: end(consecutive(upload, all)), all};
		}

		const {sender, isGiven} = chunk;
		const mine = await chunks.store(repo, upload, offset, {body, size, sender, isGiven});
		// Whether another chunk came for the same offset is asked while the digest is written: neither waits for the other.
		const listed = chunks.list(repo, upload);
		await Promise.allSettled([listed, isLast ? undefined : chunks.noteDigest(mine)]);
		try {
			const others = (await listed).filter(({key}) => key !== mine.key);
			// Of two chunks for one offset at least the later sees the other, and withdraws.
			if (others.some(other => other.offset === offset)) throw rangeMismatch(end(consecutive(upload, others)));
			return {size: offset + mine.size, all: [...others, mine].sort((a, b) => a.offset - b.offset)};
		} catch (error) {
			// Refused, or cancelled meanwhile. A store that does not answer is no verdict, and the bytes are stored.
			if (error instanceof OciError) await chunks.remove([mine]);
			throw error;
		}
	};

	/** Makes a blob of chunks, if they are the blob. Throws DIGEST_INVALID, and ObjectMissing when another closing PUT was faster. */
	const join = async (repo: RepositoryName, digest: Digest, parts: readonly StoredChunk[]): Promise<void> => {
		const size = end(parts);
		if (parts.length === 0) return blobs.put(repo, digest, none(), {size: 0});
		// What must be read to be joined is hashed on the way.
		if (!store.joinsInside(parts.map(part => part.size))) return blobs.put(repo, digest, chunks.read(parts), {size});
		const actual = knownDigest(parts, digest) ?? (await digestOfChunks(chunks, parts, digest));
		if (actual !== digest) throw new OciError('DIGEST_INVALID', {expected: digest, actual, size});
		await blobs.join(repo, digest, parts);
	};

	const close = async (repo: RepositoryName, upload: UploadId, digest: Digest, parts: readonly StoredChunk[]): Promise<void> => {
		if (parts.length === 0 && !isOfNothing(digest)) throw new ObjectMissing(keys.upload(repo, upload));
		try {
			await join(repo, digest, parts);
		} catch (error) {
			if (error instanceof OciError && error.code === 'DIGEST_INVALID') await chunks.remove(parts);
			throw error;
		}
		await chunks.discard(parts);
	};

	return {
		start: (): UploadId => createUploadId(clock(), randomBytes(10)),

		/** Throws BLOB_UPLOAD_UNKNOWN. That an upload was cancelled only the store knows, which is not asked. */
		assertAlive,

		async size(repo: RepositoryName, upload: UploadId): Promise<number> {
			assertAlive(upload);
			return end(consecutive(upload, await chunks.list(repo, upload)));
		},

		async append(repo: RepositoryName, upload: UploadId, chunk: Chunk): Promise<number> {
			assertAlive(upload);
			return (await add(repo, upload, chunk, {isLast: false})).size;
		},

		async finish(repo: RepositoryName, upload: UploadId, digest: Digest, last: Chunk): Promise<void> {
			assertAlive(upload);
			const size = promisedSize(last);
			const {isEmpty, all: body} = await peek(last.body);
			// These bytes are all of the blob, and the store need not be asked.
			if (isFirst(last) && (!isEmpty || isOfNothing(digest))) return blobs.put(repo, digest, body, {...last, size});

			const hasMore = !isEmpty || size;
			const all = hasMore ? (await add(repo, upload, {...last, body}, {isLast: true})).all : await chunks.list(repo, upload);
			try {
				await close(repo, upload, digest, consecutive(upload, all));
			} catch (error) {
				if (!(error instanceof ObjectMissing)) throw error;
				// A repeat of a closing PUT whose answer was lost: the chunks are gone, and the blob is there.
				if (!(await blobs.has(repo, digest)))
					throw new OciError('DIGEST_INVALID', {expected: digest, reason: 'the upload has no bytes, or lost them'});
			}
		},

		async cancel(repo: RepositoryName, upload: UploadId): Promise<void> {
			assertAlive(upload);
			const all = await chunks.list(repo, upload);
			// The marker first: a chunk that arrives meanwhile belongs to an upload that is already unknown.
			await store.write(keys.cancelledUpload(repo, upload), new Uint8Array());
			await chunks.remove(all);
		},
	};
};

/** `size`: bytes that the upload has. */
type Added = {size: number; all: readonly StoredChunk[]};

const hourMs = 3_600_000;

const isFirst = ({first, range}: Chunk): boolean => first === true && (range?.start ?? 0) === 0;

/** What Content-Range and Content-Length promise. Throws SIZE_INVALID when they disagree. */
const promisedSize = ({size, range}: Chunk): number | undefined => {
	const ofRange = range && range.end - range.start + 1;
	if (size !== undefined && ofRange !== undefined && size !== ofRange)
		throw new OciError('SIZE_INVALID', {contentRange: ofRange, contentLength: size});
	return size ?? ofRange;
};

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

/** The digest of the only chunk, where it was computed while the chunk came in, by the same algorithm. */
const knownDigest = ([first, ...rest]: readonly StoredChunk[], like: Digest): Digest | undefined =>
	first?.digest && rest.length === 0 && digestAlgorithm(first.digest) === digestAlgorithm(like) ? first.digest : undefined;

const digestOfChunks = async (chunks: Chunks, parts: readonly StoredChunk[], like: Digest): Promise<Digest> => {
	const hash = createHash(digestAlgorithm(like));
	for await (const bytes of chunks.read(parts)) hash.update(bytes);
	return formatDigest(digestAlgorithm(like), hash.digest('hex'));
};
