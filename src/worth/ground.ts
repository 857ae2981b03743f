/** What the questions of this room are answered from. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {RepositoryInventory} from '../registry/inventory.ts';
import type {LayerUsage, UsageOf} from '../usage/usage.ts';

export type WorthGround = {
	inventory: RepositoryInventory;
	/** The refs that keep a manifest or blob alive, as the policy has it (src/refs/holders.ts). */
	holdersOf(digest: Digest): readonly Tag[];
	/** How the layers of the repository are used. */
	usage: Pick<UsageOf<Digest, LayerUsage>, 'get'>;
	/** The store's time. */
	now: Date;
};

/** `digests`: what was pushed to the ref and counts; several for a tag that merges. */
export type WorthRef = {repo: RepositoryName; tag: Tag; digests: readonly Digest[]};

/** As people write it: `<repository>:<tag>`. */
export type RefName = {repository: RepositoryName; tag: Tag};
