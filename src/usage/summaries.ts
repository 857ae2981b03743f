/** A ledger as those see it who ask: each ref, each layer, each day, each client. Pure functions. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {Day} from '../lib/days.ts';
import {usesOf} from './gathering.ts';
import {
	addClients,
	addNumbers,
	addRef,
	type ClientNumbers,
	entryOf,
	type LayerNumbers,
	type Ledger,
	layerColumns,
	noLayerNumbers,
	noRefCounters,
	noTotalNumbers,
	type Period,
	type Repositories,
	type RepositoryCounters,
	type TotalNumbers,
	totalColumns,
	unnamed,
} from './ledger.ts';
import type {ClientUsage, DayTotals, LayerUsage, RefUsage, UsageOf} from './usage.ts';

/** Days, and clients, from `since` on. */
export const refsOf = (ledger: Ledger, repo: RepositoryName, since: Day): UsageOf<Tag, RefUsage> => {
	const {sums, days} = summed(ledger, repo, ({refs}) => refs, {none: noRefCounters, add: addRef}, since);
	const any = lastTime(ledger, repo, 'lastUnnamedRef');
	return usageOf(sums, noRefCounters, (tag, {uses}) => {
		const {pushes, imports, fallbacks, lent} = uses;
		const clients = new Map<string, ClientNumbers>();
		const own = days.get(tag) ?? [];
		for (const [, counters] of own) addClients(clients, counters.clients);
		return {
			...{pushes, imports, fallbacks, lent},
			misses: own.reduce((sum, [, counters]) => sum + counters.uses.misses, 0),
			...{lastPushed: dateOf(uses.lastPushed, any), lastImported: dateOf(uses.lastImported, any), lastRead: dateOf(uses.lastRead, any)},
			clients: mostActiveFirst(clients),
			days: own.map(([day, counters]) => ({
				day,
				pushes: counters.uses.pushes,
				imports: counters.uses.imports,
				misses: counters.uses.misses,
				lent: counters.uses.lent,
			})),
		};
	});
};

/** Days from `since` on. */
export const layersOf = (ledger: Ledger, repo: RepositoryName, since: Day): UsageOf<Digest, LayerUsage> => {
	const add = (into: LayerNumbers, from: LayerNumbers) => addNumbers(layerColumns, into, from);
	const {sums, days} = summed(ledger, repo, ({layers}) => layers, {none: noLayerNumbers, add}, since);
	const any = lastTime(ledger, repo, 'lastUnnamedLayer');
	return usageOf(sums, noLayerNumbers, (digest, {fetches, bytes, lastFetched}) => ({
		...{fetches, bytes},
		lastFetched: dateOf(lastFetched, any),
		days: (days.get(digest) ?? []).map(([day, of]) => ({day, fetches: of.fetches, bytes: of.bytes})),
	}));
};

/** Of all repositories in the ledger together, from `since` on. */
export const daysOf = (ledger: Ledger, since: Day): DayTotals[] =>
	daysFrom(ledger, since).flatMap(([day, repositories]) => {
		const totals = noTotalNumbers();
		for (const counters of repositories.values()) addNumbers(totalColumns, totals, counters.totals);
		return isUsed(totals) ? [dayTotals(day, totals)] : [];
	});

/** Of all repositories in the ledger together, from `since` on. */
export const clientsOf = (ledger: Ledger, since: Day): ClientUsage[] => {
	const clients = new Map<string, ClientNumbers>();
	for (const [, repositories] of daysFrom(ledger, since))
		for (const counters of repositories.values()) addClients(clients, counters.clients);
	return mostActiveFirst(clients);
};

type Summing<C> = {none(): C; add(into: C, from: C): void};

/** Over all periods, and by day from `since` on. */
const summed = <K, C>(
	ledger: Ledger,
	repo: RepositoryName,
	pick: (counters: RepositoryCounters) => ReadonlyMap<K, C>,
	{none, add}: Summing<C>,
	since: Day,
): {sums: ReadonlyMap<K, C>; days: ReadonlyMap<K, readonly [Day, C][]>} => {
	const sums = new Map<K, C>();
	const days = new Map<K, [Day, C][]>();
	for (const [period, repositories] of inOrder(ledger)) {
		const counters = repositories.get(repo);
		for (const [key, numbers] of counters ? pick(counters) : []) {
			add(entryOf(sums, key, none), numbers);
			if (period !== 'earlier' && period >= since) entryOf(days, key, (): [Day, C][] => []).push([period, numbers]);
		}
	}
	return {sums, days};
};

const usageOf = <K, C, U>(sums: ReadonlyMap<K, C>, none: () => C, tell: (key: K, sum: C) => U): UsageOf<K, U> => ({
	get: key => tell(key, sums.get(key) ?? none()),
	*entries() {
		for (const [key, sum] of sums) yield [key, tell(key, sum)];
	},
});

/** When this was last so of the repository, or of those without a name; in seconds. */
const lastTime = (ledger: Ledger, repo: RepositoryName, name: 'lastUnnamedRef' | 'lastUnnamedLayer'): number =>
	Math.max(0, ...[...ledger.values()].flatMap(of => [of.get(repo)?.totals[name] ?? 0, of.get(unnamed)?.totals[name] ?? 0]));

/** The later of two times. */
const dateOf = (...seconds: readonly number[]): Date | undefined => {
	const last = Math.max(...seconds);
	return last > 0 ? new Date(last * 1000) : undefined;
};

const isUsed = ({lastUnnamedRef: _, lastUnnamedLayer: __, ...counts}: TotalNumbers) => Object.values(counts).some(count => count > 0);

const dayTotals = (day: Day, totals: TotalNumbers): DayTotals => {
	const {pushes, imports, fallbacks, misses, fetches, redirectedBytes, streamedBytes, redirectedPushBytes, streamedPushBytes} = totals;
	return {
		...{day, pushes, imports, fallbacks, importMisses: misses, fetches},
		...{fetchedBytes: redirectedBytes + streamedBytes, redirectedBytes, streamedBytes},
		...{pushedBytes: redirectedPushBytes + streamedPushBytes, redirectedPushBytes},
	};
};

const mostActiveFirst = (clients: ReadonlyMap<string, ClientNumbers>): ClientUsage[] =>
	[...clients]
		.sort(([aName, a], [bName, b]) => usesOf(b) - usesOf(a) || (aName < bName ? -1 : 1))
		.map(([client, {lastSeen, ...counts}]) => ({client, ...counts, lastSeen: new Date(lastSeen * 1000)}));

const daysFrom = (ledger: Ledger, since: Day): [Day, Repositories][] =>
	inOrder(ledger).flatMap(([period, repositories]): [Day, Repositories][] =>
		period !== 'earlier' && period >= since ? [[period, repositories]] : [],
	);

/** `earlier` comes after the days; nothing depends on it. */
const inOrder = (ledger: Ledger): [Period, Repositories][] => [...ledger].sort(([a], [b]) => (a < b ? -1 : 1));
