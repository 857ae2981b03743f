/** A cache small enough that BuildKit imports it: what leads to nothing goes first, then what has not been renewed for longest. */
import type {Digest} from 'oci-spec-types';
import {type CacheLayer, type CacheRecord, formatRecord} from './cacheConfig.ts';
import {type CacheDocument, toManifest} from './cacheDocument.ts';
import {merge} from './merge.ts';

/** What a compaction cost, by name: records' and layers' digests, and how many results that newer ones of their records stand in for. */
export type Dropped = {records: readonly Digest[]; layers: readonly Digest[]; results: number};

/**
 * The document itself where manifest and config have `limitBytes` each at most. Else, step by step until they do:
 * written anew (equal steps once, unneeded fields gone); without records that lead to no layer; with the newest result
 * of each record, which is the one that BuildKit takes; and then without the records that only old results need. A
 * record is as young as the youngest result that it leads to: what new steps stand on is as good as new.
 */
export const compact = (document: CacheDocument, {limitBytes}: {limitBytes: number}): {document: CacheDocument; dropped: Dropped} => {
	if (fits(document, limitBytes)) return {document, dropped: {records: [], layers: [], results: 0}};
	const whole = merge([document]);
	const compacted = whole !== document && fits(whole, limitBytes) ? whole : shortened(whole, limitBytes);
	return {document: compacted, dropped: difference(document, whole, compacted)};
};

const fits = (document: CacheDocument, limitBytes: number): boolean => {
	const {manifest, config} = toManifest(document);
	return manifest.length <= limitBytes && config.length <= limitBytes;
};

/** A merged document without what it has to lose. */
const shortened = (whole: CacheDocument, limitBytes: number): CacheDocument => {
	const useful = byUse(whole.config.records);
	if (countWithin(whole, useful, limitBytes) === useful.length) return withRecords(whole, useful);
	const newest = withNewestResults(whole);
	return withRecords(newest, useful.slice(0, countWithin(newest, useful, limitBytes)));
};

/**
 * One result after the other, each behind all that it needs: the youngest first, and of what is equally young the first
 * that a build comes to. So that however many are kept, they lead to results, and need nothing that is not kept. What
 * leads to no result is not among them.
 */
const byUse = (records: readonly CacheRecord[]): number[] => {
	const ages = agesOf(records);
	const withResults = [...records.keys()].filter(at => records[at]?.results.length !== 0);
	const taken = new Set<number>();
	for (const top of withResults.sort((a, b) => (ages[b] as number) - (ages[a] as number) || a - b)) {
		for (const at of stillNeeded(records, top, taken)) taken.add(at);
	}
	return [...taken];
};

/** This record and what it needs, but what is taken; in a merged document each stands behind all that it needs. */
const stillNeeded = (records: readonly CacheRecord[], top: number, taken: ReadonlySet<number>): number[] => {
	const needed = new Set<number>();
	const waiting = [top];
	for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
		if (taken.has(at) || needed.has(at)) continue;
		needed.add(at);
		for (const ways of records[at]?.inputs ?? []) for (const {link} of ways) waiting.push(link);
	}
	return [...needed].sort((a, b) => a - b);
};

const leadsNowhere = Number.NEGATIVE_INFINITY;
const undated = -Number.MAX_VALUE;

/** Milliseconds since 1970 of the youngest result that each record has or leads to. */
const agesOf = (records: readonly CacheRecord[]): number[] => {
	const ages = records.map(({results: [newest]}) => {
		if (!newest) return leadsNowhere;
		return newest.createdAt === undefined ? undated : Date.parse(newest.createdAt);
	});
	// In a merged document a record stands behind all that it needs.
	for (const [at, {inputs}] of [...records.entries()].reverse()) {
		for (const ways of inputs) {
			for (const {link} of ways) ages[link] = Math.max(ages[link] as number, ages[at] as number);
		}
	}
	return ages;
};

const withNewestResults = (document: CacheDocument): CacheDocument => ({
	...document,
	config: {...document.config, records: document.config.records.map(record => ({...record, results: record.results.slice(0, 1)}))},
});

