/** What a process has heard since it last began a document: a ledger with room for so many entries and no more, whatever clients ask for. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import {type Day, dayOf, endOfDay} from '../lib/days.ts';
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
	repository(repo: RepositoryName, at: number, found?: Found): RepositoryCounters;
	/** Undefined where there is no room for one more. */
	ref(counters: RepositoryCounters, tag: Tag, found?: Found): RefCounters | undefined;
	layer(counters: RepositoryCounters, digest: Digest): LayerNumbers | undefined;
	/** Takes in what another one has, whether there is room or not. */
	absorb(other: Gathering): void;
};

/** For names of what is not there, of which a client can think of any number, there is little room: documents full of them would fill the store. */
export type Found = 'there' | 'absent';

/** `maxEntries`: refs, layers and repositories together. */
export const createGathering = (maxEntries: number): Gathering => {
	const ledger: Ledger = new Map();
	let entries = 0;
	let today: {day: Day; endsAt: number} = {day: dayOf(0), endsAt: 0};

	const hasRoom = (found: Found) => entries < (found === 'there' ? maxEntries : maxEntries * absentShare);

	const entry = <K, V>(map: Map<K, V>, key: K, none: () => V, found: Found): V | undefined => {
		const known = map.get(key);
		if (known || !hasRoom(found)) return known;
		entries += 1;
		const fresh = none();
		map.set(key, fresh);
		return fresh;
	};

	return {
		ledger,
		entries: () => entries,

		repository(repo, at, found = 'there') {
			if (at >= today.endsAt) today = {day: dayOf(at), endsAt: endOfDay(dayOf(at))};
			const known = ledger.get(today.day)?.get(repo);
			if (known) return known;
			const isNamed = hasRoom(found);
			if (isNamed) entries += 1;
			return countersOf(ledger, today.day, isNamed ? repo : unnamed);
		},

		ref: ({refs}, tag, found = 'there') => entry(refs, tag, noRefCounters, found),
		layer: ({layers}, digest) => entry(layers, digest, noLayerNumbers, 'there'),

		absorb(other) {
			addLedger(ledger, other.ledger);
			entries += other.entries();
		},
	};
};

// A thousand of a document that takes no more.
const absentShare = 1 / 32;

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
