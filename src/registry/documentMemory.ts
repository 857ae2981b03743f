/** Documents that never change, kept in memory for a while, and read once however many ask at the same time. */
import {LRUCache} from 'lru-cache';
import {createFlights} from '../lib/flights.ts';

export type DocumentMemory<T> = {
	/** What is remembered, else what `read` answers; absence is never remembered. */
	get(key: string, read: () => Promise<T | undefined>): Promise<T | undefined>;
	/** What is remembered. */
	peek(key: string): T | undefined;
	set(key: string, document: T): void;
	forget(key: string): void;
};

/** `lifetimeMs` 0 remembers nothing; `elapsed` is milliseconds since some moment, never going back. */
export const createDocumentMemory = <T extends {bytes: Uint8Array}>({
	lifetimeMs,
	elapsed,
}: {
	lifetimeMs: number;
	elapsed: () => number;
}): DocumentMemory<T> => {
	if (lifetimeMs === 0) return {get: (_, read) => read(), peek: () => undefined, set() {}, forget() {}};
	const documents = new LRUCache<string, T>({
		maxSize: rememberedBytes,
		sizeCalculation: ({bytes}, key) => bytes.length + key.length + overheadBytes,
		ttl: lifetimeMs,
		perf: {now: elapsed},
		ttlResolution: 0,
	});
	const reads = createFlights<T>();
	const remember = (key: string, document: T, start?: number) => void documents.set(key, withOwnBytes(document), {start});

	return {
		async get(key, read) {
			const known = documents.get(key);
			if (known) return known;
			const askedAt = elapsed();
			return reads.ask(key, read, document => remember(key, document, askedAt));
		},
		peek: key => documents.get(key),
		set: (key, document) => remember(key, document),
		forget(key) {
			documents.delete(key);
			reads.drop(key);
		},
	};
};

/** What was read lies in memory that it shares with whatever was read beside it, and would keep all of that. */
const withOwnBytes = <T extends {bytes: Uint8Array}>(document: T): T => ({...document, bytes: Uint8Array.from(document.bytes)});

const rememberedBytes = 16 * 1024 * 1024;
const overheadBytes = 256;
