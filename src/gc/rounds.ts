/** When the cycles come in which something may happen to a repository: a preview looks at these alone. */
import type {RepositoryInventory} from '../registry/inventory.ts';
import {tombstoneRows} from '../registry/tombstoneRows.ts';

export type RoundsOptions = {graceMs: number; quarantineMs: number; untaggedMs: number; everyMs: number};

export type Rounds = {
	/** The next of them, by the store's clock; undefined when nothing can happen any more. */
	next(): Date | undefined;
	/** In the round that `next` answered last, or in the first. */
	somethingChanged(): void;
};

/** The first is the one that the inventory was taken for. */
export const createRounds = (inventory: RepositoryInventory, {graceMs, quarantineMs, untaggedMs, everyMs}: RoundsOptions): Rounds => {
	const firstMs = inventory.startedAt.getTime();
	const horizonMs = Math.max(graceMs, untaggedMs) + 3 * quarantineMs;
	const most = inventory.blobs.count > manyBlobs ? roundsOfMany : roundsOfFew;
	// Where cycles come so often that all of them are too many, some are left out.
	const stepMs = everyMs * Math.max(1, Math.ceil(horizonMs / everyMs / most));
	const due = new Set<number>();
	let round = 0;

	/** In the first round in which so much time is over. */
	const add = (ms: number) => {
		const at = Math.floor((ms - firstMs) / stepMs) + 1;
		if (at > round) due.add(at);
	};

	for (const ageMs of new Set([graceMs, quarantineMs, Math.max(graceMs, untaggedMs)])) {
		for (const modified of datesOf(inventory)) add(modified.getTime() + ageMs);
	}

	return {
		next() {
			round = [...due].reduce((first, at) => Math.min(first, at), Number.POSITIVE_INFINITY);
			due.delete(round);
			return Number.isFinite(round) ? new Date(firstMs + round * stepMs) : undefined;
		},
		somethingChanged() {
			const now = firstMs + round * stepMs;
			add(now + graceMs);
			add(now + quarantineMs);
		},
	};
};

// Each round marks all of them.
const manyBlobs = 100_000;
const roundsOfMany = 24;
const roundsOfFew = 400;

function* datesOf(inventory: RepositoryInventory): Generator<Date> {
	const {tags, heads, manifests, blobs, derived, deletedTags, referrers, typeS3} = inventory;
	for (const {object, previous} of tags.values()) {
		yield object.modified;
		for (const {since} of previous) yield since;
	}
	for (const {pushedAt} of heads) yield pushedAt;
	for (const {object} of [...derived, ...typeS3.manifests]) yield object.modified;
	for (const rows of [manifests.values(), blobs, deletedTags, referrers, typeS3.layers, tombstoneRows(inventory)])
		for (const {modified} of rows) yield modified;
}
