/** `feature-x..main`: a tag that names where to look next, so that CI can pass the base of a branch without any policy. */
import {isTagText, type Tag} from 'oci-spec-types';

/** `mine` is what stands before the first dots, `bases` what follows, in the order to try. */
export type NamedBases = {mine: Tag; bases: readonly Tag[]};

/**
 * Two dots or more separate. git allows them in no name of a branch (git-check-ref-format, rule 3), so nobody writes them
 * by chance. What is between them and no tag is left out: CI that knows no base asks for `main..`.
 */
export const namedBases = (tag: Tag): NamedBases | undefined => {
	if (!tag.includes('..')) return undefined;
	const [mine, ...bases] = tag.split(/\.{2,}/).filter(isTagText);
	// No tag starts with a dot, so something stands before the first.
	return {mine: mine ?? tag, bases};
};
