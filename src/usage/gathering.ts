/** What a process has heard since it last began a document: a ledger with room for so many entries and no more, whatever clients ask for. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import {type Day, dayOf, endOfDay} from './days.ts';
import {
	addLedger,
	type ClientNumbers,
	countersOf,
	type LayerNumbers,
	type Ledger,
	noClientNumbers,
	noLayerNumbers,
	noRefCounters,
	type RefCounters,
	type RepositoryCounters,
	unnamed,
} from './ledger.ts';

export type Gathering = {
	readonly ledger: Ledger;
	entries(): number;
	/** `at` in milliseconds since 1970, by the store's clock. Where there is no room for one more, all the rest have one set of numbers together. */
	repository(repo: RepositoryName, at: number): RepositoryCounters;
	/** Undefined where there is no room for one more. */
	ref(counters: RepositoryCounters, tag: Tag): RefCounters | undefined;
	layer(counters: RepositoryCounters, digest: Digest): LayerNumbers | undefined;
	/** Takes in what another one has, whether there is room or not. */
	absorb(other: Gathering): void;
};

/** `maxEntries`: refs, layers and repositories together. */
export const createGathering = (maxEntries: number): Gathering => {
	const ledger: Ledger = new Map();
	let entries = 0;
	let today: {day: Day; endsAt: number} = {day: dayOf(0), endsAt: 0};

	const entry = <K, V>(map: Map<K, V>, key: K, none: () => V): V | undefined => {
		const known = map.get(key);
		if (known || entries >= maxEntries) return known;
		entries += 1;
		const fresh = none();
		map.set(key, fresh);
		return fresh;
	};

	return {
		ledger,
		entries: () => entries,

		repository(repo, at) {
			if (at >= today.endsAt) today = {day: dayOf(at), endsAt: endOfDay(dayOf(at))};
			const known = ledger.get(today.day)?.get(repo);
			if (known) return known;
			const hasRoom = entries < maxEntries;
			if (hasRoom) entries += 1;
			return countersOf(ledger, today.day, hasRoom ? repo : unnamed);
		},

		ref: ({refs}, tag) => entry(refs, tag, noRefCounters),
		layer: ({layers}, digest) => entry(layers, digest, noLayerNumbers),

		absorb(other) {
			addLedger(ledger, other.ledger);
			entries += other.entries();
		},
	};
};

/** The numbers of one client; where there are `limit` others, those of whoever did least are given up. */
export const clientOf = (clients: Map<string, ClientNumbers>, name: string, limit: number): ClientNumbers => {
	const known = clients.get(name);
	if (known) return known;
	if (clients.size >= limit) clients.delete(leastActive(clients));
	const fresh = noClientNumbers();
	clients.set(name, fresh);
	return fresh;
};

const leastActive = (clients: ReadonlyMap<string, ClientNumbers>): string => {
	let least = {name: '', uses: Number.POSITIVE_INFINITY};
	for (const [name, client] of clients) {
		const uses = usesOf(client);
		if (uses < least.uses) least = {name, uses};
	}
	return least.name;
};

/** By which clients are compared. */
export const usesOf = ({pushes, imports, fetches}: ClientNumbers): number => pushes + imports + fetches;
