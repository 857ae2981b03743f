/** Which blobs a repository has, as far as this process knows: one LIST answers what many HEADs would ask. */
import {LRUCache} from 'lru-cache';
import type {Digest, RepositoryName} from 'oci-spec-types';
import {createFlights} from '../lib/flights.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {digestOfBlobKey, keys} from './keys.ts';
import type {Asker} from './registry.ts';

export type PresenceOptions = {
	/** For so long a blob that was seen is believed to be there; 0 asks the store each time. */
	lifetimeMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export type Presence = {
	/** The size of a blob in bytes; undefined where there is none. */
	find(repo: RepositoryName, digest: Digest, asker: Asker): Promise<number | undefined>;
	/** The sizes of those that are there. What is missing in the answer was missing after the question was asked. */
	findAll(repo: RepositoryName, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>>;
	/** A blob was stored. */
	added(repo: RepositoryName, digest: Digest, size: number): void;
	/** A blob was removed, by us. */
	removed(repo: RepositoryName, digest: Digest): void;
	/** A read found nothing, so what was believed is worth nothing; it may come any moment. */
	missed(repo: RepositoryName, digest: Digest): void;
	/** A blob is on its way to the store, past this process. */
	expect(repo: RepositoryName, digest: Digest): void;
	/** Someone is about to ask for all that was expected here: asks the store now, so that the answer is there by then. */
	lookAhead(repo: RepositoryName): void;
};

export const createPresence = (store: ObjectStore, {lifetimeMs, elapsed}: PresenceOptions): Presence => {
	if (lifetimeMs === 0) return withoutMemory(store);
	// A repository is forgotten as a whole: a listing without its rows would make absent what is there.
	const repositories = new LRUCache<RepositoryName, Known>({maxSize: rememberedBlobs, sizeCalculation: weightOf});
	const listingsNow = new Map<RepositoryName, UnderWay[]>();
	const stats = createFlights<number>();
	const believedAbsentMs = Math.min(longestPushMs, lifetimeMs);

	const isOver = (since: number) => elapsed() - since > lifetimeMs;

	const knownSize = (repo: RepositoryName, digest: Digest): number | undefined => {
		const seen = repositories.get(repo)?.sizes.get(digest);
		return seen && !isOver(seen.at) ? seen.size : undefined;
	};

	const change = (repo: RepositoryName, act: (known: Known) => void): void => {
		// Another object, or its new weight would not be counted.
		const known: Known = {sizes: new Map(), expected: new Set(), ...repositories.get(repo)};
		act(known);
		repositories.set(repo, known);
	};

	/** `at`: when the question was asked; no answer is younger than that. */
	const saw = (known: Known, digest: Digest, size: number, at: number): void => {
		// Set anew, so that the first is the one that was seen longest ago.
		known.sizes.delete(digest);
		known.sizes.set(digest, {size, at});
		known.expected.delete(digest);
		if (known.sizes.size <= rememberedOfOne) return;
		const [oldest] = known.sizes.keys();
		if (oldest) known.sizes.delete(oldest);
		known.listing = undefined;
	};

	const currentListing = (repo: RepositoryName): Listing | undefined => {
		const listing = repositories.get(repo)?.listing;
		return listing && !isOver(listing.startedAt) ? listing : undefined;
	};

	const readListing = async (repo: RepositoryName, {startedAt, removed}: Pick<UnderWay, 'startedAt' | 'removed'>): Promise<Answer> => {
		let count = 0;
		const sizes = new Map<Digest, number>();
		for await (const entry of store.list(keys.blobs(repo), {limit: maxListed})) {
			const digest = 'key' in entry ? digestOfBlobKey(entry.key) : undefined;
			count += 1;
			if ('key' in entry && digest) sizes.set(digest, entry.size);
		}
		// What was removed while the answer came is not brought back.
		for (const digest of removed) sizes.delete(digest);
		const listing = {startedAt, isWhole: count < maxListed};
		change(repo, known => {
			known.listing = listing;
			for (const [digest, size] of sizes) saw(known, digest, size, startedAt);
		});
		return {...listing, sizes};
	};

	/** A listing that began at `notBefore` or later. */
	const list = (repo: RepositoryName, notBefore = 0): Promise<Answer> => {
		const running = listingsNow.get(repo) ?? [];
		const newest = running.at(-1);
		if (newest && newest.startedAt >= notBefore) return newest.answer;
		const begun = {startedAt: elapsed(), removed: new Set<Digest>()};
		const answer = readListing(repo, begun).finally(() => {
			const left = (listingsNow.get(repo) ?? []).filter(other => other.answer !== answer);
			if (left.length > 0) listingsNow.set(repo, left);
			else listingsNow.delete(repo);
		});
		listingsNow.set(repo, [...running, {...begun, answer}]);
		return answer;
	};

	const stat = (repo: RepositoryName, digest: Digest): Promise<number | undefined> => {
		const key = keys.blob(repo, digest);
		const askedAt = elapsed();
		return stats.ask(
			key,
			async () => (await store.stat(key))?.size,
			size => change(repo, known => saw(known, digest, size, askedAt)),
		);
	};

	const missed = (repo: RepositoryName, digest: Digest): void => {
		repositories.get(repo)?.sizes.delete(digest);
		stats.drop(keys.blob(repo, digest));
	};

	return {
		missed,
		added: (repo, digest, size) => change(repo, known => saw(known, digest, size, elapsed())),

		async find(repo, digest, asker) {
			const known = knownSize(repo, digest);
			if (known !== undefined) return known;
			const askedAt = elapsed();
			// What is on its way may have arrived since.
			const bearsOld = asker === 'pusher' && !repositories.get(repo)?.expected.has(digest);
			const oldest = bearsOld ? askedAt - believedAbsentMs : askedAt;
			let listing = currentListing(repo);
			if (!listing || (listing.isWhole && bearsOld && listing.startedAt < oldest)) {
				const answer = await list(repo);
				const size = answer.sizes.get(digest);
				if (size !== undefined) return size;
				listing = answer;
			}
			return listing.isWhole && listing.startedAt >= oldest ? undefined : stat(repo, digest);
		},

		async findAll(repo, digests) {
			const askedAt = elapsed();
			const found = new Map<Digest, number>();
			let unknown: readonly Digest[] = digests;
			const take = (sizeOf: (digest: Digest) => number | undefined) => {
				unknown = unknown.filter(digest => {
					const size = sizeOf(digest);
					if (size !== undefined) found.set(digest, size);
					return size === undefined;
				});
			};
			const takeListed = ({sizes}: Answer) => take(digest => sizes.get(digest));

			take(digest => knownSize(repo, digest));
			// Someone looked ahead: most of the answer is on its way.
			const running = listingsNow.get(repo)?.at(-1);
			if (running && unknown.length > 0) takeListed(await running.answer);
			if (unknown.length > fewDigests && currentListing(repo)?.isWhole !== false) {
				const answer = await list(repo, askedAt);
				takeListed(answer);
				if (answer.isWhole) return found;
			}
			const sizes = await mapParallel(unknown, requestsAtOnce, async digest => [digest, await stat(repo, digest)] as const);
			for (const [digest, size] of sizes) if (size !== undefined) found.set(digest, size);
			return found;
		},

		removed(repo, digest) {
			missed(repo, digest);
			for (const {removed} of listingsNow.get(repo) ?? []) removed.add(digest);
		},

		expect(repo, digest) {
			change(repo, ({expected}) => {
				if (expected.size < expectedOfOne) expected.add(digest);
			});
		},

		lookAhead(repo) {
			const known = repositories.get(repo);
			if (!known || known.expected.size === 0 || listingsNow.has(repo)) return;
			// Once for each: what is not there by then may never come.
			known.expected.clear();
			// Whoever asks next joins it, and hears of its failure; if nobody does, nobody minds.
			list(repo).catch(() => undefined);
		},
	};
};

type Known = {
	sizes: Map<Digest, {size: number; at: number}>;
	listing?: Listing | undefined;
	/** What is on its way past this process. */
	expected: Set<Digest>;
};
type Listing = {startedAt: number; isWhole: boolean};
type Answer = Listing & {sizes: ReadonlyMap<Digest, number>};
/** `removed` since it began. */
type UnderWay = {startedAt: number; answer: Promise<Answer>; removed: Set<Digest>};

const weightOf = ({sizes, expected}: Known) => 1 + sizes.size + expected.size;

// Of all repositories together, and of one.
const rememberedBlobs = 100_000;
const rememberedOfOne = 20_000;
const expectedOfOne = 4_096;

// Two pages of S3's. A repository that has more is asked for one blob at a time: a longer listing would cost more than it answers.
const maxListed = 2_000;

// Long enough for the HEADs of one push, and over before anyone wonders why a layer that is there is sent again.
const longestPushMs = 10_000;

// So many HEADs at once are answered no later than one LIST.
const fewDigests = 4;
const requestsAtOnce = 16;

/** For stores that are asked as quickly as memory is. */
const withoutMemory = (store: ObjectStore): Presence => {
	const find = async (repo: RepositoryName, digest: Digest) => (await store.stat(keys.blob(repo, digest)))?.size;
	return {
		find,
		async findAll(repo, digests) {
			const sizes = await mapParallel(digests, requestsAtOnce, async digest => [digest, await find(repo, digest)] as const);
			return new Map(sizes.filter((row): row is readonly [Digest, number] => row[1] !== undefined));
		},
		added() {},
		removed() {},
		missed() {},
		expect() {},
		lookAhead() {},
	};
};
