/** Guards what is relied on: before anyone is told that an object is there, or writes what names it, its tombstone is looked at, and it is rescued. */
import {LRUCache} from 'lru-cache';
import {OciError, type RepositoryName} from 'oci-spec-types';
import {createFlights} from '../lib/flights.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {condemnedKey, keys} from './keys.ts';
import type {Lifetimes} from './lifetimes.ts';
import {createTombstones, type Tombstone, type Tombstones} from './tombstones.ts';

export type Guard = {
	/**
	 * No collector removes these objects for the next half of a quarantine; before it is told so, whoever finds one that is being deleted waits until
	 * that is over. That they are there at all this does not say: what is remembered of those that are `doubtful` is worth nothing.
	 */
	secure(repo: RepositoryName, keys: readonly string[], occasion: Occasion): Promise<Secured>;
	/** Something of this repository is about to be secured: looks by then. */
	lookAhead(repo: RepositoryName): void;
	/** So much time has passed that it must be secured again before anyone relies on it. */
	isOver(secured: Secured): boolean;
	/** Has objects removed that a client wants gone, whatever keeps them. Throws UNAVAILABLE where others kept one of them busy. */
	remove(repo: RepositoryName, keys: readonly string[]): Promise<void>;
};

/** `at` in milliseconds of `elapsed`. */
export type Secured = {doubtful: ReadonlySet<string>; at: number};

/** On which occasion an object is relied on: a client is told that it is there, or something is written. */
export type Occasion = 'head' | 'blob' | 'mount' | 'manifest' | 'tag' | 'derived';

export type GuardOptions = {
	lifetimes: Pick<Lifetimes, 'tombstoneListMs'>;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	wait: (ms: number) => Promise<unknown>;
	/** Something that was condemned is kept. */
	onRescued?: (facts: {repo: RepositoryName; key: string; occasion: Occasion}) => void;
};

export const createGuard = (store: ObjectStore, tombstones: Tombstones, options: GuardOptions): Guard => {
	const {elapsed, wait, onRescued = () => {}} = options;
	const {tombstoneListMs} = options.lifetimes;
	const aging = {ttl: tombstoneListMs, perf: {now: elapsed}, ttlResolution: 0};
	const listings = new LRUCache<RepositoryName, Listing>({...aging, maxSize: rememberedKeys, sizeCalculation: ({keys}) => 1 + keys.size});
	const flights = createFlights<Listing>();
	/** Looked at one by one, and not condemned: the same as being missing in a listing. */
	const cleared = new LRUCache<string, true>({...aging, maxSize: rememberedKeys, sizeCalculation: () => 1});

	const list = async (repo: RepositoryName): Promise<Listing> => {
		const known = listings.get(repo);
		if (known) return known;
		const startedAt = elapsed();
		const listing = await flights.ask(
			repo,
			async () => readListing(store, repo),
			found => void listings.set(repo, found, {start: startedAt}),
		);
		return listing ?? {keys: new Set(), isWhole: false};
	};

	/** Whether it is doubtful. */
	const settle = async (repo: RepositoryName, key: string, occasion: Occasion): Promise<boolean> => {
		for (;;) {
			const askedAt = elapsed();
			const found = await tombstones.read(repo, key);
			if (!found || found.state === 'free' || found.state === 'rescued') {
				const doubtful = found?.state === 'rescued' && found.doubtful;
				if (!doubtful) cleared.set(key, true, {start: askedAt});
				return doubtful;
			}
			if (await mustWait(found)) continue;
			const rescued = await tombstones.rescue(repo, found);
			if (!rescued) continue;
			onRescued({repo, key, occasion});
			if (!rescued.doubtful) cleared.set(key, true, {start: askedAt});
			return rescued.doubtful;
		}
	};

	/** A removal that was begun is not taken back, but it expires. */
	const mustWait = async (found: Tombstone & {answeredAt: Date}): Promise<boolean> => {
		const leftMs = found.state === 'deleting' ? tombstones.windowEnd(found) - found.answeredAt.getTime() : -1;
		if (leftMs < 0) return false;
		await wait(leftMs + 1);
		return true;
	};

	return {
		async secure(repo, wanted, occasion) {
			const at = elapsed();
			const listing = await list(repo);
			const suspects = [...new Set(wanted)].filter(key => (!listing.isWhole || listing.keys.has(key)) && !cleared.has(key));
			const answers = await mapParallel(suspects, requestsAtOnce, async key => [key, await settle(repo, key, occasion)] as const);
			return {doubtful: new Set(answers.flatMap(([key, doubtful]) => (doubtful ? [key] : []))), at};
		},

		lookAhead(repo) {
			// Whoever secures next joins it, and hears of its failure.
			list(repo).catch(() => undefined);
		},

		isOver: ({at}) => elapsed() - at > tombstoneListMs,

		async remove(repo, unwanted) {
			// Here it is known at once that they are going; another server may believe for a while that they are there.
			flights.drop(repo);
			for (const key of unwanted) {
				cleared.delete(key);
				listings.get(repo)?.keys.add(key);
			}
			await mapParallel(unwanted, requestsAtOnce, async key => {
				if (await tombstones.deleteNow(repo, key, wait)) return;
				throw new OciError('UNAVAILABLE', {key}, {message: 'others are busy with what is to be deleted: try again in a while'});
			});
		},
	};
};

/** Both, for all that a process does on one store: what one part of it deletes, the others know at once. */
export const createTombstonesAndGuard = (store: ObjectStore, options: Omit<GuardOptions, 'lifetimes'> & {lifetimes: Lifetimes}) => {
	const tombstones = createTombstones(store, options);
	return {tombstones, guard: createGuard(store, tombstones, options)};
};

/** `keys` of objects that have a tombstone; not `isWhole` where there are more. */
type Listing = {keys: Set<string>; isWhole: boolean};

const readListing = async (store: ObjectStore, repo: RepositoryName): Promise<Listing> => {
	const found = new Set<string>();
	for await (const entry of store.list(keys.condemnedOf(repo), {limit: maxListed}))
		if ('key' in entry) found.add(condemnedKey(repo, entry.key));
	return {keys: found, isWhole: found.size < maxListed};
};

// Two pages of S3's. Where more is condemned, tombstones are asked for one at a time.
const maxListed = 2_000;
const rememberedKeys = 100_000;
const requestsAtOnce = 16;
