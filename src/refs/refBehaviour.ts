/** What the policy says of one tag: the answer of the rules, and all that those who act on it need to know of them. */
import type {RepositoryName, Tag} from 'oci-spec-types';

export type RefBehaviour = {
	/**
	 * Tags of the same repository to try in turn where this one is missing; never the tag itself. Empty without a rule, but
	 * for `feature-x..main`, which is always `feature-x`, then `main`, then what the rules of `feature-x` say.
	 */
	fallback: readonly Tag[];
	/** Tags of the same repository to answer together with this tag's own cache; empty where it is answered alone. */
	union: readonly TagSource[];
	/** Whether only those with the right may move or delete it. */
	protect: boolean;
	/** `merge`: what earlier pushes had stays, and the tag answers all of it. */
	onPush: 'replace' | 'merge';
	/** What becomes of a push to a protected tag by someone without the right. */
	onDenied: 'refuse' | 'discard';
	/** Whether each push is written for BuildKit's `type=s3` too. */
	typeS3: boolean;
	/** How much of a merging tag is kept. */
	heads: HeadBounds;
	/** When it goes by itself; never where nothing is said. */
	expire: Expiry | undefined;
	/** How many of the manifests that it had before are kept, beyond the time for which imports may still need them. */
	keepSuperseded: number;
	/** How old a manifest of its repository that no tag leads to may become; the grace, where that is longer. */
	untaggedMs: number;
};

/** All of these must hold of a tag: pushed and used longer ago than this, and not among the newest of those that the rule decides about in a repository. */
export type Expiry = {ageMs?: number | undefined; idleMs?: number | undefined; newest?: number | undefined};

/** A glob has a literal `prefix`, to narrow a listing by. */
export type TagSource = {tag: Tag} | {glob: string; prefix: string; matches(tag: string): boolean};

/** At most so many pushes, none older than this, and no more bytes of layers in all than this. */
export type HeadBounds = {count: number; ageMs: number; bytes: number};

/** Reads the policy that is in force now, each time. */
export type RefRules = {
	behaviourOf(repo: RepositoryName, tag: Tag): RefBehaviour;
	/** Whether some rule makes tags of this repository merge: where none does, nobody need look. */
	mergesIn(repo: RepositoryName): boolean;
};
