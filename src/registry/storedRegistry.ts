/** The registry that is kept in an ObjectStore. */
import {type Digest, OciError, type RepositoryName, type Tag} from 'oci-spec-types';
import type {ObjectStore} from '../storage/objectStore.ts';
import {createBlobs} from './blobs.ts';
import type {Guard} from './guard.ts';
import {digestOfBlobKey, keys} from './keys.ts';
import type {Lifetimes} from './lifetimes.ts';
import type {ToleratesMissing} from './manifestReferences.ts';
import {createManifests} from './manifests.ts';
import {createPresence} from './presence.ts';
import type {Registry} from './registry.ts';
import {listRepositories, repositoryExists} from './repositories.ts';
import {createTags} from './tags.ts';
import {createUploads} from './uploads.ts';

export type StoredRegistryOptions = {
	/** Milliseconds since 1970; dates the ids of uploads. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** How long a presigned URL of a blob lives. */
	urlLifeSeconds: number;
	lifetimes: Lifetimes;
	guard: Guard;
	/** Which missing references a manifest may have: a cache's layers, says the composition root. */
	toleratesMissing: ToleratesMissing;
};

export type StoredRegistry = Registry & {
	/** An object is deleted, by someone else in this process: what is remembered of it is worth nothing. */
	forget(repo: RepositoryName, key: string): void;
};

export const createStoredRegistry = (store: ObjectStore, options: StoredRegistryOptions): StoredRegistry => {
	const {lifetimes, guard, elapsed, clock} = options;
	const presence = createPresence(store, {lifetimeMs: lifetimes.indexMs, elapsed});
	const blobs = createBlobs(store, presence, guard, options);
	const uploads = createUploads(store, blobs, {clock, longestUploadMs: lifetimes.longestUploadMs});
	const tags = createTags(store, guard);
	const manifests = createManifests(store, presence, tags, {
		lifetimeMs: lifetimes.manifestMs,
		elapsed,
		guard,
		toleratesMissing: options.toleratesMissing,
	});
	return {
		statBlob: blobs.stat,
		statBlobs: blobs.statAll,
		readBlob: blobs.read,
		locateBlob: blobs.locate,
		async locateUpload(repo, upload, digest, size) {
			uploads.assertAlive(upload);
			return blobs.locateUpload(repo, digest, size);
		},
		expectUpload: presence.expect,
		putBlob: (repo, digest, body, size) => blobs.put(repo, digest, body, {size}),
		mountBlob: blobs.mount,
		deleteBlob: blobs.remove,

		startUpload: async () => uploads.start(),
		uploadSize: uploads.size,
		appendUpload: uploads.append,
		finishUpload: uploads.finish,
		cancelUpload: uploads.cancel,

		getManifest: manifests.get,
		putManifest: manifests.put,
		deleteManifest: manifests.remove,
		async deleteTag(repo: RepositoryName, tag: Tag) {
			if (!(await tags.remove(repo, tag))) throw new OciError('MANIFEST_UNKNOWN', {tag});
		},

		async readTag(repo, tag) {
			// As for a read of its manifest: whoever looks at a tag that merges may be about to push to it.
			presence.lookAhead(repo);
			const facts = await tags.facts(repo, tag);
			return facts ? [facts] : [];
		},
		findTags: tags.find,
		async *listTags(repo, {after} = {}) {
			let empty = true;
			for await (const tag of tags.list(repo, after)) {
				empty = false;
				yield tag;
			}
			if (empty && !(await repositoryExists(store, repo))) throw new OciError('NAME_UNKNOWN', {name: repo});
		},
		listReferrers: (repo: RepositoryName, digest: Digest, {after} = {}) => manifests.referrers(repo, digest, after),
		listRepositories: ({after} = {}) => listRepositories(store, after),

		forget(repo, key) {
			const digest = digestOfBlobKey(key);
			if (digest && key === keys.blob(repo, digest)) presence.removed(repo, digest);
			else manifests.forget(key);
		},
	};
};
