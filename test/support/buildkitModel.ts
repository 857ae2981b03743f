/** How BuildKit gets from a step to its layers in an imported cache, in a few lines (BuildKit: solver/cachemanager.go, Query and Records; cache/remotecache/v1/parse.go). */
import type {Digest} from 'oci-spec-types';
import type {CacheRecord} from '../../src/cache/cacheConfig.ts';
import type {CacheDocument} from '../../src/cache/cacheDocument.ts';

/** What a build asks for: a step, and for each of its inputs one step that it has matched already. */
export type Query = {digest: Digest; inputs: readonly {selector: string; from: Query}[]};

/** Layers of a result, lowest first. */
export type Blobs = readonly Digest[];

/** For each record of a document one way to get there: `choose` picks one of `count` ways to meet an input. */
export const queriesOf = ({config: {records}}: CacheDocument, choose: (count: number) => number): Query[] => {
	const queries = new Map<number, Query>();
	const queryOf = (at: number): Query => {
		const known = queries.get(at);
		if (known) return known;
		const {digest, inputs} = records[at] as CacheRecord;
		const query = {
			digest,
			inputs: inputs.map(ways => {
				const {selector = '', link} = ways[choose(ways.length)] as {selector?: string; link: number};
				return {selector, from: queryOf(link)};
			}),
		};
		queries.set(at, query);
		return query;
	};
	return records.map((_, at) => queryOf(at));
};

/** Looks steps up in one imported cache; a hit is a list that is not empty. */
export const createLookup = (document: CacheDocument): ((query: Query) => Blobs[]) => {
	const {layers, records} = document.config;
	const offered = new Set(document.layers.map(({digest}) => digest));
	const matched = new Map<Query, ReadonlySet<number>>();

	const matches = (query: Query): ReadonlySet<number> => {
		const known = matched.get(query);
		if (known) return known;
		const inputs = query.inputs.map(({selector, from}) => ({selector, from: matches(from)}));
		const found = new Set([...records.keys()].filter(at => isMet(records[at] as CacheRecord, query.digest, inputs)));
		matched.set(query, found);
		return found;
	};

	const remoteOf = (layer: number): Blobs => {
		const {blob, parent} = layers[layer] as {blob: Digest; parent: number};
		return parent === -1 ? [blob] : [...remoteOf(parent), blob];
	};

	return query =>
		[...matches(query)]
			.flatMap(at => {
				const {results, chains} = records[at] as CacheRecord;
				const named = chains.map(chain => chain.layers.map(layer => (layers[layer] as {blob: Digest}).blob));
				return [...results.map(({layer}) => remoteOf(layer)), ...named];
			})
			.filter(blobs => blobs.every(blob => offered.has(blob)));
};

const isMet = (record: CacheRecord, digest: Digest, inputs: readonly {selector: string; from: ReadonlySet<number>}[]): boolean =>
	record.digest === digest &&
	record.inputs.length === inputs.length &&
	inputs.every(({selector, from}, input) => record.inputs[input]?.some(way => (way.selector ?? '') === selector && from.has(way.link)));
