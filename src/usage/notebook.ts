/** The documents that one process writes: one is open and is written again while there is news, at most once a flush; the others are done. */

import {dayOf, endOfDay} from '../lib/days.ts';
import {createFollowedClock} from '../lib/followedClock.ts';
import {keys} from '../registry/keys.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {documentType, formatDocument, formatLines} from './document.ts';
import {createGathering, type Gathering} from './gathering.ts';
import {formatReplicaName} from './names.ts';

export type NotebookOptions = {
	/** Hexadecimal, and of no other process ever. */
	replica: string;
	/** The store's clock, now. */
	startedAt: Date;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** A document with `enough` entries is not gone on with; one with `most` takes no more, which is for times in which nothing can be stored. */
	limits?: {enough: number; most: number};
};

export type Notebook = ReturnType<typeof createNotebook>;

export const createNotebook = (store: ObjectStore, {replica, startedAt, elapsed, limits = usualLimits}: NotebookOptions) => {
	// Each flush tells the store's clock again: a replica whose own is wrong makes nothing look older.
	const {now, follow} = createFollowedClock(startedAt, elapsed);

	let begun = 0;
	const nextPlace = (): Place => {
		const day = dayOf(now());
		return {name: formatReplicaName(day, replica, begun++), endsAt: endOfDay(day)};
	};
	const begin = (): OpenDocument => ({place: nextPlace(), since: new Date(now()), gathering: createGathering(limits.most)});
	let open = begin();
	let hasNews = false;

	const write = async ({place, since, gathering}: OpenDocument): Promise<void> => {
		const text = formatDocument(formatLines(gathering.ledger), since);
		const {answeredAt} = await store.write(keys.usageDocument(place.name), Buffer.from(text), {contentType: documentType});
		follow(answeredAt);
	};

	return {
		/** Milliseconds since 1970, by the store's clock. */
		now,

		/** Where to write down what happens now. */
		news(): Gathering {
			// What has no news was stored, and after an idle night it may be part of another document already.
			if (!hasNews && now() >= open.place.endsAt) open = begin();
			hasNews = true;
			return open.gathering;
		},

		/** Stores what is not stored yet, in one request; says whether there was anything. What could not be stored is news still. Never two at a time. */
		async flush(): Promise<boolean> {
			if (!hasNews) return false;
			const saving = open;
			// Only an outage of half a day leads here; what of this was stored before then counts twice.
			if (now() > saving.place.endsAt + lateMs) saving.place = nextPlace();
			const isDone = now() >= saving.place.endsAt || saving.gathering.entries() >= limits.enough;
			if (isDone) open = begin();
			hasNews = false;
			try {
				await write(saving);
			} catch (error) {
				if (open !== saving) saving.gathering.absorb(open.gathering);
				open = saving;
				hasNews = true;
				throw error;
			}
			return true;
		},
	};
};

type Place = {name: string; endsAt: number};
type OpenDocument = {place: Place; since: Date; gathering: Gathering};

// A document of so many is 1 MB, and written down in some 10 ms.
const usualLimits = {enough: 8192, most: 32_768};

/** So long after the end of its day a document may still be written; days are put together later than that. */
const lateMs = 12 * 3_600_000;
