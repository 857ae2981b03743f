/** How much of what was pushed to a merging tag counts. */
import type {Digest, Tag} from 'oci-spec-types';
import {newestFirst} from '../registry/newestFirst.ts';
import type {TagFacts} from '../registry/registry.ts';
import type {HeadBounds} from './refBehaviour.ts';

/** Newest first, each digest once. The newest always counts. Age is told from the newest push, so that a tag that nobody pushes to keeps what it has. */
export const withinBounds = <T extends TagFacts>(
	facts: readonly T[],
	{count, ageMs}: Pick<HeadBounds, 'count' | 'ageMs'>,
): readonly T[] => {
	const [newest, ...older] = eachOnce(facts.toSorted(newestFirst));
	if (!newest) return [];
	const oldest = newest.pushedAt.getTime() - ageMs;
	return [newest, ...older.filter(({pushedAt}) => pushedAt.getTime() >= oldest)].slice(0, Math.max(1, count));
};

/** Of each tag the newest push, and the next ones for as long as the layers of all of them together are within its bound. */
export const withinBytes = <T extends {tag: Tag}>(
	newestFirst: readonly T[],
	layersOf: (source: T) => readonly {digest: Digest; size: number}[],
	boundOf: (tag: Tag) => number,
): readonly T[] => {
	const taken = new Map<Tag, Map<Digest, number>>();
	return newestFirst.filter(source => {
		const had = taken.get(source.tag);
		const layers = new Map([...(had ?? []), ...layersOf(source).map(({digest, size}) => [digest, size] as const)]);
		const bytes = [...layers.values()].reduce((sum, size) => sum + size, 0);
		if (had && bytes > boundOf(source.tag)) return false;
		taken.set(source.tag, layers);
		return true;
	});
};

const eachOnce = <T extends {digest: Digest}>(facts: readonly T[]): readonly T[] => {
	const seen = new Set<Digest>();
	return facts.filter(({digest}) => seen.size < seen.add(digest).size);
};
