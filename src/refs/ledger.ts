/** Lets refs go one after another, and tells what each frees: what several share is free when the last of them goes. */

import {inByteOrder} from '../lib/byteOrder.ts';
import type {Removal} from '../registry/removal.ts';
import type {RefSummary, RepositorySummary} from './summaries.ts';

export type LedgerEntry = {
	ref: RefSummary;
	/** Of what it shares with other refs of its repository, the numbers. */
	shared: Uint32Array;
	book: Book;
};

/** What refs of one repository share: bytes of each object, and how many refs still hold it. */
export type Book = {sizes: Float64Array; holders: Uint32Array};

export type Ledger = {
	/** The refs that are there. */
	entries(): readonly LedgerEntry[];
	/** Answers the bytes that nothing holds any more. */
	release(entry: LedgerEntry): number;
	/** What was freed in all. */
	freedBytes(): number;
};

/** Without the refs that `gone` takes. */
export const openLedger = (summaries: readonly RepositorySummary[], gone: readonly Removal[]): Ledger => {
	const entries = new Set(summaries.flatMap(entriesOf));
	let freed = 0;
	const release = (entry: LedgerEntry): number => {
		entries.delete(entry);
		const {ref, shared, book} = entry;
		let bytes = ref.exclusiveBytes;
		for (const object of shared) {
			book.holders[object] = (book.holders[object] as number) - 1;
			if (book.holders[object] === 0) bytes += book.sizes[object] as number;
		}
		freed += bytes;
		return bytes;
	};
	const takenRefs = new Set(gone.filter(({kind}) => kind === 'tag').map(({repo, tag}) => `${repo}:${tag}`));
	if (takenRefs.size > 0) for (const entry of [...entries]) if (takenRefs.has(`${entry.ref.repo}:${entry.ref.tag}`)) release(entry);
	return {entries: () => [...entries], release, freedBytes: () => freed};
};

/** Those that may be let go for room, least recently used first. Where nothing is known of a ref's use it stays. */
export const leastRecentlyUsed = (entries: readonly LedgerEntry[]): readonly LedgerEntry[] =>
	entries.filter(({ref}) => !ref.protectedBy && ref.idleSince).toSorted(byLastUse);

export const byLastUse = ({ref: a}: LedgerEntry, {ref: b}: LedgerEntry): number =>
	a.lastUsed.getTime() - b.lastUsed.getTime() ||
	a.pushedAt.getTime() - b.pushedAt.getTime() ||
	inByteOrder(a.repo, b.repo) ||
	inByteOrder(a.tag, b.tag);

const entriesOf = ({refs, shared: {sizes, ofRefs}}: RepositorySummary): LedgerEntry[] => {
	const holders = new Uint32Array(sizes.length);
	for (const objects of ofRefs) for (const object of objects) holders[object] = (holders[object] as number) + 1;
	const book = {sizes, holders};
	return refs.map((ref, at) => ({ref, shared: ofRefs[at] ?? new Uint32Array(), book}));
};
