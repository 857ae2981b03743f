/** Small facts about one layer that several answers give. */
import {type Descriptor, type Digest, isDigest} from 'oci-spec-types';
import {dayOf, daysBefore} from '../lib/days.ts';
import type {LayerUsage} from '../usage/usage.ts';

/** The digest of a layer's content (its diffID), where the manifest tells it (containerd: labels.LabelUncompressed; BuildKit writes it into every cache). */
export const uncompressedOf = ({annotations}: Descriptor): Digest | undefined => {
	const digest = annotations?.['containerd.io/uncompressed'];
	return digest !== undefined && isDigest(digest) ? digest : undefined;
};

/** How often a layer was fetched today and in the days before it, `days` in all. */
export const recentFetches = (usage: LayerUsage, now: Date, days: number): number => {
	const first = daysBefore(dayOf(now), days - 1);
	return usage.days.filter(({day}) => day >= first).reduce((sum, {fetches}) => sum + fetches, 0);
};
