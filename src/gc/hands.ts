/** What carries out the steps of a cycle on the store; a preview has others, which only pretend to. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {TagEntry} from '../registry/inventory.ts';
import type {Tags} from '../registry/tags.ts';
import type {Tombstone, Tombstones} from '../registry/tombstones.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import type {Unneeded} from './unneeded.ts';

/** False or undefined: somebody else was first, and this cycle leaves it alone. */
export type Hands = {
	/** As it is now. */
	tombstone(repo: RepositoryName, key: string): Promise<Tombstone | undefined>;
	condemn(repo: RepositoryName, object: Unneeded, seen: Tombstone | undefined): Promise<boolean>;
	free(repo: RepositoryName, seen: Tombstone): Promise<boolean>;
	remove(repo: RepositoryName, object: Unneeded, seen: Tombstone): Promise<boolean>;
	drop(repo: RepositoryName, seen: Tombstone): Promise<boolean>;
	/** When it was, by the store's clock. */
	deleteTag(repo: RepositoryName, tag: Tag, entry: Pick<TagEntry, 'digest' | 'pushedAt'>): Promise<Date | undefined>;
	forgetPrevious(repo: RepositoryName, tag: Tag, expired: ReadonlyMap<Digest, Date>): Promise<void>;
};

export type HandsOptions = {
	tombstones: Tombstones;
	tags: Pick<Tags, 'remove' | 'forgetPrevious'>;
	/** Before each write: nobody waits for a cycle, and builds wait for what it shares the store with. */
	pace(): Promise<void>;
	/** What this process remembers of an object is worth nothing any more. */
	onDeleted(repo: RepositoryName, key: string): void;
};

export const createHands = (store: ObjectStore, {tombstones, tags, pace, onDeleted}: HandsOptions): Hands => ({
	tombstone: tombstones.read,

	async condemn(repo, {key, reason}, seen) {
		await pace();
		return tombstones.condemn(repo, key, reason, seen);
	},

	async free(repo, seen) {
		await pace();
		return tombstones.free(repo, seen);
	},

	async remove(repo, {key, blob}, seen) {
		await pace();
		const until = await tombstones.beginDelete(repo, seen);
		if (!until) return false;
		await store.removeUntil(key, until);
		onDeleted(repo, key);
		// It may have come too late, and what a document leads to goes only when that has gone.
		return blob !== undefined || (await store.stat(key)) === undefined;
	},

	async drop(repo, seen) {
		await pace();
		return tombstones.drop(repo, seen);
	},

	async deleteTag(repo, tag, {digest, pushedAt}) {
		await pace();
		// Usage may know of a later push than the tag does, one that found nothing to do.
		const isAsSeen = (now: {digest: Digest; pushedAt: string; protected?: boolean | undefined}) =>
			!now.protected && now.digest === digest && Date.parse(now.pushedAt) <= pushedAt.getTime();
		return (await tags.remove(repo, tag, isAsSeen)) ? store.now() : undefined;
	},

	async forgetPrevious(repo, tag, expired) {
		await pace();
		await tags.forgetPrevious(repo, tag, ({digest, since}) => expired.get(digest)?.getTime() === Date.parse(since));
	},
});
