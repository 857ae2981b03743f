/** Small JSON documents that several writers may change at once: read, compare, swap. */
import {randomUUID} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {z} from 'zod';
import {readAll} from '../lib/bytes.ts';
import {type Etag, type ObjectFacts, type ObjectStore, PreconditionFailed, StoreUnavailable} from '../storage/objectStore.ts';

/** `answeredAt` is the store's clock when it was read or written; `modified` is known where it was read. */
export type StoredDocument<T> = {value: T; nonce: string; etag: Etag; modified?: Date | undefined; answeredAt: Date};

/** Reads a document; undefined when there is none. Throws DocumentDamaged when it is no JSON or not of its schema. */
export const readDocument = async <T>(store: ObjectStore, key: string, schema: z.ZodType<T>): Promise<StoredDocument<T> | undefined> => {
	const object = await store.read(key);
	if (!object) return undefined;
	const text = (await readAll(object.body)).toString();
	try {
		const {nonce, ...value} = enveloped.parse(JSON.parse(text));
		const {etag, modified, answeredAt} = object.facts;
		return {value: schema.parse(value), nonce, etag, modified, answeredAt};
	} catch (error) {
		throw new DocumentDamaged(key, {cause: error, facts: object.facts});
	}
};

/** What a writer starts from: `document` is undefined where there was none. */
export type Seen<T> = {document: StoredDocument<T> | undefined};

/**
 * Swaps a document: `change` gets what is there and answers what shall be there instead, or undefined to leave it.
 * It is asked again each time another writer came first. With `seen`, what was read a moment ago, it is not read before
 * the first attempt: if it has changed since, that attempt fails like any other. Answers what is stored in the end.
 */
export const swapDocument = async <T>(
	store: ObjectStore,
	key: string,
	schema: z.ZodType<T>,
	change: (current: T | undefined) => T | undefined,
	seen?: Seen<T>,
): Promise<StoredDocument<T> | undefined> => {
	for (let attempt = 0; attempt < maxAttempts; attempt++) {
		const current = attempt === 0 && seen ? seen.document : await readDocument(store, key, schema);
		const next = change(current?.value);
		// Nothing was written that would have failed on what has changed since.
		if (!next && attempt === 0 && seen) continue;
		if (!next) return current;
		const written = await writeDocument(store, key, schema, next, current?.etag);
		if (written) return written;
		// Writers that lost the same race would meet again at once; spread them out.
		await delay(Math.random() * Math.min(10 * 2 ** attempt, 500));
	}
	throw new StoreUnavailable(`${maxAttempts} attempts to change ${key} each found that another writer had been first`);
};

/** Writes a document in the place of the one with this ETag, or of none. Undefined when another writer was first. */
export const writeDocument = async <T>(
	store: ObjectStore,
	key: string,
	schema: z.ZodType<T>,
	value: T,
	etag: Etag | undefined,
): Promise<StoredDocument<T> | undefined> => {
	const nonce = randomUUID();
	try {
		const stored = await store.write(key, Buffer.from(JSON.stringify({...value, nonce})), {
			contentType: 'application/json',
			...(etag ? {ifMatch: etag} : {ifAbsent: true}),
		});
		return {value, nonce, etag: stored.etag, answeredAt: stored.answeredAt};
	} catch (error) {
		if (!(error instanceof PreconditionFailed || error instanceof StoreUnavailable)) throw error;
		// The answer may have been lost, and a repeat of the same request refused: our nonce there is success.
		const stored = await readDocument(store, key, schema);
		if (stored?.nonce === nonce) return stored;
		if (error instanceof PreconditionFailed) return undefined;
		throw error;
	}
};

/** What lies at `key` is not what layercache writes there. */
export class DocumentDamaged extends Error {
	override readonly name = 'DocumentDamaged';
	/** What the store says of it, where whoever read it may write another in its place. */
	readonly facts: ObjectFacts | undefined;
	constructor(key: string, {facts, ...options}: ErrorOptions & {facts?: ObjectFacts} = {}) {
		super(`the document ${key} cannot be read: it was damaged, or written by something else`, options);
		this.facts = facts;
	}
}

// Each write carries a fresh nonce, so that equal content never has an equal ETag, and a writer knows its own write again.
const enveloped = z.looseObject({nonce: z.string()});

// Sixteen writers of one tag at once, each of whom loses to every other, still come through.
const maxAttempts = 24;
