/** What the next cycles will delete, object by object: what a preview shows, and what a cycle that is run agrees with. */
import type {RepositoryName} from 'oci-spec-types';

export type PlannedDeletion = {
	repo: RepositoryName;
	/** Under the store's prefix. */
	key: string;
	bytes: number;
	/** Names the rule. */
	reason: string;
	/** `deleted`: by the next cycle. `condemned`: the next cycle puts it into quarantine. `waiting`: it is there, or too young for it. */
	state: 'deleted' | 'condemned' | 'waiting';
	/** No sooner than this, by the store's clock, if nothing needs it again. */
	notBefore: Date;
};
