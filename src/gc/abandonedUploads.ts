/** Uploads that a crash left unfinished: their bytes are seen by nobody, and take room until they are aborted. */
import type {ObjectStore} from '../storage/objectStore.ts';

export type AbandonedOptions = {
	/** An upload is left alone until nothing has come for it for so long, by the store's clock. */
	idleMs: number;
};

/** Yields 1 for each. An upload that goes on just then fails, and its client repeats it. Throws the first failure, after all were tried. */
export async function* abortAbandonedUploads(store: ObjectStore, {idleMs}: AbandonedOptions): AsyncGenerator<number> {
	const olderThan = new Date((await store.now()).getTime() - idleMs);
	const failures: unknown[] = [];
	for await (const upload of store.abandonedUploads(olderThan)) {
		try {
			await upload.abort();
		} catch (error) {
			failures.push(error);
			continue;
		}
		yield 1;
	}
	if (failures.length > 0) throw failures[0];
}
