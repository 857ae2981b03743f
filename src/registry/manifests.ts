/** Manifests: kept byte-exact, accepted only when what they reference is here. */
import {
	annotationsOf,
	artifactTypeOf,
	type Descriptor,
	type Digest,
	descriptorSchema,
	digestAlgorithm,
	digestOf,
	isTag,
	type Manifest,
	OciError,
	parseManifest,
	type Reference,
	type RepositoryName,
	subjectOf,
} from 'oci-spec-types';
import {readAll} from '../lib/bytes.ts';
import {mapInOrder, mapParallel} from '../lib/mapInOrder.ts';
import {type ObjectStore, octetStream} from '../storage/objectStore.ts';
import {createDocumentMemory} from './documentMemory.ts';
import type {Guard} from './guard.ts';
import {digestOfKey, keys} from './keys.ts';
import {createManifestReferences, type ToleratesMissing} from './manifestReferences.ts';
import type {Presence} from './presence.ts';
import type {AcceptedManifest, Asker, PushedAs, PushedManifest, StoredManifest} from './registry.ts';
import type {PointOptions, Tags, TagTarget} from './tags.ts';

export type ManifestsOptions = {
	toleratesMissing: ToleratesMissing;
	guard: Guard;
	/** For so long a manifest that was read is believed to be there; 0 reads it each time. */
	lifetimeMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export const createManifests = (store: ObjectStore, presence: Presence, tags: Tags, options: ManifestsOptions) => {
	const {guard, toleratesMissing} = options;
	const remembered = createDocumentMemory<StoredManifest>(options);

	const find = (repo: RepositoryName, digest: Digest): Promise<StoredManifest | undefined> => {
		const key = keys.manifest(repo, digest);
		return remembered.get(key, () => readManifest(store, key, digest));
	};

	const byDigest = async (repo: RepositoryName, digest: Digest): Promise<StoredManifest> => {
		const manifest = await find(repo, digest);
		if (!manifest) throw new OciError('MANIFEST_UNKNOWN', {digest});
		return manifest;
	};

	const sizeOf = async (repo: RepositoryName, digest: Digest): Promise<number | undefined> => {
		const key = keys.manifest(repo, digest);
		return remembered.peek(key)?.bytes.length ?? (await store.stat(key))?.size;
	};

	const forget = (repo: RepositoryName, digest: Digest) => remembered.forget(keys.manifest(repo, digest));

	const named = createManifestReferences({presence, guard, toleratesMissing, manifests: {find, sizeOf, forget}});

	/** A pusher that finds its manifest there pushes nothing, so all of it has to be there, and to stay. */
	const forPusher = async (repo: RepositoryName, stored: StoredManifest): Promise<StoredManifest> => {
		if (await named.isWhole(repo, stored)) return stored;
		throw new OciError('MANIFEST_UNKNOWN', {digest: stored.digest}, {message: 'some of this manifest was deleted: push it again'});
	};

	const byReference = async (repo: RepositoryName, reference: Reference): Promise<StoredManifest> => {
		if (!isTag(reference)) return byDigest(repo, reference);
		// A pusher looks at the tag when all its layers are up, and sends the manifest next.
		presence.lookAhead(repo);
		const target = await tags.read(repo, reference);
		if (!target) throw new OciError('MANIFEST_UNKNOWN', {tag: reference});
		return byDigest(repo, target.digest);
	};

	/** The manifest, and its descriptor beside it. Answers the store's time. */
	const write = async (
		repo: RepositoryName,
		manifest: Manifest,
		bytes: Uint8Array,
		{digest, mediaType, size}: TagTarget,
	): Promise<Date> => {
		const {answeredAt} = await store.write(keys.manifest(repo, digest), bytes, {contentType: mediaType});
		remembered.set(keys.manifest(repo, digest), {digest, mediaType, bytes});
		const subject = subjectOf(manifest);
		const descriptor = subject && encodeReferrer(manifest, {digest, mediaType, size});
		if (descriptor) await store.write(keys.referrer(repo, subject.digest, digest), descriptor, {contentType: 'application/json'});
		return answeredAt;
	};

	return {
		/** By its key, which may be that of something else. */
		forget: (key: string) => remembered.forget(key),

		async get(repo: RepositoryName, reference: Reference, asker: Asker = 'reader'): Promise<StoredManifest> {
			if (asker === 'pusher') guard.lookAhead(repo);
			const stored = await byReference(repo, reference);
			return asker === 'pusher' ? forPusher(repo, stored) : stored;
		},

		async put(repo: RepositoryName, pushed: PushedManifest, as: PushedAs): Promise<AcceptedManifest> {
			const {bytes} = pushed;
			const digest = digestOf(bytes, as.digest && digestAlgorithm(as.digest));
			if (as.digest && as.digest !== digest) throw new OciError('DIGEST_INVALID', {expected: as.digest, actual: digest});
			const manifest = parseManifest(bytes, pushed.mediaType);
			const target: TagTarget = {digest, mediaType: manifest.mediaType, size: bytes.length};
			const accepted = (missing: readonly Digest[]) => ({digest, manifest, subject: subjectOf(manifest)?.digest, missing});

			let checked = await named.check(repo, digest, manifest);
			const at = await write(repo, manifest, bytes, target);
			/** What was secured too long ago may have been condemned since, and the manifest that should have kept it not seen. */
			const checkAgain = async () => {
				while (guard.isOver(checked.secured)) {
					checked = await named.check(repo, digest, manifest).catch(async error => {
						// A tag must not lead to what is gone: where this push has moved it, it is taken back.
						await mapParallel(as.tags, parallelRequests, tag => tags.takeBack(repo, tag, target, at));
						throw error;
					});
					// It may have gone since it was written, and its tombstone after it.
					await write(repo, manifest, bytes, target);
				}
			};
			const how: PointOptions = {at, isSecured: () => !guard.isOver(checked.secured), unlessProtected: as.unlessProtected};
			await mapParallel(as.tags, parallelRequests, async tag => {
				do await checkAgain();
				while (!(await tags.point(repo, tag, target, how)));
			});
			await checkAgain();
			return accepted(checked.missing);
		},

		async remove(repo: RepositoryName, digest: Digest): Promise<void> {
			// Not from memory: what is forgotten here may have been deleted by another replica, and that is no success.
			const stored = await readManifest(store, keys.manifest(repo, digest), digest);
			if (!stored) throw new OciError('MANIFEST_UNKNOWN', {digest});
			// Distribution-spec, "Deleting Manifests": any tag that points at it answers 404 from then on, also if it is pushed again.
			await tags.removeThoseAt(repo, digest);
			const subject = subjectOf(parseManifest(stored.bytes, stored.mediaType));
			await guard.remove(repo, [...(subject ? [keys.referrer(repo, subject.digest, digest)] : []), keys.manifest(repo, digest)]);
			forget(repo, digest);
		},

		async *referrers(repo: RepositoryName, subject: Digest, after?: Digest): AsyncGenerator<Descriptor> {
			const rows = store.list(keys.referrers(repo, subject), {after: after && keys.referrer(repo, subject, after)});
			const found = mapInOrder(rows, parallelRequests, async row => ('prefix' in row ? undefined : readReferrer(store, row.key)));
			for await (const descriptor of found) if (descriptor) yield descriptor;
		},
	};
};

const parallelRequests = 16;

const readManifest = async (store: ObjectStore, key: string, digest: Digest): Promise<StoredManifest | undefined> => {
	const object = await store.read(key);
	if (!object) return undefined;
	return {digest, mediaType: object.facts.contentType ?? octetStream, bytes: await readAll(object.body)};
};

/** What a listing of referrers says of a manifest (distribution-spec, "Listing Referrers"). */
const encodeReferrer = (manifest: Manifest, {digest, mediaType, size}: TagTarget) =>
	Buffer.from(JSON.stringify({mediaType, digest, size, artifactType: artifactTypeOf(manifest), annotations: annotationsOf(manifest)}));

const readReferrer = async (store: ObjectStore, key: string): Promise<Descriptor | undefined> => {
	const object = await store.read(key);
	if (!object) return undefined;
	const descriptor = descriptorSchema.parse(JSON.parse((await readAll(object.body)).toString()));
	return descriptor.digest === digestOfKey(key) ? descriptor : undefined;
};
