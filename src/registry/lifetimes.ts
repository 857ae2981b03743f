/** How long what is believed, waited for and kept may last: all of it follows from the grace, the quarantine and what is remembered of the store. */

/** In milliseconds. */
export type Lifetimes = {
	/** What nothing keeps is left alone until it is so old. */
	graceMs: number;
	/** What was condemned is kept for so long; an import that began before has ended by then. */
	quarantineMs: number;
	/** A blob that was seen is believed to be there for so long; 0 asks the store each time. */
	indexMs: number;
	/** The same of manifests. */
	manifestMs: number;
	/** A listing of tombstones is believed for so long, and what was looked at by it may be relied on for as long again. */
	tombstoneListMs: number;
	/** An upload takes no longer. */
	longestUploadMs: number;
	/** An upload for which nothing has come for so long was given up. */
	idleUploadMs: number;
	/** After so long the store refuses to remove an object. */
	deleteWindowMs: number;
	/** For so much longer a pusher waits: two clocks of the store and its dates of whole seconds differ by less. */
	deleteSlackMs: number;
	/** Who collects is believed to be dead when it has not said for so long that it lives. */
	leaseMs: number;
};

/** Throws LifetimesUnfit where these cannot keep what is relied on. */
export const createLifetimes = ({graceMs, quarantineMs, indexMs}: Pick<Lifetimes, 'graceMs' | 'quarantineMs' | 'indexMs'>): Lifetimes => {
	if (quarantineMs < shortestQuarantineMs) throw new LifetimesUnfit(`a quarantine must last ${shortestQuarantineMs / 1000} s or more`);
	// A pusher may rely on a listing as old as this, for as long again, and on what it remembered before: by half the quarantine all of that is over.
	const tombstoneListMs = Math.min(longestListMs, quarantineMs / 8);
	if (indexMs > tombstoneListMs)
		throw new LifetimesUnfit(
			`what is seen in the store is believed for ${indexMs / 1000} s (LAYERCACHE_REGISTRY_INDEX_SECONDS), ` +
				`and may be for ${tombstoneListMs / 1000} s at most with a quarantine of ${quarantineMs / 1000} s`,
		);
	const longestUploadMs = Math.min(longestUsualUploadMs, graceMs, quarantineMs);
	return {
		graceMs,
		quarantineMs,
		indexMs,
		manifestMs: indexMs,
		tombstoneListMs,
		longestUploadMs,
		idleUploadMs: longestUploadMs / 2,
		deleteWindowMs: Math.min(longestWindowMs, quarantineMs / 6),
		deleteSlackMs: Math.min(longestSlackMs, quarantineMs / 6),
		leaseMs: Math.min(longestLeaseMs, Math.max(shortestLeaseMs, quarantineMs / 4)),
	};
};

/** What the settings would have the server believe and wait for does not fit together. The message says what to change. */
export class LifetimesUnfit extends Error {
	override readonly name = 'LifetimesUnfit';
}

const shortestQuarantineMs = 10_000;
const longestListMs = 10 * 60_000;
const longestUsualUploadMs = 48 * 3_600_000;
const longestWindowMs = 10_000;
const longestSlackMs = 3_000;
// Long enough for a page of a slow store, short enough that a killed collector is soon followed by another.
const longestLeaseMs = 90_000;
// Two collectors on a busy machine that take it from one another all the time never come to an end.
const shortestLeaseMs = 15_000;
