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
import {type ObjectFacts, type ObjectStore, octetStream} from '../storage/objectStore.ts';
import {digestOfKey, keys} from './keys.ts';
import type {AcceptedManifest, PushedManifest, StoredManifest} from './registry.ts';
import type {Tags, TagTarget} from './tags.ts';

/** Says of which missing references a manifest is accepted all the same. */
export type ToleratesMissing = (manifest: Manifest, descriptor: Descriptor) => boolean;

export const createManifests = (store: ObjectStore, tags: Tags, toleratesMissing: ToleratesMissing) => {
	const byDigest = async (repo: RepositoryName, digest: Digest): Promise<StoredManifest> => {
		const object = await store.read(keys.manifest(repo, digest));
		if (!object) throw new OciError('MANIFEST_UNKNOWN', {digest});
		const bytes = await readAll(object.body);
		return {digest, mediaType: object.facts.contentType ?? octetStream, bytes};
	};

	return {
		async get(repo: RepositoryName, reference: Reference): Promise<StoredManifest> {
			if (!isTag(reference)) return byDigest(repo, reference);
			const target = await tags.read(repo, reference);
			if (!target) throw new OciError('MANIFEST_UNKNOWN', {tag: reference});
			return byDigest(repo, target.digest);
		},

		async put(repo: RepositoryName, pushed: PushedManifest, as: {digest?: Digest; tags: readonly Tag[]}): Promise<AcceptedManifest> {
			const {bytes} = pushed;
			const digest = digestOf(bytes, as.digest && digestAlgorithm(as.digest));
			if (as.digest && as.digest !== digest) throw new OciError('DIGEST_INVALID', {expected: as.digest, actual: digest});
			const manifest = parseManifest(bytes, pushed.mediaType);
			const missing = await missingReferences(store, repo, manifest, toleratesMissing);

			const target: TagTarget = {digest, mediaType: manifest.mediaType, size: bytes.length};
			const {answeredAt} = await store.write(keys.manifest(repo, digest), bytes, {contentType: manifest.mediaType});
			const subject = subjectOf(manifest);
			if (subject)
				await store.write(keys.referrer(repo, subject.digest, digest), encodeReferrer(manifest, target), {contentType: 'application/json'});
			await mapParallel(as.tags, parallelRequests, tag => tags.point(repo, tag, target, answeredAt));
			return {digest, manifest, subject: subject?.digest, missing};
		},

		async remove(repo: RepositoryName, digest: Digest): Promise<void> {
			const stored = await byDigest(repo, digest);
			// Distribution-spec, "Deleting Manifests": any tag that points at it answers 404 from then on, also if it is pushed again.
			await tags.removeThoseAt(repo, digest);
			const subject = subjectOf(parseManifest(stored.bytes, stored.mediaType));
			await store.remove([...(subject ? [keys.referrer(repo, subject.digest, digest)] : []), keys.manifest(repo, digest)]);
		},

		async *referrers(repo: RepositoryName, subject: Digest, after?: Digest): AsyncGenerator<Descriptor> {
			const rows = store.list(keys.referrers(repo, subject), {after: after && keys.referrer(repo, subject, after)});
			const found = mapInOrder(rows, parallelRequests, async row => ('prefix' in row ? undefined : readReferrer(store, row.key)));
			for await (const descriptor of found) if (descriptor) yield descriptor;
		},
	};
};

const parallelRequests = 16;

/** Throws unless each reference is there, with the size it says; answers those that are missing and may be. */
const missingReferences = async (
	store: ObjectStore,
	repo: RepositoryName,
	manifest: Manifest,
	toleratesMissing: ToleratesMissing,
): Promise<Digest[]> => {
	// BuildKit names a layer once for each result that has it.
	const unique = new Map(
		references(manifest).map(reference => [`${reference.as} ${reference.descriptor.digest} ${reference.descriptor.size}`, reference]),
	);
	const missing = await mapParallel(unique.values(), parallelRequests, async ({descriptor, as}) => {
		const found = await statReference(store, repo, descriptor.digest, as);
		if (!found) return descriptor;
		if (found.size !== descriptor.size) {
			throw new OciError('SIZE_INVALID', {digest: descriptor.digest, inManifest: descriptor.size, stored: found.size});
		}
		return undefined;
	});
	const absent = missing.filter(descriptor => descriptor !== undefined);
	const refused = absent.filter(descriptor => !toleratesMissing(manifest, descriptor));
	if (refused.length > 0) throw missingError(refused);
	return absent.map(({digest}) => digest);
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

const statReference = async (
	store: ObjectStore,
	repo: RepositoryName,
	digest: Digest,
	as: 'blob' | 'manifest' | 'either',
): Promise<ObjectFacts | undefined> => {
	const asBlob = as === 'manifest' ? undefined : await store.stat(keys.blob(repo, digest));
	return asBlob ?? (as === 'blob' ? undefined : store.stat(keys.manifest(repo, digest)));
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
