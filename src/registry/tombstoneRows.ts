/** The tombstones of a repository as a listing told them: the keys of their objects, and since when they are as they are. */
import type {RepositoryInventory} from './inventory.ts';
import {keys} from './keys.ts';

export type TombstoneRow = {
	/** The object's key, not the tombstone's. */
	key: string;
	modified: Date;
};

export function* tombstoneRows({repo, tombstones}: Pick<RepositoryInventory, 'repo' | 'tombstones'>): Generator<TombstoneRow> {
	for (const {digest, modified} of tombstones.blobs) yield {key: keys.blob(repo, digest), modified};
	for (const [key, {modified}] of tombstones.others) yield {key, modified};
}
