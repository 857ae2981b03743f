/** What is to go of a repository, and why: retention and people decide it, the collector and the commands carry it out. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';

/**
 * `tag`: a ref, with all its heads. `head`: one push to a merging tag that counts no more. `superseded`: a manifest that a tag
 * had before. `untagged`: a manifest that no tag leads to.
 */
export type Removal = {
	repo: RepositoryName;
	kind: 'tag' | 'head' | 'superseded' | 'untagged';
	tag?: Tag | undefined;
	/** Of a tag what it points at. */
	digest?: Digest | undefined;
	/** When that was pushed: what was pushed since is not meant. */
	pushedAt?: Date | undefined;
	/** A sentence that names the rule and what was measured. */
	reason: string;
	/** The rule or budget; none where a default decides. */
	rule?: {line: number; match: string} | undefined;
	/** Bytes that nothing keeps alive any more once this is gone, and all that stands before it in the list: the sum of a list is what it frees. */
	exclusiveBytes: number;
};
