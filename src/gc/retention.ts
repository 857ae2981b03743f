/** What policy decides and the collector carries out: decided elsewhere, by whoever knows rules and usage. */
import type {Digest, RepositoryName} from 'oci-spec-types';
import type {RepositoryInventory} from '../registry/inventory.ts';
import type {Removal} from '../registry/removal.ts';

export type Retention = {
	/** Asked for each repository of a cycle, in turn. */
	decide(inventory: RepositoryInventory): Promise<RetentionDecision>;
	/** When the cycle has seen all of them: what several together hold too much of. */
	decideTogether(): Promise<TogetherDecision>;
};

export type TogetherDecision = {removals: readonly Removal[]; budgets: readonly BudgetUse[]};

/** What a budget of the policy grants some refs, and what they take once the removals are gone. */
export type BudgetUse = {match: string; size: number; bytes: number};

/** Refs, heads and superseded manifests that are not named stay. */
export type RetentionDecision = {
	removals: readonly Removal[];
	/** Manifests that no tag leads to stay until they are so old, if that is more than the grace. */
	untaggedMs: number;
	/** Who says so, as a sentence goes on: a rule. */
	untaggedBy?: string | undefined;
	/** Manifests that stay whatever else holds: somebody is still to get them from here. */
	keeps?: ReadonlySet<Digest> | undefined;
};

/** `keptOf` is asked when the repository was walked: what is added later is young. */
export const keeping = (inner: Retention, keptOf: (repo: RepositoryName) => Promise<ReadonlySet<Digest>>): Retention => ({
	...inner,
	decide: async inventory => ({...(await inner.decide(inventory)), keeps: await keptOf(inventory.repo)}),
});
