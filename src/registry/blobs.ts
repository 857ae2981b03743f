/** Blobs: each repository keeps its own object, so that its presence is the proof of the upload and the right to read it here. */
import {type ByteRange, type Digest, digestAlgorithm, OciError, type RepositoryName} from 'oci-spec-types';
import {mapParallel} from '../lib/mapInOrder.ts';
import {ObjectMissing, type ObjectStore, octetStream, RangeUnsatisfiable, type StoredPart} from '../storage/objectStore.ts';
import type {Guard, Occasion} from './guard.ts';
import {keys} from './keys.ts';
import type {Presence} from './presence.ts';
import type {Asker, BlobContent, BlobFacts, Bytes, Chunk} from './registry.ts';
import {verified} from './verified.ts';

export type Blobs = ReturnType<typeof createBlobs>;

/** `urlLifeSeconds`: how long a presigned URL lives. */
export const createBlobs = (store: ObjectStore, presence: Presence, guard: Guard, {urlLifeSeconds}: {urlLifeSeconds: number}) => {
	const has = async (repo: RepositoryName, digest: Digest) => (await store.stat(keys.blob(repo, digest))) !== undefined;

	/** Its size. What a pusher is told to be there it does not send, and names in a manifest. */
	const findForPusher = async (repo: RepositoryName, digest: Digest): Promise<number | undefined> => {
		const key = keys.blob(repo, digest);
		const [size, {doubtful}] = await Promise.all([presence.find(repo, digest, 'pusher'), guard.secure(repo, [key], 'head')]);
		if (!doubtful.has(key)) return size;
		presence.removed(repo, digest);
		return presence.find(repo, digest, 'pusher');
	};

	/** `write` answers the size of what it stored. */
	const storeSecured = async (repo: RepositoryName, digest: Digest, occasion: Occasion, write: () => Promise<number>): Promise<void> => {
		const key = keys.blob(repo, digest);
		const secured = await guard.secure(repo, [key], occasion);
		const size = await write();
		if (guard.isOver(secured)) {
			// It took so long that the object, or the one before it, which nobody kept, may have been condemned meanwhile, and be gone.
			await guard.secure(repo, [key], occasion);
			if (!(await has(repo, digest)))
				throw new OciError('UNAVAILABLE', {digest}, {message: 'this blob was deleted while it was sent: send it again'});
		}
		presence.added(repo, digest, size);
	};

	return {
		async stat(repo: RepositoryName, digest: Digest, asker: Asker = 'reader'): Promise<BlobFacts> {
			const size = asker === 'pusher' ? await findForPusher(repo, digest) : await presence.find(repo, digest, asker);
			if (size === undefined) throw new OciError('BLOB_UNKNOWN', {digest});
			return {digest, size};
		},

		async statAll(repo: RepositoryName, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>> {
			const sizes = new Map(await presence.findAll(repo, digests));
			const absent = digests.filter(digest => !sizes.has(digest));
			// A layer that is said to be gone is dropped from a cache: on the word of a listing alone that would be rash.
			await mapParallel(absent, requestsAtOnce, async digest => {
				const facts = await store.stat(keys.blob(repo, digest));
				if (!facts) return;
				presence.added(repo, digest, facts.size);
				sizes.set(digest, facts.size);
			});
			return sizes;
		},

		async read(repo: RepositoryName, digest: Digest, range?: ByteRange): Promise<BlobContent> {
			try {
				const object = await store.read(keys.blob(repo, digest), range);
				if (!object) {
					presence.missed(repo, digest);
					throw new OciError('BLOB_UNKNOWN', {digest});
				}
				return {digest, size: object.facts.size, range: object.range, body: object.body};
			} catch (error) {
				if (!(error instanceof RangeUnsatisfiable)) throw error;
				throw new OciError('RANGE_INVALID', {digest, size: error.size}, {headers: {'Content-Range': `bytes */${error.size}`}});
			}
		},

		/** For a pusher to whom absence is no error. The store is asked. */
		async has(repo: RepositoryName, digest: Digest): Promise<boolean> {
			await guard.secure(repo, [keys.blob(repo, digest)], 'head');
			return has(repo, digest);
		},

		locate: (repo: RepositoryName, digest: Digest): Promise<URL | undefined> =>
			store.presign(keys.blob(repo, digest), {method: 'GET', expiresInSeconds: urlLifeSeconds}),

		async locateUpload(repo: RepositoryName, digest: Digest, size: number): Promise<URL | undefined> {
			if (digestAlgorithm(digest) !== 'sha256') return undefined;
			await guard.secure(repo, [keys.blob(repo, digest)], 'blob');
			const request = {method: 'PUT', sha256: digest, size, expiresInSeconds: urlLifeSeconds} as const;
			return store.presign(keys.blob(repo, digest), request);
		},

		async put(repo: RepositoryName, digest: Digest, body: Bytes, {size, sender, isGiven}: PutBlobOptions): Promise<void> {
			const options = {contentType: octetStream, size, sha256: digest.startsWith('sha256:') ? digest : undefined, sender, isGiven};
			// Unconditionally: the same name means the same bytes, and a push renews the object's age.
			const write = async () => (await store.upload(keys.blob(repo, digest), verified(body, digest, size), options)).size;
			await storeSecured(repo, digest, 'blob', write);
		},

		/** Joins chunks that are known to be this blob. Throws ObjectMissing. */
		async join(repo: RepositoryName, digest: Digest, chunks: readonly StoredPart[]): Promise<void> {
			const write = async () => (await store.compose(chunks, keys.blob(repo, digest), {contentType: octetStream})).size;
			await storeSecured(repo, digest, 'blob', write);
		},

		async mount(repo: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean> {
			if (!from) return false;
			try {
				await storeSecured(repo, digest, 'mount', async () => (await store.copy(keys.blob(from, digest), keys.blob(repo, digest))).size);
				return true;
			} catch (error) {
				if (error instanceof ObjectMissing) return false;
				throw error;
			}
		},

		async remove(repo: RepositoryName, digest: Digest): Promise<void> {
			if (!(await has(repo, digest))) throw new OciError('BLOB_UNKNOWN', {digest});
			await guard.remove(repo, [keys.blob(repo, digest)]);
			presence.removed(repo, digest);
		},
	};
};

/** As in `Chunk`. */
type PutBlobOptions = Pick<Chunk, 'size' | 'sender' | 'isGiven'>;

const requestsAtOnce = 16;
