/** Stores that watch, or wait. */
import {createHash} from 'node:crypto';
import {readAll} from '../../src/lib/bytes.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';

/** Keys under a prefix, in their order. */
export const keysOf = async (store: ObjectStore, prefix = ''): Promise<string[]> =>
	(await Array.fromAsync(store.list(prefix))).map(entry => ('key' in entry ? entry.key : entry.prefix));

/** The hash of each object under a prefix. */
export const contentsOf = async (store: ObjectStore, prefix = 'repos/'): Promise<Record<string, string>> => {
	const contents: Record<string, string> = {};
	for (const key of await keysOf(store, prefix)) {
		const object = await store.read(key);
		if (object)
			contents[key] = createHash('sha256')
				.update(await readAll(object.body))
				.digest('hex');
	}
	return contents;
};

/** A store that writes down which operations are asked of it. */
export const recording = (inner: ObjectStore): {store: ObjectStore; asked: string[]} => {
	const asked: string[] = [];
	const store = new Proxy(inner, {
		get(target, name: keyof ObjectStore) {
			const operation = target[name] as (...given: unknown[]) => unknown;
			return (...given: unknown[]) => {
				asked.push(name);
				return operation(...given);
			};
		},
	});
	return {store, asked};
};

/** A promise for each of the first `count` callers, resolved when the last of them has come; later callers pass. */
export const gate = (count: number): (() => Promise<void>) => {
	const open = Promise.withResolvers<void>();
	let waiting = 0;
	return () => {
		if (++waiting >= count) open.resolve();
		return open.promise;
	};
};