/** These records of a merged document, and the layers that they need; all that they link to must be among them. */
const withRecords = (document: CacheDocument, kept: readonly number[]): CacheDocument => {
	const {layers, records} = document.config;
	const inOrder = kept.toSorted((a, b) => a - b);
	const links = new Map(inOrder.map((at, position) => [at, position]));
	const keptRecords = inOrder.map(at => records[at] as CacheRecord);
	const needed = neededLayers(document, keptRecords);
	const positions = new Map(needed.map((at, position) => [at, position]));
	const blobs = new Set(needed.map(at => layers[at]?.blob));
	return {
		...document,
		config: {
			layers: needed.flatMap(at => layers[at] ?? []).map(({blob, parent}) => ({blob, parent: positions.get(parent) ?? -1})),
			records: keptRecords.map(record => ({
				...record,
				inputs: record.inputs.map(ways => ways.map(way => ({...way, link: links.get(way.link) as number}))),
				results: record.results.map(result => ({...result, layer: positions.get(result.layer) as number})),
			})),
		},
		layers: document.layers.filter(({digest}) => blobs.has(digest)),
	};
};

const neededLayers = ({config: {layers}}: CacheDocument, records: readonly CacheRecord[]): number[] => {
	const needed = new Set<number>();
	for (const {results} of records) {
		for (const {layer} of results) for (let at = layer; at !== -1 && !needed.has(at); at = layers[at]?.parent ?? -1) needed.add(at);
	}
	return [...needed].sort((a, b) => a - b);
};

/** How many of these records, with the layers that they need, have `limitBytes` at most in config and manifest. Their sizes in the whole are added up: indexes only become shorter. */
const countWithin = (document: CacheDocument, records: readonly number[], limitBytes: number): number => {
	const {config} = document;
	const descriptors = new Map(document.layers.map(layer => [layer.digest, layer]));
	const empty = toManifest({...document, config: {layers: [], records: []}, layers: []});
	const bytes = {config: empty.config.length, manifest: empty.manifest.length + configSizeDigits};
	const counted = new Set<number | Digest>();
	const isOver = (record: CacheRecord): boolean => {
		bytes.config += lengthOf(formatRecord(record));
		for (const {layer: top} of record.results) {
			for (let at = top; at !== -1 && !counted.has(at); at = config.layers[at]?.parent ?? -1) {
				const layer = config.layers[at] as CacheLayer;
				counted.add(at);
				bytes.config += lengthOf(layer);
				if (!counted.has(layer.blob)) bytes.manifest += lengthOf(descriptors.get(layer.blob));
				counted.add(layer.blob);
			}
		}
		return bytes.config > limitBytes || bytes.manifest > limitBytes;
	};
	const over = records.findIndex(at => isOver(config.records[at] as CacheRecord));
	return over === -1 ? records.length : over;
};

// An empty config has a size of two digits in its descriptor, a full one of eight at most.
const configSizeDigits = 6;

/** With the comma behind it. */
const lengthOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) + 1;

const difference = (before: CacheDocument, whole: CacheDocument, after: CacheDocument): Dropped => {
	const layers = new Set(after.layers.map(({digest}) => digest));
	const results = ({config}: CacheDocument) => config.records.reduce((sum, record) => sum + record.results.length, 0);
	return {
		records: droppedRecords(whole.config.records, after.config.records),
		layers: [...new Set(before.layers.map(({digest}) => digest))].filter(digest => !layers.has(digest)),
		results: results(whole) - results(after),
	};
};

/** Several records may have one digest: each counts. */
const droppedRecords = (before: readonly CacheRecord[], after: readonly CacheRecord[]): Digest[] => {
	const left = Map.groupBy(after, ({digest}) => digest);
	return [...Map.groupBy(before, ({digest}) => digest)].flatMap(([digest, rows]) =>
		rows.slice(left.get(digest)?.length ?? 0).map(() => digest),
	);
};
