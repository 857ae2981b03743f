/** Which refs keep an object of a repository alive, asked by its digest. */
import type {Digest, Tag} from 'oci-spec-types';
import type {RefRule} from '../config/policy.ts';
import type {RepositoryInventory} from '../registry/inventory.ts';
import {objectNumbersOf} from '../registry/objectNumbers.ts';
import {holdingsOf} from './holdings.ts';
import {keptBy, liveRefsOf} from './liveRefs.ts';
import {derivedParts} from './summaries.ts';

/** In the byte order of their tags; none for what only imports under way may want, or nobody. Counts as `summarize` does. */
export const holdersIn = (inventory: RepositoryInventory, rules: readonly RefRule[]): ((digest: Digest) => readonly Tag[]) => {
	const {refs} = liveRefsOf(inventory, rules);
	const parts = derivedParts(inventory, refs);
	const {ofHolder} = holdingsOf(
		inventory,
		refs.map(ref => ({roots: keptBy(ref), parts: parts.get(ref.tag)})),
	);
	const objects = objectNumbersOf(inventory);
	const tags = new Map<number, Tag[]>();
	for (const [at, {tag}] of refs.entries()) {
		for (const object of ofHolder(at)) {
			const known = tags.get(object);
			if (known) known.push(tag);
			else tags.set(object, [tag]);
		}
	}
	return digest => tags.get(inventory.blobs.indexOf(digest) ?? objects.manifest(digest) ?? -1) ?? [];
};
