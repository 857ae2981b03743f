/** A registry some of whose repositories are old buckets of BuildKit's `type=s3`: read where they lie, and never written. */
import {type ByteRange, type Digest, isTag, OciError, parseManifest, type RepositoryName, type Tag} from 'oci-spec-types';
import {cacheLayersOf, toManifest} from '../cache/cacheDocument.ts';
import type {S3Cache} from '../config/s3Caches.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import {mergedInOrder} from '../lib/mergedInOrder.ts';
import {newestFirst} from '../registry/newestFirst.ts';
import type {BlobContent, Registry, StoredManifest, TagFacts} from '../registry/registry.ts';
import {unlessUnknown} from '../registry/unlessUnknown.ts';
import {RangeUnsatisfiable} from '../storage/objectStore.ts';
import type {OldBucket, OldCache} from './oldBucket.ts';
import type {OldRepositories, OldRepository} from './oldRepositories.ts';
import {withReadOnlyRepositories} from './withReadOnlyRepositories.ts';

export type OldBucketsOptions = {
	repositories: OldRepositories;
	/** The same one each time for the same entry. */
	bucketOf: (cache: S3Cache) => OldBucket;
	/** Keeps manifests and configs, so that any replica answers what another has just told of, whatever has become of the bucket since. */
	documents: Registry;
	/** Layers are gone. */
	onMissing: (facts: {repo: RepositoryName; tag: Tag; missing: readonly Digest[]}) => void;
};

