/** What the questions of this room are answered from. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {RepositoryInventory} from '../registry/inventory.ts';
import type {RefHoldings} from '../registry/refHoldings.ts';

export type RefGround = {inventory: RepositoryInventory; holdings: RefHoldings};

export type WorthGround = RefGround & {
	/** How often each layer of the repository was fetched; those that never were may be missing. */
	fetches: ReadonlyMap<Digest, LayerFetches>;
	/** Fetches were counted from then on; missing where that is not known. */
	countedSince?: Date;
	/** The store's time. */
	now: Date;
};

/** `days` in UTC, `yyyy-mm-dd`, in any order; days without a fetch may be missing. */
export type LayerFetches = {fetches: number; lastFetched?: Date; days: readonly {day: string; fetches: number}[]};

/** As people write it: `<repository>:<tag>`. */
export type RefName = {repository: RepositoryName; tag: Tag};
