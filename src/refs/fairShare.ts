/** What of many pushes to several tags is taken where not all can be. */
import type {Tag} from 'oci-spec-types';
import type {TagFacts} from '../registry/registry.ts';

/** At most `limit` of these, in their order, newest first: the newest of each tag, then the second of each. A tag that is pushed to all day takes no other's place. */
export const fairShare = (newestFirst: readonly TagFacts[], limit: number): readonly TagFacts[] => {
	if (newestFirst.length <= limit) return newestFirst;
	const pushes = new Map<Tag, number>();
	const ranked = newestFirst.map((facts, at) => {
		const rank = pushes.get(facts.tag) ?? 0;
		pushes.set(facts.tag, rank + 1);
		return {facts, rank, at};
	});
	const taken = ranked.sort((a, b) => a.rank - b.rank || a.at - b.at).slice(0, limit);
	return taken.sort((a, b) => a.at - b.at).map(({facts}) => facts);
};
