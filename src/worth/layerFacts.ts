/** Small facts about one layer that several answers give. */
import {type Descriptor, type Digest, isDigest, type Tag} from 'oci-spec-types';
import type {RefHoldings} from '../registry/refHoldings.ts';
import type {LayerFetches} from './ground.ts';

/** The digest of a layer's content (its diffID), where the manifest tells it (containerd: labels.LabelUncompressed; BuildKit writes it into every cache). */
export const uncompressedOf = ({annotations}: Descriptor): Digest | undefined => {
	const digest = annotations?.['containerd.io/uncompressed'];
	return digest !== undefined && isDigest(digest) ? digest : undefined;
};

/** Whether no other ref leads to this. */
export const isExclusive = (holdings: RefHoldings, tag: Tag, digest: Digest): boolean =>
	holdings.holdersOf(digest).every(holder => holder === tag);

/** How often a layer was fetched today and in the days before it, `days` in all. */
export const recentFetches = (usage: LayerFetches | undefined, now: Date, days: number): number => {
	const first = new Date(now.getTime() - (days - 1) * dayMs).toISOString().slice(0, 'yyyy-mm-dd'.length);
	return (usage?.days ?? []).filter(({day}) => day >= first).reduce((sum, {fetches}) => sum + fetches, 0);
};

export const dayMs = 24 * 60 * 60 * 1000;
