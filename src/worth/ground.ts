/** What the questions of this room are answered from. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {RepositoryInventory} from '../registry/inventory.ts';
import type {RefHoldings} from '../registry/refHoldings.ts';
import type {LayerUsage, UsageOf} from '../usage/usage.ts';

export type RefGround = {inventory: RepositoryInventory; holdings: RefHoldings};

export type WorthGround = RefGround & {
	/** How the layers of the repository are used. */
	usage: Pick<UsageOf<Digest, LayerUsage>, 'get'>;
	/** The store's time. */
	now: Date;
};

/** As people write it: `<repository>:<tag>`. */
export type RefName = {repository: RepositoryName; tag: Tag};
