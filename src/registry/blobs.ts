/** Blobs: each repository keeps its own object, so that its presence is the proof of the upload and the right to read it here. */
import {type ByteRange, type Digest, digestAlgorithm, OciError, type RepositoryName} from 'oci-spec-types';
import {mapParallel} from '../lib/mapInOrder.ts';
import {ObjectMissing, type ObjectStore, octetStream, RangeUnsatisfiable, type StoredPart} from '../storage/objectStore.ts';
import {keys} from './keys.ts';
import type {Presence} from './presence.ts';
import type {Asker, BlobContent, BlobFacts, Bytes} from './registry.ts';
import {verified} from './verified.ts';

export type Blobs = ReturnType<typeof createBlobs>;

/** `urlLifeSeconds`: how long a presigned URL lives. */
export const createBlobs = (store: ObjectStore, presence: Presence, {urlLifeSeconds}: {urlLifeSeconds: number}) => {
	const has = async (repo: RepositoryName, digest: Digest) => (await store.stat(keys.blob(repo, digest))) !== undefined;

	return {
		async stat(repo: RepositoryName, digest: Digest, asker: Asker = 'reader'): Promise<BlobFacts> {
			const size = await presence.find(repo, digest, asker);
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

		/** For those to whom absence is no error. */
		has,

		locate: (repo: RepositoryName, digest: Digest): Promise<URL | undefined> =>
			store.presign(keys.blob(repo, digest), {method: 'GET', expiresInSeconds: urlLifeSeconds}),

		async locateUpload(repo: RepositoryName, digest: Digest, size: number): Promise<URL | undefined> {
			if (digestAlgorithm(digest) !== 'sha256') return undefined;
			const request = {method: 'PUT', sha256: digest, size, expiresInSeconds: urlLifeSeconds} as const;
			return store.presign(keys.blob(repo, digest), request);
		},

		async put(repo: RepositoryName, digest: Digest, body: Bytes, size?: number): Promise<void> {
			// Unconditionally: the same name means the same bytes, and a push renews the object's age.
			const stored = await store.upload(keys.blob(repo, digest), verified(body, digest, size), {
				contentType: octetStream,
				size,
				sha256: digest.startsWith('sha256:') ? digest : undefined,
			});
			presence.added(repo, digest, stored.size);
		},

		/** Joins chunks that are known to be this blob. Throws ObjectMissing. */
		async join(repo: RepositoryName, digest: Digest, chunks: readonly StoredPart[]): Promise<void> {
			const stored = await store.compose(chunks, keys.blob(repo, digest), {contentType: octetStream});
			presence.added(repo, digest, stored.size);
		},

		async mount(repo: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean> {
			if (!from) return false;
			try {
				const stored = await store.copy(keys.blob(from, digest), keys.blob(repo, digest));
				presence.added(repo, digest, stored.size);
				return true;
			} catch (error) {
				if (error instanceof ObjectMissing) return false;
				throw error;
			}
		},

		async remove(repo: RepositoryName, digest: Digest): Promise<void> {
			if (!(await has(repo, digest))) throw new OciError('BLOB_UNKNOWN', {digest});
			await store.remove([keys.blob(repo, digest)]);
			presence.removed(repo, digest);
		},
	};
};

const requestsAtOnce = 16;
