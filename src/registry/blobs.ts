/** Blobs: each repository keeps its own object, so that its presence is the proof of the upload and the right to read it here. */
import {type ByteRange, type Digest, OciError, type RepositoryName} from 'oci-spec-types';
import {ObjectMissing, type ObjectStore, octetStream, RangeUnsatisfiable} from '../storage/objectStore.ts';
import {keys} from './keys.ts';
import type {BlobContent, BlobFacts, Bytes} from './registry.ts';
import {sized, verified} from './verified.ts';

export type Blobs = ReturnType<typeof createBlobs>;

/** `urlLifeSeconds`: how long a presigned URL lives. */
export const createBlobs = (store: ObjectStore, {urlLifeSeconds}: {urlLifeSeconds: number}) => {
	const stat = async (repo: RepositoryName, digest: Digest): Promise<BlobFacts> => {
		const facts = await store.stat(keys.blob(repo, digest));
		if (!facts) throw new OciError('BLOB_UNKNOWN', {digest});
		return {digest, size: facts.size};
	};
	return {
		stat,

		async read(repo: RepositoryName, digest: Digest, range?: ByteRange): Promise<BlobContent> {
			try {
				const object = await store.read(keys.blob(repo, digest), range);
				if (!object) throw new OciError('BLOB_UNKNOWN', {digest});
				return {digest, size: object.facts.size, range: object.range, body: object.body};
			} catch (error) {
				if (!(error instanceof RangeUnsatisfiable)) throw error;
				throw new OciError('RANGE_INVALID', {digest, size: error.size}, {headers: {'Content-Range': `bytes */${error.size}`}});
			}
		},

		/** For those to whom absence is no error. */
		has: async (repo: RepositoryName, digest: Digest): Promise<boolean> => (await store.stat(keys.blob(repo, digest))) !== undefined,

		locate: (repo: RepositoryName, digest: Digest): Promise<URL | undefined> =>
			store.presign(keys.blob(repo, digest), {method: 'GET', expiresInSeconds: urlLifeSeconds}),

		async put(repo: RepositoryName, digest: Digest, body: Bytes, size?: number): Promise<void> {
			// Unconditionally: the same name means the same bytes, and a push renews the object's age.
			await store.upload(keys.blob(repo, digest), verified(sized(body, size), digest), {
				contentType: octetStream,
				size,
				sha256: digest.startsWith('sha256:') ? digest : undefined,
			});
		},

		async mount(repo: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean> {
			if (!from) return false;
			try {
				await store.copy(keys.blob(from, digest), keys.blob(repo, digest));
				return true;
			} catch (error) {
				if (error instanceof ObjectMissing) return false;
				throw error;
			}
		},

		async remove(repo: RepositoryName, digest: Digest): Promise<void> {
			await stat(repo, digest);
			await store.remove([keys.blob(repo, digest)]);
		},
	};
};
