/** The usage documents in the store: which are there, which of them count, and what is in them, read again only where it has changed. */
import {readAll} from '../lib/bytes.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import {keys} from '../registry/keys.ts';
import type {ListedObject, ObjectStore} from '../storage/objectStore.ts';
import {parseDocument, type UsageDocument} from './document.ts';
import type {Period} from './ledger.ts';
import {parseName, type SetPart} from './names.ts';

export type ListedDocument = {name: string; period: Period; setPart?: SetPart; row: ListedObject};
/** `document` is undefined where it cannot be read: it is damaged, or was written by a later version. */
export type LoadedDocument = ListedDocument & {document: UsageDocument | undefined};

export type ShelfOptions = {
	/** Once for each version of a document that cannot be read. */
	onDamaged(key: string, error: unknown): void;
};

export type Shelf = ReturnType<typeof createShelf>;

export const createShelf = (store: ObjectStore, options: ShelfOptions) => {
	let known = new Map<string, LoadedDocument>();

	return {
		/** All that count. */
		async look(): Promise<readonly LoadedDocument[]> {
			for (let attempt = 0; attempt < maxAttempts; attempt++) {
				const listed = await listDocuments(store);
				const loaded = await mapParallel(listed, readsAtOnce, async document => {
					const last = known.get(document.name);
					return last?.row.etag === document.row.etag ? last : loadDocument(store, document, options);
				});
				const present = loaded.filter(document => document !== undefined);
				// What is gone has become part of another, which this listing may not have.
				if (present.length < listed.length) continue;
				known = new Map(present.map(document => [document.name, document]));
				return sortOut(present).counting;
			}
			throw new Error(`the documents below ${keys.usage} change faster than they can be read`);
		},
	};
};

export const listDocuments = async (store: ObjectStore): Promise<ListedDocument[]> => {
	const rows = await Array.fromAsync(store.list(keys.usage));
	return rows.flatMap(row => {
		if (!('key' in row)) return [];
		const name = row.key.slice(keys.usage.length);
		const parsed = parseName(name);
		return parsed ? [{name, row, ...parsed}] : [];
	});
};

/** Undefined where it is gone. */
export const loadDocument = async (
	store: ObjectStore,
	listed: ListedDocument,
	{onDamaged}: ShelfOptions,
): Promise<LoadedDocument | undefined> => {
	const object = await store.read(listed.row.key);
	if (!object) return undefined;
	const text = (await readAll(object.body)).toString();
	const row = {...listed.row, etag: object.facts.etag};
	try {
		return {...listed, row, document: parseDocument(text)};
	} catch (error) {
		onDamaged(row.key, error);
		return {...listed, row, document: undefined};
	}
};

/** A document that was put together of others counts once all parts of its set are there, and then in the place of those others. */
export const sortOut = <D extends LoadedDocument>(documents: readonly D[]): {counting: D[]; replaced: D[]; unfinished: D[]} => {
	const parts = Map.groupBy(documents, ({setPart}) => setPart && `${setPart.set} ${setPart.parts}`);
	const isFinished = ({setPart}: D) => !setPart || parts.get(`${setPart.set} ${setPart.parts}`)?.length === setPart.parts;
	const finished = documents.filter(isFinished);
	const replaced = new Set(finished.flatMap(({document}) => document?.replaces ?? []));
	return {
		counting: finished.filter(({name}) => !replaced.has(name)),
		replaced: finished.filter(({name}) => replaced.has(name)),
		unfinished: documents.filter(document => !isFinished(document)),
	};
};

const readsAtOnce = 8;
const maxAttempts = 5;
