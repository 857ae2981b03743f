/** One bucket that BuildKit's `type=s3` has filled: its caches as far as they are there, and their layers. */
import {LRUCache} from 'lru-cache';
import type {ByteRange, Digest} from 'oci-spec-types';
import type {CacheDocument} from '../cache/cacheDocument.ts';
import {CacheInvalid} from '../cache/cacheInvalid.ts';
import {compact} from '../cache/compact.ts';
import {repair} from '../cache/repair.ts';
import {parseTypeS3Cache} from '../cache/typeS3Cache.ts';
import type {S3Cache} from '../config/s3Caches.ts';
import {readAtMost, TooLarge} from '../lib/bytes.ts';
import {createFlights} from '../lib/flights.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {DerivationWay} from '../registry/registry.ts';
import type {ObjectFacts, ObjectStore, StoredObject} from '../storage/objectStore.ts';

/** A cache without what is missing, in a form that BuildKit imports; `ways` tells what that took. `writtenAt` by the bucket's clock. */
export type OldCache = {document: CacheDocument; missing: readonly Digest[]; ways: readonly DerivationWay[]; writtenAt: Date};

export type OldBucket = ReturnType<typeof createOldBucket>;

export type OldBucketOptions = {
	/** For so long it is believed that a layer is there or is not; 0 asks each time. */
	lifetimeMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** How long a presigned URL lives; undefined where none are to be given away. */
	urlLifeSeconds: number | undefined;
	/** BuildKit imports no manifest and no config above this. */
	limitBytes: number;
	/** Something in the bucket is not as it should be; what is served goes without it. */
	onProblem: (facts: {bucket: string; key: string; problem: string}) => void;
};

/** `store` has the bucket's keys as they are. */
export const createOldBucket = (store: ObjectStore, cache: S3Cache, options: OldBucketOptions) => {
	const {lifetimeMs, elapsed, urlLifeSeconds, limitBytes, onProblem} = options;
	// BuildKit joins them so, without a slash of its own (cache/remotecache/s3/s3.go, blobKey and manifestKey).
	const blobKey = (digest: Digest) => `${cache.prefix}${cache.blobsPrefix}${digest}`;
	const manifestKey = (name: string) => `${cache.prefix}${cache.manifestsPrefix}${name}`;

	const sizes = lifetimeMs > 0 ? new LRUCache<Digest, {size: number | undefined}>(aging(lifetimeMs, elapsed, rememberedLayers)) : undefined;
	const parsed = new LRUCache<string, {document: CacheDocument | undefined}>({max: rememberedCaches});

	const reads = createFlights<OldCache>();

	const tell = (key: string, problem: string) => onProblem({bucket: cache.bucket, key, problem});

	const look = async (digest: Digest): Promise<ObjectFacts | undefined> => {
		const start = elapsed();
		const facts = await store.stat(blobKey(digest));
		sizes?.set(digest, {size: facts?.size}, {start});
		return facts;
	};

	/** The sizes of those that are there. */
	const sizesOf = async (digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>> => {
		const unknown = digests.filter(digest => sizes?.get(digest) === undefined);
		const known = digests.flatMap(digest => [[digest, sizes?.get(digest)?.size] as const]);
		const looked = await mapParallel(unknown, requestsAtOnce, async digest => [digest, await look(digest)] as const);
		if (cache.touch) void touch(looked.flatMap(([, facts]) => facts ?? []));
		return new Map([...known, ...looked.map(([digest, facts]) => [digest, facts?.size] as const)].filter(isThere));
	};

	/** Renews the age of layers that are read, for the bucket's rule that expires what is old. Nobody waits for it. */
	const touch = async (facts: readonly ObjectFacts[]): Promise<void> => {
		const old = facts.filter(({modified, answeredAt}) => modified && answeredAt.getTime() - modified.getTime() > touchedAfterMs);
		await mapParallel(old, copiesAtOnce, async ({key}) => {
			await store.copy(key, key).catch(error => tell(key, `cannot be touched: ${error instanceof Error ? error.message : error}`));
		});
	};

	/** What lies at a key, by its ETag: undefined where it is no cache. */
	const read = async (key: string, {etag}: ObjectFacts): Promise<CacheDocument | undefined> => {
		const known = parsed.get(`${etag} ${key}`);
		if (known) return known.document;
		const object = await store.read(key);
		if (!object) return undefined;
		const document = await parse(key, object);
		parsed.set(`${object.facts.etag} ${key}`, {document});
		return document;
	};

	const parse = async (key: string, {body}: StoredObject): Promise<CacheDocument | undefined> => {
		try {
			return parseTypeS3Cache(await readAtMost(body, mostManifestBytes));
		} catch (error) {
			if (!(error instanceof CacheInvalid || error instanceof TooLarge)) throw error;
			tell(key, error.message);
			return undefined;
		}
	};

	const readNow = async (key: string): Promise<OldCache | undefined> => {
		const facts = await store.stat(key);
		const whole = facts && (await read(key, facts));
		if (!whole) return undefined;
		const there = await sizesOf(whole.layers.map(({digest}) => digest));
		const missing = whole.layers.filter(({digest, size}) => there.get(digest) !== size).map(({digest}) => digest);
		const gone = new Set(missing);
		const repaired = repair(whole, digest => gone.has(digest));
		const {document} = compact(repaired, {limitBytes});
		const ways: DerivationWay[] = [
			...(missing.length > 0 ? (['repaired'] as const) : []),
			...(document === repaired ? [] : (['compacted'] as const)),
		];
		return {document, missing, ways, writtenAt: facts.modified ?? facts.answeredAt};
	};

	return {
		sizesOf,
		manifestKey,

		/** Undefined where there is none, or none that BuildKit could read. */
		readCache: (name: string): Promise<OldCache | undefined> =>
			reads.ask(
				name,
				() => readNow(manifestKey(name)),
				() => undefined,
			),

		async hasCache(name: string): Promise<boolean> {
			return (await store.stat(manifestKey(name))) !== undefined;
		},

		/** Throws RangeUnsatisfiable. */
		async open(digest: Digest, range?: ByteRange): Promise<StoredObject | undefined> {
			const object = await store.read(blobKey(digest), range);
			if (!object) sizes?.delete(digest);
			return object;
		},

		async locate(digest: Digest): Promise<URL | undefined> {
			if (urlLifeSeconds === undefined) return undefined;
			return store.presign(blobKey(digest), {method: 'GET', expiresInSeconds: urlLifeSeconds});
		},
	};
};

const isThere = (row: readonly [Digest, number | undefined]): row is readonly [Digest, number] => row[1] !== undefined;

const aging = (ttl: number, now: () => number, max: number) => ({max, ttl, perf: {now}, ttlResolution: 0});

const rememberedLayers = 100_000;
const rememberedCaches = 64;
const mostManifestBytes = 16 * 1024 * 1024;
const requestsAtOnce = 16;
const copiesAtOnce = 4;

// As often as BuildKit does without being told otherwise (`touch_refresh`).
const touchedAfterMs = 24 * 3_600_000;
