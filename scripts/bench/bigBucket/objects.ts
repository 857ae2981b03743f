/** The made-up bucket with what has been written to it since: found, changed and listed in time that does not grow with it. */
import {createHash} from 'node:crypto';
import {type Contents, lowerBound} from './contents.ts';

export interface FoundObject {
	readonly size: number;
	readonly contentType: string;
	readonly etag: string;
	bytes(): Buffer;
}

export interface Listed {
	readonly objects: readonly {readonly key: string; readonly object: FoundObject}[];
	readonly prefixes: readonly string[];
	/** Where the next page begins; undefined at the end. */
	readonly next: string | undefined;
}

export interface ListQuery {
	readonly prefix: string;
	readonly after: string;
	readonly delimiter: string;
	readonly limit: number;
}

export type Objects = ReturnType<typeof createObjects>;

export const createObjects = (contents: Contents) => {
	const written = new Map<string, FoundObject>();
	/** The same keys in order: few, since a run writes little. */
	const order: string[] = [];
	const removed = new Set<string>();

	const indexOf = (key: string) => lowerBound({length: order.length, keyAt: at => order[at] ?? ''}, key);

	const madeUpAt = (index: number, key: string): FoundObject => ({...contents.objectAt(index), etag: etagOf(key)});

	const madeUp = (key: string): FoundObject | undefined => {
		const index = lowerBound(contents, key);
		if (index === contents.length || contents.keyAt(index) !== key || removed.has(key)) return undefined;
		return madeUpAt(index, key);
	};

	const get = (key: string) => written.get(key) ?? madeUp(key);

	/** Goes through all keys in order, those that were made up and those that were written. */
	const cursorFrom = (key: string) => {
		let [index, at] = [lowerBound(contents, key), indexOf(key)];
		return {
			next(): {key: string; object: FoundObject | undefined} | undefined {
				const old = index < contents.length ? contents.keyAt(index) : undefined;
				const recent = order[at];
				// Absent ones come last.
				const first = [old, recent].sort()[0];
				if (first === undefined) return undefined;
				const object = written.get(first) ?? (removed.has(first) ? undefined : madeUpAt(index, first));
				if (first === old) index += 1;
				if (first === recent) at += 1;
				return {key: first, object};
			},
		};
	};

	return {
		get,

		put(key: string, bytes: Buffer, contentType: string): FoundObject {
			const object = {size: bytes.length, contentType, etag: etagOf(bytes), bytes: () => bytes};
			if (!written.has(key)) order.splice(indexOf(key), 0, key);
			written.set(key, object);
			return object;
		},

		remove(key: string): void {
			if (written.delete(key)) order.splice(indexOf(key), 1);
			if (madeUp(key)) removed.add(key);
		},

		list({prefix, after, delimiter, limit}: ListQuery): Listed {
			const objects: {key: string; object: FoundObject}[] = [];
			const prefixes: string[] = [];
			let last = after;
			let cursor = cursorFrom(after < prefix ? prefix : `${after}\0`);
			for (let found = cursor.next(); found?.key.startsWith(prefix); found = cursor.next()) {
				const {key, object} = found;
				if (!object) continue;
				if (objects.length + prefixes.length === limit) return {objects, prefixes, next: last};
				const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
				if (cut >= 0) {
					// Past all that is rolled up into it: no key has a sign above this one.
					last = `${key.slice(0, cut + 1)}\u{ffff}`;
					prefixes.push(key.slice(0, cut + 1));
					cursor = cursorFrom(last);
				} else {
					last = key;
					objects.push({key, object});
				}
			}
			return {objects, prefixes, next: undefined};
		},
	};
};

const etagOf = (bytes: string | Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;
