/**
 * What was acknowledged and is to be handed over: a document each, which whoever works at it holds by a lease, and which goes when it is done.
 *
 *     handovers/<name>/_<tag>/<alg>-<hex>.<nonce>
 *
 * Each push makes one of its own, so that nobody who removes one removes what somebody else has just put there. Without a tag: `_/`.
 */
import {randomUUID} from 'node:crypto';
import {LRUCache} from 'lru-cache';
import {
	type Digest,
	digestAlgorithm,
	digestHex,
	isTagText,
	parseDigest,
	parseRepositoryName,
	type RepositoryName,
	type Tag,
} from 'oci-spec-types';
import {z} from 'zod';
import {mapInOrder, mapParallel} from '../lib/mapInOrder.ts';
import {createTurns} from '../lib/turns.ts';
import {readDocument, type StoredDocument, swapDocument, writeDocument} from '../registry/documents.ts';
import type {ListedObject, ObjectStore} from '../storage/objectStore.ts';

/** What is to be handed over where the tag's route leads. */
export type HandOverTask = {repo: RepositoryName; tag?: Tag; digest: Digest};

/** By the store's clock. `error`: of the last attempt, as it was told. */
export type WaitingHandOver = HandOverTask & {
	key: string;
	queuedAt: Date;
	attempts: number;
	notBefore?: Date;
	error?: string;
	/** Who works at it now. */
	holder?: string;
	/** Nobody works at it, and it need not wait. */
	isDue: boolean;
};

export type Claim = {
	task: WaitingHandOver;
	/** Says that its holder lives; false where somebody else has taken it since. */
	keep(): Promise<boolean>;
	done(): Promise<void>;
	/** It is tried again after so many milliseconds. */
	failed(error: string, afterMs: number): Promise<void>;
};

export type Queue = ReturnType<typeof createQueue>;

/** `holder`: who this is, for people. */
export const createQueue = (store: ObjectStore, {holder}: {holder: string}) => {
	/** As they were when they were last read: while an upstream is away thousands may wait, and are looked at every few seconds. */
	const known = new LRUCache<string, StoredDocument<Document>>({max: knownDocuments});

	const read = async (key: string) => {
		const document = await readDocument(store, key, schema);
		if (document) known.set(key, document);
		else known.delete(key);
		return document && {document, task: waitingOf(key, document)};
	};

	/** `now`: the store's. */
	const readListed = async ({key, etag, modified}: ListedObject, now: Date): Promise<WaitingHandOver | undefined> => {
		const document = known.get(key);
		return document?.etag === etag ? waitingOf(key, {...document, modified, answeredAt: now}) : (await read(key))?.task;
	};

	return {
		/** It is there when this resolves. Without a tag it goes by its digest alone. */
		async add(repo: RepositoryName, digest: Digest, tags: readonly (Tag | undefined)[]): Promise<void> {
			const queuedAt = (await store.now()).toISOString();
			await mapParallel(tags, requestsAtOnce, async tag => {
				const key = `${prefixOf(repo, tag)}${digestAlgorithm(digest)}-${digestHex(digest)}.${randomUUID()}`;
				await writeDocument(store, key, schema, {queuedAt, attempts: 0}, undefined);
			});
		},

		async has(repo: RepositoryName, tag: Tag, digest: Digest): Promise<boolean> {
			const prefix = `${prefixOf(repo, tag)}${digestAlgorithm(digest)}-${digestHex(digest)}.`;
			for await (const _ of store.list(prefix, {limit: 1})) return true;
			return false;
		},

		/** Manifests of a repository that are still needed here. */
		async digestsOf(repo: RepositoryName): Promise<ReadonlySet<Digest>> {
			const found = new Set<Digest>();
			for await (const entry of store.list(`${handOversPrefix}${repo}/_`)) if ('key' in entry) found.add(parseKey(entry.key).digest);
			return found;
		},

		/** In no order. */
		async *list(): AsyncGenerator<WaitingHandOver> {
			let asked: Promise<Date> | undefined;
			const rows = mapInOrder(store.list(handOversPrefix), requestsAtOnce, async entry => {
				asked ??= store.now();
				return 'key' in entry ? readListed(entry, await asked) : undefined;
			});
			for await (const task of rows) if (task) yield task;
		},

		/** Undefined where it is not due, done, or somebody works at it. */
		async claim(key: string): Promise<Claim | undefined> {
			const found = await read(key);
			if (!found || !isDue(found.document)) return undefined;
			const {queuedAt, attempts, error} = found.document.value;
			let held = await writeDocument(store, key, schema, {queuedAt, attempts: attempts + 1, error, holder}, found.document.etag);
			if (!held) return undefined;
			// One is on its way when the next begins, and is what that has to replace.
			const inTurn = createTurns();
			const swap = (value: Document): Promise<boolean> =>
				inTurn(key, async () => {
					held = held && (await writeDocument(store, key, schema, value, held.etag));
					return held !== undefined;
				});
			return {
				task: {...found.task, attempts: attempts + 1},
				keep: () => swap({queuedAt, attempts: attempts + 1, error, holder}),
				done: () => store.remove([key]),
				async failed(error, afterMs) {
					const notBefore = new Date((await store.now()).getTime() + afterMs).toISOString();
					await swap({queuedAt, attempts: attempts + 1, error, notBefore});
				},
			};
		},

		/** What waits for its next attempt waits no longer. Answers how many. */
		async hasten(wanted: (task: WaitingHandOver) => boolean): Promise<number> {
			let count = 0;
			for await (const {key, ...task} of this.list()) {
				if (task.notBefore === undefined || !wanted({key, ...task})) continue;
				const swapped = await swapDocument(store, key, schema, current => current && {...current, notBefore: undefined});
				if (swapped) count += 1;
			}
			return count;
		},

		/** Nothing becomes of it. */
		drop: (key: string): Promise<void> => store.remove([key]),
	};
};

