/** Days of the audit that are older than it is kept. */
import {dayOf} from '../lib/days.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {auditKeys, dayOfPrefix} from './auditKeys.ts';

/** Whole days, by the store's clock; yields how many objects were removed. */
export async function* removeOldDays(store: ObjectStore, {keepMs}: {keepMs: number}): AsyncGenerator<number> {
	const newest = dayOf((await store.now()).getTime() - keepMs);
	for await (const entry of store.list(auditKeys.all, {delimiter: '/'})) {
		const day = 'prefix' in entry ? dayOfPrefix(entry.prefix) : undefined;
		if (!day) continue;
		if (day >= newest) return;
		yield* removeAll(store, auditKeys.day(day));
	}
}

async function* removeAll(store: ObjectStore, prefix: string): AsyncGenerator<number> {
	let found: string[] = [];
	for await (const row of store.list(prefix)) {
		if (!('key' in row)) continue;
		found.push(row.key);
		if (found.length < atOnce) continue;
		await store.remove(found);
		yield found.length;
		found = [];
	}
	if (found.length > 0) await store.remove(found);
	if (found.length > 0) yield found.length;
}

// S3 takes so many in one request.
const atOnce = 1000;
