/** Chunks whose closing PUT never came, and the marks of cancelled uploads: removed when no client can go on with them any more. */
import {uploadStartedAt} from 'oci-spec-types';
import {keys, uploadOfPrefix, uploadsMarker} from '../registry/keys.ts';
import {listRepositoriesWith} from '../registry/repositories.ts';
import type {ListedObject, ObjectStore} from '../storage/objectStore.ts';
import type {Pause} from './sweeper.ts';

export type LeftChunksOptions = {
	/** An upload that began longer ago than this is over. */
	endedMs: number;
	/** What was written more recently is left alone all the same. */
	idleMs: number;
	pause: Pause;
};

/**
 * Yields the number of objects removed, an upload at a time. One LIST for each level of a repository's name, and gently. Throws the first
 * failure, after all were tried.
 */
export async function* removeLeftChunks(inner: ObjectStore, {endedMs, idleMs, pause}: LeftChunksOptions): AsyncGenerator<number> {
	const store = unhurried(inner, pause);
	const now = (await store.now()).getTime();
	const failures: unknown[] = [];
	for await (const repo of listRepositoriesWith(store, uploadsMarker)) {
		for await (const entry of store.list(keys.uploads(repo), {delimiter: '/'})) {
			const upload = 'prefix' in entry ? uploadOfPrefix(entry.prefix) : undefined;
			if (!upload) continue;
			// Ids are in the order of their beginning, so none of the rest is older.
			if (uploadStartedAt(upload) >= now - endedMs) break;
			const left = await Array.fromAsync(store.list(keys.upload(repo, upload)));
			const objects = left.filter((found): found is ListedObject => 'key' in found);
			if (objects.some(({modified}) => modified.getTime() >= now - idleMs)) continue;
			try {
				await store.remove(objects.map(({key}) => key));
			} catch (error) {
				failures.push(error);
				continue;
			}
			yield objects.length;
		}
	}
	if (failures.length > 0) throw failures[0];
}

/** Nobody waits for a sweep; builds wait for what it shares S3 with. */
const unhurried = (store: ObjectStore, pause: Pause): ObjectStore => ({
	...store,
	async *list(...given) {
		await pause(betweenListsMs);
		yield* store.list(...given);
	},
});

const betweenListsMs = 100;
