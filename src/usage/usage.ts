/** What the registry knows of how it is used: who writes it down, and who is told. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {Day} from '../lib/days.ts';

/**
 * Hears of what builders do. It costs a request next to nothing, never throws and never waits; what it heard is in the store within a minute.
 * Clients are identities where there are any, else addresses.
 */
export type UsageRecorder = {
	/** An importer was answered. What other tags lent to the answer is in use as much as the tag that was asked for. */
	imported(use: TagUse, from?: Lenders): void;
	/** An importer was told that there is no such tag. */
	missed(use: TagUse): void;
	/** A manifest was pushed to a tag; or with HEAD, somebody who was about to was told what is there, which may be just that. */
	pushed(use: TagUse): void;
	/** Somebody who neither imports nor pushes read a tag, as `docker pull` does. */
	read(repo: RepositoryName, tag: Tag): void;
	/** A layer was sent, or its client to the store. `bytes` are those of the descriptor, of a streamed range its length; 0 where the client had it already. */
	fetched(repo: RepositoryName, digest: Digest, transfer: Transfer): void;
	/** Bytes of a blob were received, or their sender was sent to the store. */
	uploaded(repo: RepositoryName, transfer: Transfer): void;
};

/** HEAD is what builders ask first; what the same client does to the same tag right after it is no second import, nor a second push. */
export type TagUse = {repo: RepositoryName; tag: Tag; client: string; method: 'HEAD' | 'GET' | 'PUT'};
/** `isFallback`: what was asked for has nothing of its own. */
export type Lenders = {tags: readonly Tag[]; isFallback: boolean};
export type Transfer = {client: string; way: 'redirected' | 'streamed'; bytes: number};

/**
 * All replicas together, at most some two minutes old. Counts may miss a crashed replica's last minute. A time may be missing where nothing happened in the
 * last 400 days; apart from that it is never more than a minute earlier than the truth, and may be later.
 */
export type UsageReader = {
	/** What happened before is not known: nothing is idle for longer than since then. Undefined where nothing was ever written down. */
	recordedSince(): Promise<Date | undefined>;
	ref(repo: RepositoryName, tag: Tag): Promise<RefUsage>;
	refs(repo: RepositoryName): Promise<UsageOf<Tag, RefUsage>>;
	layers(repo: RepositoryName): Promise<UsageOf<Digest, LayerUsage>>;
	/** By day, oldest first, without the days on which nothing happened; 400 days at most. */
	totals(since: Day, wanted?: IsWanted): Promise<readonly DayTotals[]>;
	/** Who used these repositories, whoever did most first; 35 days at most. */
	clients(since: Day, wanted?: IsWanted): Promise<readonly ClientUsage[]>;
};

export type IsWanted = (repo: RepositoryName) => boolean;

/** Something that nobody has used has zeros and no times. */
export type UsageOf<K, U> = {get(key: K): U; entries(): IterableIterator<[K, U]>};

export type RefUsage = {
	pushes: number;
	/** Importers that asked for this tag and got a cache. */
	imports: number;
	/** Of these, those that got another tag's, since this one had none. */
	fallbacks: number;
	/** Importers that asked for this tag and got nothing, on the last 35 days. */
	misses: number;
	/** How often an importer of another tag got this one's cache, or a union with it. */
	lent: number;
	lastPushed?: Date;
	/** Answered to an importer, of whatever tag. */
	lastImported?: Date;
	/** Read by anyone else, as `docker pull` does. */
	lastRead?: Date;
	/** Whoever did most first; a few of many, and their counts are what they did at least. */
	clients: readonly ClientUsage[];
	/** The last 35 at most, oldest first. */
	days: readonly {day: Day; pushes: number; imports: number; misses: number; lent: number}[];
};

/** Fetches and bytes are those of a repository; 0 among a ref's clients. */
export type ClientUsage = {
	client: string;
	pushes: number;
	imports: number;
	fetches: number;
	pushedBytes: number;
	fetchedBytes: number;
	lastSeen: Date;
};

export type LayerUsage = {
	fetches: number;
	bytes: number;
	lastFetched?: Date;
	/** The last 35 at most, oldest first. */
	days: readonly {day: Day; fetches: number; bytes: number}[];
};

/** The hit rate is `imports / (imports + importMisses)`. */
export type DayTotals = {
	day: Day;
	pushes: number;
	imports: number;
	/** Of these, those that got another tag's cache. */
	fallbacks: number;
	importMisses: number;
	/** Layers that were sent to builders, and their bytes: by redirect, or through us. */
	fetches: number;
	fetchedBytes: number;
	redirectedBytes: number;
	streamedBytes: number;
	/** Blobs that came from builders, by either way. */
	pushedBytes: number;
	/** Of these, what went straight to the store. */
	redirectedPushBytes: number;
};
