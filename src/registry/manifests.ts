/** Manifests: kept byte-exact, accepted only when what they reference is here. */
import {
	annotationsOf,
	artifactTypeOf,
	type Descriptor,
	type Digest,
	descriptorSchema,
	digestAlgorithm,
	digestOf,
	errorTable,
	isTag,
	type Manifest,
	OciError,
	parseManifest,
	type Reference,
	type RepositoryName,
	references,
	subjectOf,
	type Tag,
} from 'oci-spec-types';
import {readAll} from '../lib/bytes.ts';
import {mapInOrder, mapParallel} from '../lib/mapInOrder.ts';
import {type ObjectStore, octetStream} from '../storage/objectStore.ts';
import {createDocumentMemory} from './documentMemory.ts';
import {digestOfKey, keys} from './keys.ts';
import type {Presence} from './presence.ts';
import type {AcceptedManifest, PushedManifest, StoredManifest} from './registry.ts';
import type {Tags, TagTarget} from './tags.ts';

/** Says of which missing references a manifest is accepted all the same. */
export type ToleratesMissing = (manifest: Manifest, descriptor: Descriptor) => boolean;

export type ManifestsOptions = {
	toleratesMissing: ToleratesMissing;
	/** For so long a manifest that was read is believed to be there; 0 reads it each time. */
	lifetimeMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export const createManifests = (store: ObjectStore, presence: Presence, tags: Tags, options: ManifestsOptions) => {
	const remembered = createDocumentMemory<StoredManifest>(options);

	const byDigest = async (repo: RepositoryName, digest: Digest): Promise<StoredManifest> => {
		const key = keys.manifest(repo, digest);
		const manifest = await remembered.get(key, () => readManifest(store, key, digest));
		if (!manifest) throw new OciError('MANIFEST_UNKNOWN', {digest});
		return manifest;
	};

	/** The sizes of those of these manifests that are there. */
	const sizesOf = async (repo: RepositoryName, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>> => {
		const sizes = await mapParallel(digests, parallelRequests, async digest => {
			const key = keys.manifest(repo, digest);
			return [digest, remembered.peek(key)?.bytes.length ?? (await store.stat(key))?.size] as const;
		});
		return new Map(sizes.filter((row): row is readonly [Digest, number] => row[1] !== undefined));
	};

	/** Throws unless each reference is there, with the size it says; answers those that are missing and may be. */
	const missingReferences = async (repo: RepositoryName, manifest: Manifest): Promise<Digest[]> => {
		const all = references(manifest);
		const named = (...kinds: readonly Kind[]) => [
			...new Set(all.filter(({as}) => kinds.includes(as)).map(({descriptor}) => descriptor.digest)),
		];
		const blobs = await presence.findAll(repo, named('blob', 'either'));
		const manifests = await sizesOf(repo, [...named('manifest'), ...named('either').filter(digest => !blobs.has(digest))]);
		const sizeOf = ({descriptor: {digest}, as}: (typeof all)[number]) =>
			(as === 'manifest' ? undefined : blobs.get(digest)) ?? (as === 'blob' ? undefined : manifests.get(digest));

		for (const reference of all) {
			const stored = sizeOf(reference);
			const {digest, size} = reference.descriptor;
			if (stored !== undefined && stored !== size) throw new OciError('SIZE_INVALID', {digest, inManifest: size, stored});
		}
		// BuildKit names a layer once for each result that has it.
		const absent = new Map(all.filter(reference => sizeOf(reference) === undefined).map(({descriptor}) => [descriptor.digest, descriptor]));
		const refused = [...absent.values()].filter(descriptor => !options.toleratesMissing(manifest, descriptor));
		if (refused.length > 0) throw missingError(refused);
		return [...absent.keys()];
	};

	return {
		async get(repo: RepositoryName, reference: Reference): Promise<StoredManifest> {
			if (!isTag(reference)) return byDigest(repo, reference);
			// A pusher looks at the tag when all its layers are up, and sends the manifest next.
			presence.lookAhead(repo);
			const target = await tags.read(repo, reference);
			if (!target) throw new OciError('MANIFEST_UNKNOWN', {tag: reference});
			return byDigest(repo, target.digest);
		},

		async put(repo: RepositoryName, pushed: PushedManifest, as: {digest?: Digest; tags: readonly Tag[]}): Promise<AcceptedManifest> {
			const {bytes} = pushed;
			const digest = digestOf(bytes, as.digest && digestAlgorithm(as.digest));
			if (as.digest && as.digest !== digest) throw new OciError('DIGEST_INVALID', {expected: as.digest, actual: digest});
			const manifest = parseManifest(bytes, pushed.mediaType);
			const missing = await missingReferences(repo, manifest);

			const target: TagTarget = {digest, mediaType: manifest.mediaType, size: bytes.length};
			const {answeredAt} = await store.write(keys.manifest(repo, digest), bytes, {contentType: manifest.mediaType});
			remembered.set(keys.manifest(repo, digest), {digest, mediaType: manifest.mediaType, bytes});
			const subject = subjectOf(manifest);
			if (subject)
				await store.write(keys.referrer(repo, subject.digest, digest), encodeReferrer(manifest, target), {contentType: 'application/json'});
			await mapParallel(as.tags, parallelRequests, tag => tags.point(repo, tag, target, answeredAt));
			return {digest, manifest, subject: subject?.digest, missing};
		},

		async remove(repo: RepositoryName, digest: Digest): Promise<void> {
			// Not from memory: what is forgotten here may have been deleted by another replica, and that is no success.
			const stored = await readManifest(store, keys.manifest(repo, digest), digest);
			if (!stored) throw new OciError('MANIFEST_UNKNOWN', {digest});
			// Distribution-spec, "Deleting Manifests": any tag that points at it answers 404 from then on, also if it is pushed again.
			await tags.removeThoseAt(repo, digest);
			const subject = subjectOf(parseManifest(stored.bytes, stored.mediaType));
			await store.remove([...(subject ? [keys.referrer(repo, subject.digest, digest)] : []), keys.manifest(repo, digest)]);
			remembered.forget(keys.manifest(repo, digest));
		},

		async *referrers(repo: RepositoryName, subject: Digest, after?: Digest): AsyncGenerator<Descriptor> {
			const rows = store.list(keys.referrers(repo, subject), {after: after && keys.referrer(repo, subject, after)});
			const found = mapInOrder(rows, parallelRequests, async row => ('prefix' in row ? undefined : readReferrer(store, row.key)));
			for await (const descriptor of found) if (descriptor) yield descriptor;
		},
	};
};

const parallelRequests = 16;

type Kind = ReturnType<typeof references>[number]['as'];

const readManifest = async (store: ObjectStore, key: string, digest: Digest): Promise<StoredManifest | undefined> => {
	const object = await store.read(key);
	if (!object) return undefined;
	return {digest, mediaType: object.facts.contentType ?? octetStream, bytes: await readAll(object.body)};
};

// A manifest of 4 MiB names thousands; the first few tell a person what is wrong.
const namedMissing = 10;

const missingError = (missing: readonly Descriptor[]) => {
	const more = Math.max(0, missing.length - namedMissing);
	const detail = {missing: missing.slice(0, namedMissing).map(({digest, mediaType}) => ({digest, mediaType})), ...(more > 0 && {more})};
	// In the message too: BuildKit shows a detail only when it is a string.
	const others = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
	return new OciError('MANIFEST_BLOB_UNKNOWN', detail, {
		message: `${errorTable.MANIFEST_BLOB_UNKNOWN.message}: ${missing[0]?.digest}${others}`,
	});
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
