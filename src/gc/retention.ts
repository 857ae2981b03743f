/** What policy decides and the collector carries out: decided elsewhere, by whoever knows rules and usage. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {RepositoryInventory} from '../registry/inventory.ts';

/** `tag`: a ref, with all its heads. `head`: a push to a merging tag. `superseded`: a manifest that a tag had. `untagged`: one that no tag leads to. */
export type Removal = {
	repo: RepositoryName;
	kind: 'tag' | 'head' | 'superseded' | 'untagged';
	tag?: Tag | undefined;
	/** Of a tag what it points at. */
	digest?: Digest | undefined;
	/** When that was pushed: what was pushed since is not meant. */
	pushedAt?: Date | undefined;
	/** A sentence that names the rule. */
	reason: string;
	/** The rule or budget of the policy; none where a default decides. */
	rule?: {line: number; match: string} | undefined;
	exclusiveBytes: number;
};

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
};
