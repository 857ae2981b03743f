/** Counts and last times of refs, layers and clients, by day and repository: what a replica gathers and a document holds. Ledgers add up in any order. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {Day} from '../lib/days.ts';

/** Of days that are long over, only the totals are kept by day. */
export type Ledger = Map<Period, Repositories>;
export type Period = Day | 'earlier';
export type Repositories = Map<AnyRepository, RepositoryCounters>;
/** `*` stands for all those for which there was no room. */
export type AnyRepository = RepositoryName | typeof unnamed;
export const unnamed = '*';

export type RepositoryCounters = {
	totals: TotalNumbers;
	clients: Map<string, ClientNumbers>;
	refs: Map<Tag, RefCounters>;
	layers: Map<Digest, LayerNumbers>;
};
export type RefCounters = {uses: RefNumbers; clients: Map<string, ClientNumbers>};

/** Times are whole seconds since 1970, 0 for never. */
export type RefNumbers = ReturnType<typeof noRefNumbers>;
export type LayerNumbers = ReturnType<typeof noLayerNumbers>;
export type ClientNumbers = ReturnType<typeof noClientNumbers>;
export type TotalNumbers = ReturnType<typeof noTotalNumbers>;

/** The names of the numbers in the order in which documents have them: counts, which add up, then times, of which the latest holds. */
export type Columns<N> = {counts: readonly (keyof N & string)[]; times: readonly (keyof N & string)[]};
type Numbers = Record<string, number>;

const noRefNumbers = () => ({pushes: 0, imports: 0, fallbacks: 0, misses: 0, lent: 0, lastPushed: 0, lastImported: 0, lastRead: 0});
export const refColumns: Columns<RefNumbers> = {
	counts: ['pushes', 'imports', 'fallbacks', 'misses', 'lent'],
	times: ['lastPushed', 'lastImported', 'lastRead'],
};

export const noLayerNumbers = () => ({fetches: 0, bytes: 0, lastFetched: 0});
export const layerColumns: Columns<LayerNumbers> = {counts: ['fetches', 'bytes'], times: ['lastFetched']};

export const noClientNumbers = () => ({pushes: 0, imports: 0, fetches: 0, pushedBytes: 0, fetchedBytes: 0, lastSeen: 0});
export const clientColumns: Columns<ClientNumbers> = {
	counts: ['pushes', 'imports', 'fetches', 'pushedBytes', 'fetchedBytes'],
	times: ['lastSeen'],
};

export const noTotalNumbers = () => ({
	...{pushes: 0, imports: 0, fallbacks: 0, misses: 0, fetches: 0},
	...{redirectedBytes: 0, streamedBytes: 0, redirectedPushBytes: 0, streamedPushBytes: 0},
	...{lastUnnamedRef: 0, lastUnnamedLayer: 0},
});
export const totalColumns: Columns<TotalNumbers> = {
	counts: [
		...(['pushes', 'imports', 'fallbacks', 'misses', 'fetches'] as const),
		...(['redirectedBytes', 'streamedBytes', 'redirectedPushBytes', 'streamedPushBytes'] as const),
	],
	// When a ref or layer was last used for which there was no room: it may be any.
	times: ['lastUnnamedRef', 'lastUnnamedLayer'],
};

export const noRefCounters = (): RefCounters => ({uses: noRefNumbers(), clients: new Map()});

const noCounters = (): RepositoryCounters => ({totals: noTotalNumbers(), clients: new Map(), refs: new Map(), layers: new Map()});

export const countersOf = (ledger: Ledger, period: Period, repo: AnyRepository): RepositoryCounters =>
	entryOf(
		entryOf(ledger, period, (): Repositories => new Map()),
		repo,
		noCounters,
	);

/** What is under this key, put there if there was nothing. */
export const entryOf = <K, V>(map: Map<K, V>, key: K, none: () => V): V => {
	const known = map.get(key);
	if (known !== undefined) return known;
	const fresh = none();
	map.set(key, fresh);
	return fresh;
};

/** Adds all of one ledger to another. */
export const addLedger = (into: Ledger, from: Ledger): void => {
	for (const [period, repositories] of from)
		for (const [repo, counters] of repositories) addCounters(countersOf(into, period, repo), counters);
};

const addCounters = (into: RepositoryCounters, {totals, clients, refs, layers}: RepositoryCounters): void => {
	addNumbers(totalColumns, into.totals, totals);
	addClients(into.clients, clients);
	for (const [tag, ref] of refs) addRef(entryOf(into.refs, tag, noRefCounters), ref);
	for (const [digest, layer] of layers) addNumbers(layerColumns, entryOf(into.layers, digest, noLayerNumbers), layer);
};

export const addRef = (into: RefCounters, {uses, clients}: RefCounters): void => {
	addNumbers(refColumns, into.uses, uses);
	addClients(into.clients, clients);
};

export const addClients = (into: Map<string, ClientNumbers>, from: ReadonlyMap<string, ClientNumbers>): void => {
	for (const [name, client] of from) addNumbers(clientColumns, entryOf(into, name, noClientNumbers), client);
};

export const addNumbers = <N extends Numbers>({counts, times}: Columns<N>, into: N, from: Readonly<N>): void => {
	const sums: Numbers = into;
	for (const name of counts) sums[name] = (sums[name] ?? 0) + (from[name] ?? 0);
	for (const name of times) sums[name] = Math.max(sums[name] ?? 0, from[name] ?? 0);
};
