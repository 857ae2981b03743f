/** What the cycles did, added up while their reports are still there. */
import {gcKeys} from '../../../../src/gc/gcKeys.ts';
import {cycleReportSchema} from '../../../../src/gc/report.ts';
import {readAll} from '../../../../src/lib/bytes.ts';
import type {ObjectStore} from '../../../../src/storage/objectStore.ts';

export const watchReports = (store: ObjectStore) => {
	const seen = new Set<string>();
	const sums = {cycles: 0, condemnedObjects: 0, freedObjects: 0, deletedObjects: 0, deletedBytes: 0, removedRefs: 0};
	let looking: Promise<void> | undefined;

	const look = async () => {
		for await (const entry of store.list(gcKeys.reports)) {
			if ('prefix' in entry || seen.has(entry.key)) continue;
			const object = await store.read(entry.key);
			if (!object) continue;
			seen.add(entry.key);
			const report = cycleReportSchema.parse(JSON.parse((await readAll(object.body)).toString()));
			sums.cycles += 1;
			sums.condemnedObjects += report.did.condemned.objects + report.did.recondemned.objects;
			sums.freedObjects += report.did.freed.objects;
			sums.deletedObjects += report.did.deleted.objects;
			sums.deletedBytes += report.did.deleted.bytes;
			sums.removedRefs += report.removedCount;
		}
	};

	return Object.assign(sums, {
		/** Whoever asks while somebody looks waits for the same. */
		look(): Promise<void> {
			looking ??= look().finally(() => {
				looking = undefined;
			});
			return looking;
		},
	});
};