export const withOldBuckets = (inner: Registry, {repositories, bucketOf, documents, onMissing}: OldBucketsOptions): Registry => {
	const old = repositories.of;
	const bucketsOf = ({caches}: OldRepository) => caches.map(bucketOf);

	const readCache = async (repository: OldRepository, tag: Tag): Promise<OldCache | undefined> => {
		const place = repository.tags.get(tag);
		return place && bucketOf(place.cache).readCache(place.name);
	};

	/** Where these layers lie, those that are there. A bucket is asked only for what those before it have not. */
	const findAll = async (repository: OldRepository, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, Place>> => {
		const found = new Map<Digest, Place>();
		for (const bucket of bucketsOf(repository)) {
			const sizes = await bucket.sizesOf(digests.filter(digest => !found.has(digest)));
			for (const [digest, size] of sizes) found.set(digest, {bucket, size});
		}
		return found;
	};

	const find = async (repository: OldRepository, digest: Digest) => (await findAll(repository, [digest])).get(digest);

	const byTag = async (repo: RepositoryName, repository: OldRepository, tag: Tag): Promise<StoredManifest> => {
		const cache = await readCache(repository, tag);
		if (!cache) throw new OciError('MANIFEST_UNKNOWN', {tag});
		if (cache.missing.length > 0) onMissing({repo, tag, missing: cache.missing});
		const {manifest, mediaType, digest, config, configDescriptor} = toManifest(cache.document);
		const derivation = cache.ways.length > 0 ? {derivation: {ways: cache.ways, sources: []}} : {};
		// As a pusher: what is there is not written again, and has to stay.
		const stored = await documents.getManifest(repo, digest, 'pusher').catch(unlessUnknown);
		if (stored && (await isThere(repo, configDescriptor.digest))) return {...stored, ...derivation};
		await documents.putBlob(repo, configDescriptor.digest, once(config), config.length);
		await documents.putManifest(repo, {bytes: manifest, mediaType}, {digest, tags: []});
		return {digest, mediaType, bytes: manifest, ...derivation};
	};

	const isThere = async (repo: RepositoryName, digest: Digest) => (await documents.statBlobs(repo, [digest])).has(digest);

	/** Throws MANIFEST_UNKNOWN where some of its layers are gone: a build would find out too late. */
	const byDigest = async (repo: RepositoryName, repository: OldRepository, digest: Digest): Promise<StoredManifest> => {
		const stored = await documents.getManifest(repo, digest);
		const layers = cacheLayersOf(parseManifest(stored.bytes, stored.mediaType));
		const found = await findAll(
			repository,
			layers.map(layer => layer.digest),
		);
		const missing = layers.filter(layer => found.get(layer.digest)?.size !== layer.size);
		if (missing.length === 0) return stored;
		throw new OciError('MANIFEST_UNKNOWN', {digest, missing: missing.slice(0, namedMissing).map(layer => layer.digest)});
	};

	const open = async (repository: OldRepository, digest: Digest, range?: ByteRange): Promise<BlobContent | undefined> => {
		const found = await find(repository, digest);
		const object = await found?.bucket.open(digest, range).catch(error => {
			if (!(error instanceof RangeUnsatisfiable)) throw error;
			throw new OciError('RANGE_INVALID', {digest, size: error.size}, {headers: {'Content-Range': `bytes */${error.size}`}});
		});
		return object && {digest, size: object.facts.size, range: object.range, body: object.body};
	};

	const tagsOf = async (repository: OldRepository): Promise<Tag[]> => {
		const found = await mapParallel(repository.tags, requestsAtOnce, async ([tag, {cache, name}]) =>
			(await bucketOf(cache).hasCache(name)) ? [tag] : [],
		);
		return found.flat().sort();
	};

	const factsOf = async (repo: RepositoryName, repository: OldRepository, tag: Tag): Promise<TagFacts[]> => {
		const cache = await readCache(repository, tag);
		return cache ? [{tag, digest: (await byTag(repo, repository, tag)).digest, pushedAt: cache.writtenAt}] : [];
	};

	return {
		...withReadOnlyRepositories(inner, repo => (old(repo) ? readOnly(repo) : undefined)),

		async statBlob(repo, digest, asker) {
			const repository = old(repo);
			if (!repository) return inner.statBlob(repo, digest, asker);
			const size = (await find(repository, digest))?.size;
			return size === undefined ? documents.statBlob(repo, digest, asker) : {digest, size};
		},
		async statBlobs(repo, digests) {
			const repository = old(repo);
			if (!repository) return inner.statBlobs(repo, digests);
			const found = await findAll(repository, digests);
			const rest = await documents.statBlobs(
				repo,
				digests.filter(digest => !found.has(digest)),
			);
			return new Map([...rest, ...[...found].map(([digest, {size}]) => [digest, size] as const)]);
		},
		async readBlob(repo, digest, range) {
			const repository = old(repo);
			if (!repository) return inner.readBlob(repo, digest, range);
			// What is in none of the buckets is the config of a cache.
			return (await open(repository, digest, range)) ?? documents.readBlob(repo, digest, range);
		},
		async locateBlob(repo, digest) {
			const repository = old(repo);
			return repository ? (await find(repository, digest))?.bucket.locate(digest) : inner.locateBlob(repo, digest);
		},

		async getManifest(repo, reference, asker, lends) {
			const repository = old(repo);
			if (!repository) return inner.getManifest(repo, reference, asker, lends);
			return isTag(reference) ? byTag(repo, repository, reference) : byDigest(repo, repository, reference);
		},

		async readTag(repo, tag) {
			const repository = old(repo);
			return repository ? factsOf(repo, repository, tag) : inner.readTag(repo, tag);
		},
		async findTags(repo, wanted) {
			const repository = old(repo);
			if (!repository) return inner.findTags(repo, wanted);
			const tags = [...repository.tags.keys()].filter(tag => tag.startsWith(wanted.prefix) && wanted.matches(tag));
			const found = (await mapParallel(tags, requestsAtOnce, tag => factsOf(repo, repository, tag))).flat();
			return found.toSorted(newestFirst).slice(0, wanted.limit);
		},
		async *listTags(repo, options = {}) {
			const repository = old(repo);
			if (!repository) return yield* inner.listTags(repo, options);
			yield* (await tagsOf(repository)).filter(tag => tag > (options.after ?? ''));
		},
		async *listRepositories(options = {}) {
			const {after} = options;
			const names = repositories.names().filter(name => after === undefined || `${name}/` > `${after}/`);
			const inOrder = names.toSorted((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
			yield* mergedInOrder(inner.listRepositories(options), inOrder, name => `${name}/`);
		},
	};
};

type Place = {bucket: OldBucket; size: number};

const readOnly = (repo: RepositoryName) =>
	new OciError('DENIED', {name: repo}, {message: `${repo} is an old bucket of type=s3, which is only read: export to another repository`});

async function* once(bytes: Uint8Array) {
	yield bytes;
}

const namedMissing = 10;
const requestsAtOnce = 16;
