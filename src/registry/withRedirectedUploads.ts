/** A registry that sends clients to the store with their uploads for as long as it is trusted, and notices when one never arrives. */
import {LRUCache} from 'lru-cache';
import {type Digest, OciError, type RepositoryName} from 'oci-spec-types';
import type {Registry} from './registry.ts';
import type {UploadTrust} from './uploadTrust.ts';

export const withRedirectedUploads = (inner: Registry, trust: UploadTrust): Registry => {
	/** Those that were given a URL; nothing tells us when such an upload ends. */
	const sent = new LRUCache<string, true>({max: rememberedUploads});
	const nameOf = (repo: RepositoryName, digest: Digest) => `${repo}@${digest}`;

	/** A client pushes a manifest when the store has told it that it has everything. */
	const notice = (repo: RepositoryName, missing: readonly Digest[]) => {
		const lost = missing.map(digest => nameOf(repo, digest)).filter(name => sent.delete(name));
		if (lost.length > 0) trust.doubt();
	};

	return {
		...inner,

		async locateUpload(repo, upload, digest, size) {
			return trust.verdict().redirect ? inner.locateUpload(repo, upload, digest, size) : undefined;
		},

		expectUpload(repo, digest) {
			inner.expectUpload(repo, digest);
			sent.set(nameOf(repo, digest), true);
		},

		async putManifest(repo, manifest, as) {
			try {
				const accepted = await inner.putManifest(repo, manifest, as);
				notice(repo, accepted.missing);
				return accepted;
			} catch (error) {
				notice(repo, missingIn(error));
				throw error;
			}
		},
	};
};

const rememberedUploads = 20_000;

/** Those that the refusal of a manifest names. */
const missingIn = (error: unknown): readonly Digest[] => {
	if (!(error instanceof OciError) || error.code !== 'MANIFEST_BLOB_UNKNOWN') return [];
	const {missing = []} = (error.detail ?? {}) as {missing?: readonly {digest: Digest}[]};
	return missing.map(({digest}) => digest);
};
