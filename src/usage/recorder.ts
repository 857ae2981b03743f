/** Counts what one process hears of pushes, imports and fetches. */
import {LRUCache} from 'lru-cache';
import type {RepositoryName, Tag} from 'oci-spec-types';
import {clientOf, type Found, type Gathering} from './gathering.ts';
import type {ClientNumbers, RefCounters, RepositoryCounters} from './ledger.ts';
import type {Notebook} from './notebook.ts';
import type {TagUse, Transfer, UsageRecorder} from './usage.ts';

/** Hears of the same, for the metrics. */
export type UsageObserver = {
	recordImport(outcome: 'hit' | 'miss'): void;
	recordPush(): void;
	recordLayerFetched(way: Transfer['way'], bytes: number): void;
	recordBlobReceived(way: Transfer['way'], bytes: number): void;
};

export const createUsageRecorder = (notebook: Notebook, observer: UsageObserver): UsageRecorder => {
	const looks = new LRUCache<string, number>({max: maxLooks});

	/** Where to count what happens now in a repository, and when that is, in seconds. */
	const heardOf = (repo: RepositoryName, found?: Found): Heard => {
		const at = notebook.now();
		const gathering = notebook.news();
		return {gathering, counters: gathering.repository(repo, at, found), seconds: Math.ceil(at / 1000)};
	};

	/** 1, or 0 where the same client has looked at the same tag for the same reason just before, which was counted. */
	const countOf = (why: 'import' | 'push', {repo, tag, client, method}: TagUse): 0 | 1 => {
		const at = notebook.now();
		const use = `${why} ${client} ${repo}:${tag}`;
		const lookedAt = looks.get(use);
		if (method === 'HEAD') looks.set(use, at);
		else looks.delete(use);
		return method !== 'HEAD' && lookedAt !== undefined && at - lookedAt < oneUseMs ? 0 : 1;
	};

	return {
		imported(use, from) {
			const count = countOf('import', use);
			const fallback = from?.isFallback ? count : 0;
			const heard = heardOf(use.repo);
			const {gathering, counters, seconds} = heard;
			const ref = from?.isFallback ? gathering.ref(counters, use.tag, 'absent') : refOf(heard, use.tag);
			counters.totals.imports += count;
			counters.totals.fallbacks += fallback;
			for (const client of clientsOf(counters, ref, use.client)) {
				client.imports += count;
				client.lastSeen = seconds;
			}
			if (ref) {
				ref.uses.imports += count;
				ref.uses.fallbacks += fallback;
				ref.uses.lastImported = seconds;
			}
			for (const tag of new Set(from?.tags)) {
				const lender = tag === use.tag ? undefined : refOf(heard, tag);
				if (!lender) continue;
				lender.uses.lent += count;
				lender.uses.lastImported = seconds;
			}
			if (count) observer.recordImport('hit');
		},

		missed(use) {
			if (!countOf('import', use)) return;
			const {gathering, counters} = heardOf(use.repo, 'absent');
			counters.totals.misses += 1;
			// What is not there has no last use that could be too old, so it may go without a name.
			const ref = gathering.ref(counters, use.tag, 'absent');
			if (ref) ref.uses.misses += 1;
			observer.recordImport('miss');
		},

		pushed(use) {
			const count = countOf('push', use);
			const heard = heardOf(use.repo);
			const {counters, seconds} = heard;
			const ref = refOf(heard, use.tag);
			counters.totals.pushes += count;
			for (const client of clientsOf(counters, ref, use.client)) {
				client.pushes += count;
				client.lastSeen = seconds;
			}
			if (ref) {
				ref.uses.pushes += count;
				ref.uses.lastPushed = seconds;
			}
			if (count) observer.recordPush();
		},

		read(repo, tag) {
			const heard = heardOf(repo);
			const ref = refOf(heard, tag);
			if (ref) ref.uses.lastRead = heard.seconds;
		},

		fetched(repo, digest, {client: name, way, bytes}) {
			const {gathering, counters, seconds} = heardOf(repo);
			const {totals} = counters;
			totals.fetches += 1;
			if (way === 'redirected') totals.redirectedBytes += bytes;
			else totals.streamedBytes += bytes;
			const client = clientOf(counters.clients, name, maxClientsOfRepository);
			client.fetches += 1;
			client.fetchedBytes += bytes;
			client.lastSeen = seconds;
			const layer = gathering.layer(counters, digest);
			if (layer) {
				layer.fetches += 1;
				layer.bytes += bytes;
				layer.lastFetched = seconds;
			} else totals.lastUnnamedLayer = seconds;
			observer.recordLayerFetched(way, bytes);
		},

		uploaded(repo, {client: name, way, bytes}) {
			const {counters, seconds} = heardOf(repo);
			const {totals} = counters;
			if (way === 'redirected') totals.redirectedPushBytes += bytes;
			else totals.streamedPushBytes += bytes;
			const client = clientOf(counters.clients, name, maxClientsOfRepository);
			client.pushedBytes += bytes;
			client.lastSeen = seconds;
			observer.recordBlobReceived(way, bytes);
		},
	};
};

type Heard = {gathering: Gathering; counters: RepositoryCounters; seconds: number};

/** The numbers of a ref. Where there is no room for it, that it may have been any is written down instead. */
const refOf = ({gathering, counters, seconds}: Heard, tag: Tag): RefCounters | undefined => {
	const known = gathering.ref(counters, tag);
	if (!known) counters.totals.lastUnnamedRef = seconds;
	return known;
};

/** What is known of a client in this repository, and in this ref. */
const clientsOf = (counters: RepositoryCounters, ref: RefCounters | undefined, name: string): ClientNumbers[] => [
	clientOf(counters.clients, name, maxClientsOfRepository),
	...(ref ? [clientOf(ref.clients, name, maxClientsOfRef)] : []),
];

const maxClientsOfRef = 8;
const maxClientsOfRepository = 64;

// BuildKit asks for the manifest within milliseconds of its look; a push that has looked sends its manifest at once.
const oneUseMs = 60_000;
const maxLooks = 4096;