/** Who works at one has not said for so long that it lives: somebody else begins anew. Two at once do no harm. */
export const handOverLeaseMs = 60_000;

const handOversPrefix = 'handovers/';
const requestsAtOnce = 8;
const knownDocuments = 10_000;

const schema = z.object({
	queuedAt: z.iso.datetime(),
	attempts: z.int().nonnegative(),
	notBefore: z.iso.datetime().optional(),
	error: z.string().optional(),
	holder: z.string().optional(),
});
type Document = z.infer<typeof schema>;

const prefixOf = (repo: RepositoryName, tag: Tag | undefined): string => `${handOversPrefix}${repo}/_${tag ?? ''}/`;

const parseKey = (key: string): HandOverTask => {
	const [name = '', rest = ''] = key.slice(handOversPrefix.length).split('/_', 2);
	const [tag = '', digest = ''] = rest.split('/', 2);
	return {
		repo: parseRepositoryName(name),
		...(isTagText(tag) && {tag}),
		digest: parseDigest(digest.slice(0, digest.indexOf('.')).replace('-', ':')),
	};
};

const waitingOf = (key: string, document: StoredDocument<Document>): WaitingHandOver => {
	const {queuedAt, attempts, notBefore, error, holder} = document.value;
	return {
		...parseKey(key),
		key,
		queuedAt: new Date(queuedAt),
		attempts,
		...(notBefore && {notBefore: new Date(notBefore)}),
		...(error && {error}),
		...(holder && !isExpired(document) && {holder}),
		isDue: isDue(document),
	};
};

const isDue = (document: StoredDocument<Document>): boolean => {
	const {holder, notBefore} = document.value;
	if (holder !== undefined) return isExpired(document);
	return notBefore === undefined || Date.parse(notBefore) <= document.answeredAt.getTime();
};

const isExpired = ({modified, answeredAt}: StoredDocument<Document>): boolean =>
	answeredAt.getTime() - (modified ?? answeredAt).getTime() > handOverLeaseMs;
