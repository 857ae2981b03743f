/** Puts many usage documents together into few: those of a day that is over, and those of days that are long over. What is read stays the same. */
import {createHash} from 'node:crypto';
import {type Day, dayMs, dayOf, endOfDay} from '../lib/days.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import {keys} from '../registry/keys.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {firstDetailedDay} from './days.ts';
import {addLine, documentType, formatDocument, formatLines} from './document.ts';
import {condensed} from './forgetting.ts';
import type {Ledger, Period} from './ledger.ts';
import {formatSetName} from './names.ts';
import {type ListedDocument, type LoadedDocument, listDocuments, loadDocument, type ShelfOptions, sortOut} from './shelf.ts';

/**
 * To be called now and then by whoever holds the collector's lease; `now` by the store's clock. Where nothing is to be done it costs one LIST. Two at
 * once do no harm: of equal documents both make a set of the same name, with the same bytes. A crash leaves the old documents, or both, of which
 * readers count one; the next call ends what was begun.
 */
export const compactUsage = async (store: ObjectStore, now: Date, options: ShelfOptions): Promise<void> => {
	const today = dayOf(now);
	const since = firstDetailedDay(today);
	const isOver = (day: Day) => endOfDay(day) + settledMs <= now.getTime();
	const old: ListedDocument[] = [];
	for (const [period, documents] of Map.groupBy(await listDocuments(store), ({period}) => period)) {
		if (period === 'earlier' || period < since) old.push(...documents);
		else if (isOver(period) && documents.length > 1) await putTogether(store, now, documents, {...options, period});
	}
	if (old.some(({period}) => period !== 'earlier'))
		await putTogether(store, now, old, {...options, period: 'earlier', change: ledger => condensed(ledger, today)});
};

type Target = ShelfOptions & {period: Period; change?: (ledger: Ledger) => Ledger};

/** What cannot be read stays where it is, for somebody to look at; so does what others are still writing. */
const putTogether = async (store: ObjectStore, now: Date, listed: readonly ListedDocument[], target: Target): Promise<void> => {
	const loaded = await mapParallel(listed, readsAtOnce, document => loadDocument(store, document, target));
	const present = loaded.filter(document => document !== undefined);
	// Somebody else is at it.
	if (present.length < listed.length) return;
	const {counting, replaced, unfinished} = sortOut(present);
	const readable = counting.filter(({document}) => document);
	const done = isOneSetOf(target.period, readable) ? [] : readable;
	if (done.length > 0) await writeSet(store, done, target);
	const abandoned = unfinished.filter(({row}) => row.modified.getTime() + abandonedMs < now.getTime());
	await store.remove([...done, ...replaced, ...abandoned].map(({row}) => row.key));
};

const isOneSetOf = (wanted: Period, documents: readonly ListedDocument[]): boolean =>
	new Set(documents.map(({period, setPart}) => (period === wanted ? setPart?.set : undefined))).size === 1 &&
	documents[0]?.setPart !== undefined;

const writeSet = async (store: ObjectStore, documents: readonly LoadedDocument[], {period, change}: Target): Promise<void> => {
	const ledger: Ledger = new Map();
	for (const {document} of documents) for (const lines of document?.lines.values() ?? []) for (const {text} of lines) addLine(ledger, text);
	const pieces = [...inPieces(formatLines(change ? change(ledger) : ledger))];
	const replaces = documents.map(({name}) => name);
	const since = new Date(Math.min(...documents.map(({document}) => Number(document?.since ?? Number.POSITIVE_INFINITY))));
	for (const [part, lines] of pieces.entries()) {
		const name = formatSetName(period, {set: setNameOf(documents), part, parts: pieces.length});
		await store.write(keys.usageDocument(name), Buffer.from(formatDocument(lines, since, replaces)), {contentType: documentType});
	}
};

/** By what is in it, so that whoever puts the same together makes the same. */
const setNameOf = (documents: readonly ListedDocument[]): string => {
	const versions = documents.map(({name, row}) => `${name} ${row.etag}`).sort();
	return createHash('sha256').update(versions.join('\n')).digest('hex').slice(0, 32);
};

function* inPieces(lines: Iterable<string>): Generator<string[]> {
	let piece: string[] = [];
	let length = 0;
	for (const line of lines) {
		if (length + line.length > pieceCharacters && piece.length > 0) {
			yield piece;
			piece = [];
			length = 0;
		}
		piece.push(line);
		length += line.length;
	}
	// What was forgotten altogether is replaced all the same.
	yield piece;
}

const pieceCharacters = 4 * 1024 * 1024;
const readsAtOnce = 8;

// By then no replica writes to the day any more: it gives up half a day earlier.
const settledMs = dayMs;
// Whoever began a set and has not ended it after so long never will.
const abandonedMs = 3 * dayMs;
