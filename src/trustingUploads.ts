/** Whether builders may be sent to the store with their layers, and what the log and the metrics hear of that. */
import type {Settings} from './config/settings.ts';
import {settledUploads} from './config/uploadPolicy.ts';
import {createUploadTrust, fixedTrust, type UploadTrust} from './registry/uploadTrust.ts';
import type {ObjectStore, UploadVerdict} from './storage/objectStore.ts';
import type {Log} from './telemetry/log.ts';
import type {Metrics} from './telemetry/metrics.ts';

/** `known`: what another process has found out. `elapsed`: milliseconds since some moment, never going back. */
export type UploadSurroundings = {log: Log; metrics: Metrics; elapsed: () => number; known: UploadVerdict | undefined};

/** Tells the log and the metrics at once, and whenever that changes; what is known was told already. */
export const trustUploads = async (
	store: ObjectStore,
	settings: Settings,
	{log, metrics, elapsed, known}: UploadSurroundings,
): Promise<UploadTrust> => {
	const count = ({redirect}: UploadVerdict) => metrics.uploadRedirects.set(redirect ? 1 : 0);
	const tell = (verdict: UploadVerdict) => {
		const {redirect, reason} = verdict;
		count(verdict);
		// Other stores have no URLs, which is no news.
		if (settings.store !== 's3') return;
		const isFine = redirect ? settings.redirectUploads === 'auto' : settled !== undefined;
		log[isFine ? 'info' : 'warn']({redirected: redirect, reason}, 'uploads');
	};
	const settled = settledUploads(settings);
	const first = settled ?? known ?? (await store.probeUploads());
	(known ? count : tell)(first);
	return settled ? fixedTrust(settled) : createUploadTrust({first, probe: () => store.probeUploads(), onChange: tell, elapsed});
};
