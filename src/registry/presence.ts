/** Which blobs a repository has, as far as this process knows: one LIST answers what many HEADs would ask. */
import {LRUCache} from 'lru-cache';
import type {Digest, RepositoryName} from 'oci-spec-types';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {digestOfBlobKey, keys} from './keys.ts';

export type PresenceOptions = {
	/** For so long a blob that was seen is believed to be there; 0 asks the store each time. */
	lifetimeMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

/** A pusher uploads what it is told is absent, so an answer that is a little old costs it an upload at the worst. Anyone else gives up. */
export type Asker = 'pusher' | 'reader';

export type Presence = {
	/** The size of a blob in bytes; undefined where there is none. */
	find(repo: RepositoryName, digest: Digest, asker: Asker): Promise<number | undefined>;
	/** The sizes of those that are there. What is missing in the answer was missing after the question was asked. */
	findAll(repo: RepositoryName, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>>;
	/** A blob was stored, or seen in the store. */
	added(repo: RepositoryName, digest: Digest, size: number): void;
	removed(repo: RepositoryName, digest: Digest): void;
	/** A blob is on its way to the store, past this process. */
	expect(repo: RepositoryName, digest: Digest): void;
	/** Someone is about to ask for all that was expected here: asks the store now, so that the answer is there by then. */
	lookAhead(repo: RepositoryName): void;
};

export const createPresence = (store: ObjectStore, {lifetimeMs, elapsed}: PresenceOptions): Presence => {
	if (lifetimeMs === 0) return withoutMemory(store);
	const aging = {ttl: lifetimeMs, perf: {now: elapsed}, ttlResolution: 0};
	const sizes = new LRUCache<string, number>({max: rememberedBlobs, ...aging});
	const listings = new LRUCache<RepositoryName, Listing>({max: rememberedRepositories, ...aging});
	const listingNow = new Map<RepositoryName, UnderWay>();
	const statsNow = new Map<string, Promise<number | undefined>>();
	const expected = new LRUCache<RepositoryName, Set<Digest>>({max: rememberedRepositories, ...aging});

	const knownSize = (repo: RepositoryName, digest: Digest) => sizes.get(keys.blob(repo, digest));

	/** `seenAt`: no answer is younger than the question. */
	const saw = (repo: RepositoryName, digest: Digest, size: number, seenAt: number) => {
		sizes.set(keys.blob(repo, digest), size, {start: seenAt});
		expected.get(repo)?.delete(digest);
	};

	const readListing = async (repo: RepositoryName, {startedAt, removed}: Omit<UnderWay, 'listing'>): Promise<Listing> => {
		let count = 0;
		for await (const entry of store.list(keys.blobs(repo), {limit: maxListed})) {
			const digest = 'key' in entry ? digestOfBlobKey(entry.key) : undefined;
			count += 1;
			// What was removed while the answer came is not brought back.
			if ('key' in entry && digest && !removed.has(digest)) saw(repo, digest, entry.size, startedAt);
		}
		const listing = {startedAt, isWhole: count < maxListed};
		listings.set(repo, listing, {start: startedAt});
		return listing;
	};

	/** A listing that began at `notBefore` or later. */
	const list = (repo: RepositoryName, notBefore = 0): Promise<Listing> => {
		const running = listingNow.get(repo);
		if (running && running.startedAt >= notBefore) return running.listing;
		const begun = {startedAt: elapsed(), removed: new Set<Digest>()};
		const listing = readListing(repo, begun).finally(() => {
			if (listingNow.get(repo)?.listing === listing) listingNow.delete(repo);
		});
		listingNow.set(repo, {...begun, listing});
		return listing;
	};

	const askStore = (repo: RepositoryName, digest: Digest): Promise<number | undefined> => {
		const key = keys.blob(repo, digest);
		const askedAt = elapsed();
		const asked = store
			.stat(key)
			.then(facts => {
				if (facts && statsNow.get(key) === asked) saw(repo, digest, facts.size, askedAt);
				return facts?.size;
			})
			.finally(() => {
				if (statsNow.get(key) === asked) statsNow.delete(key);
			});
		statsNow.set(key, asked);
		return asked;
	};

	const stat = async (repo: RepositoryName, digest: Digest): Promise<number | undefined> => {
		const joined = statsNow.get(keys.blob(repo, digest));
		// Absence that someone else is told may be older than this question.
		return (joined && (await joined)) ?? askStore(repo, digest);
	};

	return {
		added: (repo, digest, size) => saw(repo, digest, size, elapsed()),

		async find(repo, digest, asker) {
			const known = knownSize(repo, digest);
			if (known !== undefined) return known;
			const askedAt = elapsed();
			// What is on its way may have arrived since.
			const bearsOld = asker === 'pusher' && !expected.get(repo)?.has(digest);
			const oldest = bearsOld ? askedAt - believedAbsentMs : askedAt;
			let listing = listings.get(repo);
			if (!listing || (listing.isWhole && bearsOld && listing.startedAt < oldest)) {
				listing = await list(repo);
				const found = knownSize(repo, digest);
				if (found !== undefined) return found;
			}
			return listing.isWhole && listing.startedAt >= oldest ? undefined : stat(repo, digest);
		},

		async findAll(repo, digests) {
			const askedAt = elapsed();
			const found = new Map<Digest, number>();
			const look = (digest: Digest, size = knownSize(repo, digest)) => {
				if (size !== undefined) found.set(digest, size);
				return size !== undefined;
			};
			const unknown = digests.filter(digest => !look(digest));
			const mayList = unknown.length > fewDigests && listings.get(repo)?.isWhole !== false;
			const isWhole = mayList && (await list(repo, askedAt)).isWhole;
			const doubtful = mayList ? unknown.filter(digest => !look(digest)) : unknown;
			if (!isWhole) await mapParallel(doubtful, requestsAtOnce, async digest => look(digest, await stat(repo, digest)));
			return found;
		},

		removed(repo, digest) {
			const key = keys.blob(repo, digest);
			sizes.delete(key);
			statsNow.delete(key);
			listingNow.get(repo)?.removed.add(digest);
		},

		expect(repo, digest) {
			const digests = expected.get(repo) ?? new Set();
			expected.set(repo, digests.add(digest));
		},

		lookAhead(repo) {
			if (!expected.get(repo)?.size) return;
			// Whoever asks next joins it, and hears of its failure; if nobody does, nobody minds.
			list(repo, elapsed()).catch(() => undefined);
		},
	};
};

type Listing = {startedAt: number; isWhole: boolean};
/** `removed` since it began. */
type UnderWay = {startedAt: number; listing: Promise<Listing>; removed: Set<Digest>};

const rememberedBlobs = 100_000;
const rememberedRepositories = 2_000;

// Two pages of S3's. A repository that has more is asked for one blob at a time: a longer listing would cost more than it answers.
const maxListed = 2_000;

// Long enough for the HEADs of one push, and over before anyone wonders why a layer that is there is sent again.
const believedAbsentMs = 10_000;

// So many HEADs at once are answered no later than one LIST.
const fewDigests = 4;
const requestsAtOnce = 16;

/** For stores that are asked as quickly as memory is. */
const withoutMemory = (store: ObjectStore): Presence => {
	const find = async (repo: RepositoryName, digest: Digest) => (await store.stat(keys.blob(repo, digest)))?.size;
	return {
		find,
		async findAll(repo, digests) {
			const found = new Map<Digest, number>();
			await mapParallel(digests, requestsAtOnce, async digest => {
				const size = await find(repo, digest);
				if (size !== undefined) found.set(digest, size);
			});
			return found;
		},
		added() {},
		removed() {},
		expect() {},
		lookAhead() {},
	};
};
