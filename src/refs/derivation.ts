/** Whether a tag's caches have to be made into another document before a builder gets them, and which. */

import {createHash} from 'node:crypto';
import type {Digest} from 'oci-spec-types';
import {inByteOrder} from '../lib/byteOrder.ts';
import type {DerivationWay} from '../registry/registry.ts';
import type {CacheSource} from './cacheSources.ts';

/** What is to be made: of these sources, without those layers. `key` names it, wherever and by whomever it is made. */
export type Plan = {
	/** In the order of their digests. */
	sources: readonly CacheSource[];
	missing: readonly Digest[];
	limitBytes: number;
	/** What is known beforehand; a union may turn out too large. */
	ways: ReadonlySet<Exclude<DerivationWay, 'fallback'>>;
	key: string;
};

/** Undefined where the only source can be served as it was pushed. `limitBytes` is what BuildKit imports, of manifest and config each. */
export const planOf = (sources: readonly CacheSource[], limitBytes: number): Plan | undefined => {
	const ordered = sources.toSorted((a, b) => inByteOrder(a.digest, b.digest));
	const missing = [...new Set(ordered.flatMap(source => source.missing))].toSorted(inByteOrder);
	const isLarge = sources.some(({stored, config}) => stored.bytes.length > limitBytes || config.size > limitBytes);
	const ways = new Set([
		...(sources.length > 1 ? (['union'] as const) : []),
		...(missing.length > 0 ? (['repaired'] as const) : []),
		...(isLarge ? (['compacted'] as const) : []),
	]);
	if (ways.size === 0) return undefined;
	const facts = [algorithmVersion, ordered.map(source => [source.digest, source.missing]), limitBytes];
	return {sources: ordered, missing, limitBytes, ways, key: createHash('sha256').update(JSON.stringify(facts)).digest('hex')};
};

// To be counted up with whatever changes the bytes that are made of the same sources; what older servers made stays theirs.
const algorithmVersion = 1;
