/** What all replicas have written down, added up for those who ask. */
import type {RepositoryName} from 'oci-spec-types';
import {dayOf} from '../lib/days.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {firstDetailedDay} from './days.ts';
import {addLine, type LineSubject} from './document.ts';
import {type AnyRepository, countersOf, type Ledger, unnamed} from './ledger.ts';
import {createShelf, type LoadedDocument, type ShelfOptions} from './shelf.ts';
import {clientsOf, daysOf, layersOf, refsOf} from './summaries.ts';
import type {UsageReader} from './usage.ts';

export type ReaderOptions = ShelfOptions & {
	/** Milliseconds since 1970: which days are the last ones. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** For so long nobody looks again. */
	lifetimeMs?: number;
};

export const createUsageReader = (store: ObjectStore, {clock, elapsed, lifetimeMs = 30_000, ...options}: ReaderOptions): UsageReader => {
	const shelf = createShelf(store, options);
	let last: {documents: Promise<readonly LoadedDocument[]>; at: number} | undefined;

	const look = (): Promise<readonly LoadedDocument[]> => {
		const at = elapsed();
		if (last && at - last.at < lifetimeMs) return last.documents;
		const documents = shelf.look();
		last = {documents, at};
		documents.catch(() => {
			if (last?.documents === documents) last = undefined;
		});
		return documents;
	};

	/** What the documents say of these subjects and repositories, and of repositories without a name. */
	const read = async (subjects: readonly LineSubject[], wanted?: (repo: AnyRepository) => boolean): Promise<Ledger> => {
		const ledger: Ledger = new Map();
		for (const {document, row} of await look()) {
			if (!document) tellAnyUse(ledger, row.modified);
			for (const [repo, lines] of document?.lines ?? []) {
				if (wanted && repo !== unnamed && !wanted(repo)) continue;
				for (const {about, text} of lines) if (subjects.includes(about)) addLine(ledger, text);
			}
		}
		return ledger;
	};

	const readOne = (repo: RepositoryName, subject: LineSubject) => read(['totals', subject], name => name === repo);
	const detailedSince = () => firstDetailedDay(dayOf(clock()));

	const reader: UsageReader = {
		async recordedSince() {
			const begun = (await look()).flatMap(({document}) => document?.since.getTime() ?? []);
			return begun.length > 0 ? new Date(Math.min(...begun)) : undefined;
		},
		ref: async (repo, tag) => (await reader.refs(repo)).get(tag),
		refs: async repo => refsOf(await readOne(repo, 'refs'), repo, detailedSince()),
		layers: async repo => layersOf(await readOne(repo, 'layers'), repo, detailedSince()),
		totals: async (since, wanted) => daysOf(await read(['totals'], wanted && named(wanted)), since),
		clients: async (since, wanted) => clientsOf(await read(['clients'], wanted && named(wanted)), since),
	};
	return reader;
};

/** What is not named stays out where only some are wanted. */
const named =
	(wanted: (repo: RepositoryName) => boolean) =>
	(repo: AnyRepository): boolean =>
		repo !== unnamed && wanted(repo);

/** What a document would say that cannot be read, nobody knows: anything may have been used until it was written. */
const tellAnyUse = (ledger: Ledger, until: Date): void => {
	const {totals} = countersOf(ledger, dayOf(until), unnamed);
	const seconds = Math.ceil(until.getTime() / 1000);
	totals.lastUnnamedRef = Math.max(totals.lastUnnamedRef, seconds);
	totals.lastUnnamedLayer = Math.max(totals.lastUnnamedLayer, seconds);
};
