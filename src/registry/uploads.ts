/** Uploads: a POST stores nothing, every PATCH is stored as one object, the closing PUT joins them into a blob. */
import {createHash, randomBytes} from 'node:crypto';
import {
	createUploadId,
	type Digest,
	digestAlgorithm,
	emptyDigest,
	formatDigest,
	formatUploadRange,
	OciError,
	type RepositoryName,
	type UploadId,
	uploadStartedAt,
} from 'oci-spec-types';
import {type ObjectStore, PreconditionFailed} from '../storage/objectStore.ts';
import type {Blobs} from './blobs.ts';
import {keys, lastPart} from './keys.ts';
import type {Bytes, Chunk, LastChunk} from './registry.ts';
import {sized} from './verified.ts';

/** `clock` in ms since 1970; `longestUploadMs` after its start an upload is unknown. */
export type UploadsOptions = {clock: () => number; longestUploadMs: number};

export const createUploads = (store: ObjectStore, blobs: Blobs, {clock, longestUploadMs}: UploadsOptions) => {
	const assertAlive = (upload: UploadId) => {
		const age = clock() - uploadStartedAt(upload);
		// Another replica's clock may be ahead of ours, though not by an hour.
		if (age > longestUploadMs || age < -hourMs)
			throw new OciError('BLOB_UPLOAD_UNKNOWN', {upload, reason: 'expired, or never started here'});
	};

	const append = async (repo: RepositoryName, upload: UploadId, {body, size, range}: Chunk): Promise<number> => {
		assertAlive(upload);
		const have = end(await storedChunks(store, repo, upload));
		if (range && range.start !== have) throw rangeMismatch(have);
		const promised = range ? range.end - range.start + 1 : size;
		if (size !== undefined && promised !== size) throw new OciError('SIZE_INVALID', {contentRange: promised, contentLength: size});
		const some = await unlessEmpty(body);
		if (!some) return have;
		try {
			const chunk = await store.upload(keys.chunk(repo, upload, have), sized(some, promised), {size: promised, ifAbsent: true});
			return have + chunk.size;
		} catch (error) {
			if (error instanceof PreconditionFailed) throw rangeMismatch(end(await storedChunks(store, repo, upload)));
			throw error;
		}
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
			if (isWhole(last, digest)) return blobs.put(repo, digest, last.body, last.size);

			if (last.size === 0) last.body[Symbol.asyncIterator]().return?.();
			else await append(repo, upload, last);
			const chunks = await storedChunks(store, repo, upload);
			// A repeat of a closing PUT whose answer was lost: the chunks are gone, the blob is there.
			if (chunks.length === 0 && digest !== emptyDigest) return void (await blobs.stat(repo, digest).catch(() => nothingSent(digest)));

			const parts = chunks.map(({key}) => key);
			const actual = await digestOfParts(store, parts, digest);
			if (actual !== digest) {
				await store.remove(parts);
				throw new OciError('DIGEST_INVALID', {expected: digest, actual, size: end(chunks)});
			}
			if (parts.length === 0) await blobs.put(repo, digest, none(), 0);
			else await store.compose(parts, keys.blob(repo, digest), {contentType: 'application/octet-stream'});
			await store.remove(parts);
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

type StoredChunk = {key: string; offset: number; size: number};

const hourMs = 3_600_000;

/** The chunks of an upload in their order. Throws BLOB_UPLOAD_UNKNOWN when it was cancelled. */
const storedChunks = async (store: ObjectStore, repo: RepositoryName, upload: UploadId): Promise<StoredChunk[]> => {
	const chunks: StoredChunk[] = [];
	for await (const entry of store.list(keys.upload(repo, upload))) {
		if ('prefix' in entry) continue;
		if (entry.key === keys.cancelledUpload(repo, upload)) throw new OciError('BLOB_UPLOAD_UNKNOWN', {upload, reason: 'cancelled'});
		const offset = Number(lastPart(entry.key));
		// Appends check their offset, so a gap can only come from a chunk that was deleted behind our back.
		if (offset !== end(chunks)) throw new OciError('BLOB_UPLOAD_UNKNOWN', {upload, reason: `the bytes at ${end(chunks)} are gone`});
		chunks.push({key: entry.key, offset, size: entry.size});
	}
	return chunks;
};

const end = (chunks: readonly StoredChunk[]): number => {
	const last = chunks.at(-1);
	return last ? last.offset + last.size : 0;
};

/** Whether these bytes are all of the blob: the Location said that there are no others, and there is something. */
const isWhole = ({first, size, range}: LastChunk, digest: Digest) =>
	first === true && (range === undefined || range.start === 0) && (size !== 0 || digest === emptyDigest);

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

const nothingSent = (digest: Digest): never => {
	throw new OciError('DIGEST_INVALID', {expected: digest, size: 0, reason: 'the upload has no bytes'});
};

/** `body`, or undefined when it has no bytes. */
const unlessEmpty = async (body: Bytes): Promise<Bytes | undefined> => {
	const iterator = body[Symbol.asyncIterator]();
	let first = await iterator.next();
	while (!first.done && first.value.length === 0) first = await iterator.next();
	return first.done ? undefined : resumed(first.value, iterator);
};

async function* resumed(first: Uint8Array, rest: AsyncIterator<Uint8Array>): Bytes {
	yield first;
	yield* {[Symbol.asyncIterator]: () => rest};
}

async function* none(): Bytes {}

const digestOfParts = async (store: ObjectStore, parts: readonly string[], like: Digest): Promise<Digest> => {
	const hash = createHash(digestAlgorithm(like));
	for (const key of parts) {
		const part = await store.read(key);
		if (!part) throw new OciError('BLOB_UPLOAD_UNKNOWN', {reason: 'a chunk is gone'});
		for await (const bytes of part.body) hash.update(bytes);
	}
	return formatDigest(digestAlgorithm(like), hash.digest('hex'));
};
