/** What the next cycles will delete, object by object: what a preview shows, and what a cycle that is run agrees with. */
import type {RepositoryName} from 'oci-spec-types';
import type {Removal} from '../registry/removal.ts';

export type PlannedDeletion = {
	repo: RepositoryName;
	/** Under the store's prefix. */
	key: string;
	bytes: number;
	/** Names the rule. */
	reason: string;
	/** `deleted`: by the next cycle. `condemned`: the next cycle puts it into quarantine. `waiting`: it is there, or not yet old enough. */
	state: 'deleted' | 'condemned' | 'waiting';
	/** No sooner than this, by the store's clock, if nothing needs it again. */
	notBefore: Date;
};

/** Of one repository. */
export type Foreseen = {
	deletions: readonly PlannedDeletion[];
	/** Refs that the next cycle lets go. */
	removals: readonly Removal[];
	/** Condemned, and needed again. */
	freed: readonly {key: string; bytes: number}[];
};
