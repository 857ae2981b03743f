/** Requests of the distribution API as one union (distribution-spec, "Endpoints"). */
import type {Digest, DigestAlgorithm} from './digests.ts';
import type {Reference, RepositoryName, Tag} from './names.ts';
import type {Page} from './paging.ts';
import type {UploadId} from './uploadIds.ts';

/** What a client asks for. The end-numbers are the spec's. `size`: how many bytes of the upload are there, as the Location said that the client follows. */
export type OciRequest =
	| {kind: 'ping'} // end-1
	| {kind: 'blob.head'; repo: RepositoryName; digest: Digest} // end-2
	| {kind: 'blob.get'; repo: RepositoryName; digest: Digest} // end-2
	| {kind: 'blob.delete'; repo: RepositoryName; digest: Digest} // end-10
	| {kind: 'upload.start'; repo: RepositoryName; algorithm?: DigestAlgorithm} // end-4a, end-4c
	| {kind: 'upload.mount'; repo: RepositoryName; digest: Digest; from?: RepositoryName} // end-11
	| {kind: 'upload.whole'; repo: RepositoryName; digest: Digest} // end-4b
	| {kind: 'upload.append'; repo: RepositoryName; upload: UploadId; size?: number} // end-5
	| {kind: 'upload.finish'; repo: RepositoryName; upload: UploadId; digest: Digest; size?: number} // end-6
	| {kind: 'upload.status'; repo: RepositoryName; upload: UploadId} // end-13
	| {kind: 'upload.cancel'; repo: RepositoryName; upload: UploadId} // end-14
	| {kind: 'manifest.head'; repo: RepositoryName; reference: Reference} // end-3
	| {kind: 'manifest.get'; repo: RepositoryName; reference: Reference} // end-3
	| {kind: 'manifest.put'; repo: RepositoryName; reference: Reference; tags: Tag[]} // end-7a, end-7b: `tags` are all that shall point to it
	| {kind: 'manifest.delete'; repo: RepositoryName; digest: Digest} // end-9
	| {kind: 'tag.delete'; repo: RepositoryName; tag: Tag} // end-9
	| {kind: 'tags.list'; repo: RepositoryName; page: Page} // end-8a, end-8b
	| {kind: 'referrers.list'; repo: RepositoryName; digest: Digest; artifactType?: string; page: Page} // end-12a, end-12b
	| {kind: 'catalog.list'; page: Page}; // CNCF Distribution, "Listing Repositories"

export type OciRequestKind = OciRequest['kind'];
/** The request of one kind, or of several. */
export type RequestOf<K extends OciRequestKind> = Extract<OciRequest, {kind: K}>;
