/** Tombstones: what the collector says of an object before it removes it, so that whoever relies on the object can say no. docs/garbage-collection.md */
import type {RepositoryName} from 'oci-spec-types';
import {z} from 'zod';
import type {Etag, ObjectStore} from '../storage/objectStore.ts';
import {DocumentDamaged, readDocument, writeDocument} from './documents.ts';
import {keys} from './keys.ts';
import type {Lifetimes} from './lifetimes.ts';

/**
 * `condemned`: nothing keeps it; it is removed after a quarantine, unless somebody relies on it meanwhile. `rescued`: somebody did.
 * `deleting`: it is being removed, or was. `free`: as good as no tombstone at all.
 */
export type TombstoneState = z.infer<typeof tombstoneSchema>['state'];

/** What was read of a tombstone: every change is a swap of exactly this. */
export type Tombstone = {
	/** The object's key, not the tombstone's. */
	key: string;
	state: TombstoneState;
	/** Why it was condemned, for people. */
	reason: string;
	/** Somebody began to delete it: that it is there, or whole, only the store can tell. */
	doubtful: boolean;
	etag: Etag;
	/** Since when it has this state, by the store's clock. */
	modified: Date;
};

export type Tombstones = ReturnType<typeof createTombstones>;

export type TombstonesOptions = {
	lifetimes: Pick<Lifetimes, 'deleteWindowMs' | 'deleteSlackMs'>;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export const createTombstones = (store: ObjectStore, {lifetimes, elapsed}: TombstonesOptions) => {
	const {deleteWindowMs, deleteSlackMs} = lifetimes;

	/** `answeredAt` is the store's clock. */
	const read = async (repo: RepositoryName, key: string): Promise<(Tombstone & {answeredAt: Date}) | undefined> => {
		try {
			const found = await readDocument(store, keys.condemned(repo, key), tombstoneSchema);
			if (!found) return undefined;
			const {value, etag, answeredAt, modified = answeredAt} = found;
			return {key, ...value, etag, modified, answeredAt};
		} catch (error) {
			if (!(error instanceof DocumentDamaged) || !error.facts) throw error;
			// It may have said anything: while it may have let somebody delete, as if it did; then, as if nobody had rescued the object.
			const {etag, answeredAt, modified = answeredAt} = error.facts;
			const unreadable = {key, reason: 'its tombstone could not be read', doubtful: true, etag, modified, answeredAt} as const;
			const isOver = answeredAt.getTime() > windowEnd(unreadable);
			return {...unreadable, state: isOver ? 'condemned' : 'deleting'};
		}
	};

	const swap = (repo: RepositoryName, key: string, seen: Tombstone | undefined, next: TombstoneDocument) =>
		writeDocument(store, keys.condemned(repo, key), tombstoneSchema, next, seen?.etag);

	/** When the store has refused for certain what this `deleting` allowed. */
	const windowEnd = ({modified}: Pick<Tombstone, 'modified'>) => modified.getTime() + deleteWindowMs + deleteSlackMs;

	/** The store's Date until which something may be removed by the right of this swap. */
	const swapForWindow = async (repo: RepositoryName, key: string, seen: Tombstone | undefined, next: TombstoneDocument) => {
		const sentAt = elapsed();
		const written = await swap(repo, key, seen, next);
		// Others count the window from when the tombstone was stored, which a slow answer does not tell: a later cycle tries again then.
		if (!written || elapsed() - sentAt > deleteSlackMs - datesDifferMs(deleteSlackMs)) return undefined;
		return new Date(written.answeredAt.getTime() + deleteWindowMs);
	};

	const toDeleting = (repo: RepositoryName, key: string, seen: Tombstone | undefined, reason: string): Promise<Date | undefined> =>
		swapForWindow(repo, key, seen, {state: 'deleting', reason, doubtful: true});

	return {
		read,
		windowEnd,

		/** For what has no tombstone, a `free` or a `rescued` one. False: somebody else was first. */
		async condemn(repo: RepositoryName, key: string, reason: string, seen?: Tombstone): Promise<boolean> {
			return (await swap(repo, key, seen, {state: 'condemned', reason, doubtful: seen?.doubtful ?? false})) !== undefined;
		},

		/** Somebody relies on the object; `seen` is condemned, or a `deleting` whose window is over. Undefined: somebody else was first. */
		async rescue(repo: RepositoryName, seen: Tombstone): Promise<{doubtful: boolean} | undefined> {
			const {key, reason, doubtful} = seen;
			return (await swap(repo, key, seen, {state: 'rescued', reason, doubtful})) && {doubtful};
		},

		/** Something keeps the object again, or it is gone for longer than a quarantine. False: somebody else was first. */
		async free(repo: RepositoryName, seen: Tombstone): Promise<boolean> {
			return (await swap(repo, seen.key, seen, {state: 'free', reason: seen.reason, doubtful: false})) !== undefined;
		},

		/**
		 * For what was condemned for a quarantine before the mark began that found it unmarked, and for a `deleting` whose window is over, of which
		 * nobody knows whether it was carried out. Answers until when (the store's clock) the object may be removed, by `removeUntil` and in no
		 * other way; undefined when somebody else was first, or the store was slow, and this cycle leaves it alone.
		 */
		beginDelete: (repo: RepositoryName, seen: Tombstone): Promise<Date | undefined> => toDeleting(repo, seen.key, seen, seen.reason),

		/** Removes an object that a client wants gone, whatever its tombstone says. False: somebody else was busy with it all the time. */
		async deleteNow(repo: RepositoryName, key: string, wait: (ms: number) => Promise<unknown>): Promise<boolean> {
			for (let attempt = 0; attempt < maxAttempts; attempt++) {
				const seen = await read(repo, key);
				// It may be a tombstone that is being dropped: the next one must not go with it.
				if (seen?.state === 'free') await wait(windowEnd(seen) - seen.answeredAt.getTime() + 1);
				const until = await toDeleting(repo, key, seen, 'deleted by a client');
				if (!until) continue;
				await store.removeUntil(key, until);
				return true;
			}
			return false;
		},

		/** Removes a `free` tombstone that is older than a quarantine. It expires as every removal does: a late one takes no tombstone of a later time. */
		async drop(repo: RepositoryName, seen: Tombstone): Promise<boolean> {
			const until = await swapForWindow(repo, seen.key, seen, {state: 'free', reason: seen.reason, doubtful: false});
			if (until) await store.removeUntil(keys.condemned(repo, seen.key), until);
			return until !== undefined;
		},
	};
};

/** The document, without its nonce. Its age is its object's. */
const tombstoneSchema = z.object({
	state: z.enum(['condemned', 'rescued', 'deleting', 'free']),
	reason: z.string(),
	doubtful: z.boolean(),
});
type TombstoneDocument = z.infer<typeof tombstoneSchema>;

// A client's delete that loses to others so often may be sent again.
const maxAttempts = 8;

/** The store's dates are whole seconds. */
const datesDifferMs = (slackMs: number) => Math.min(1000, slackMs / 3);
