/** What a process left that was killed while it tried out its store. */
import type {ObjectStore} from '../storage/objectStore.ts';
import {probeFolder} from '../storage/probe.ts';

/** Yields 1 for each object removed; none that was written within `idleMs`, by the store's clock. */
export async function* removeLeftProbes(store: ObjectStore, {idleMs}: {idleMs: number}): AsyncGenerator<number> {
	const now = (await store.now()).getTime();
	for await (const entry of store.list(probeFolder)) {
		if ('prefix' in entry || entry.modified.getTime() >= now - idleMs) continue;
		await store.remove([entry.key]);
		yield 1;
	}
}
