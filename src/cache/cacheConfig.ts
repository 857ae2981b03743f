/** A cache's config, BuildKit's own JSON (BuildKit: cache/remotecache/v1/types/spec.go): what each step is called, what it needs, which layers it gives. */
import {type Digest, isDigest} from 'oci-spec-types';
import {CacheInvalid} from './cacheInvalid.ts';
import {layersInOrder, recordsInOrder} from './cacheOrder.ts';
import {isCreatedAt, zeroTime} from './createdAt.ts';

/** Every index in it is in range, and neither layers nor records go round in circles. */
export type CacheConfig = {layers: readonly CacheLayer[]; records: readonly CacheRecord[]};

/** A layer on top of another: `parent` is an index into the layers, -1 where there is none. */
export type CacheLayer = {blob: Digest; parent: number};

/**
 * A step. Each of its `inputs` can be met in several ways, at least one; a step without inputs is a source.
 * `results` are the layers it gives, `chains` the same with each layer named, lowest first (inline caches have them).
 */
export type CacheRecord = {
	digest: Digest;
	results: readonly CacheResult[];
	chains: readonly CacheChain[];
	inputs: readonly (readonly CacheInput[])[];
};

/** `createdAt` as RFC 3339; missing where BuildKit knew none. */
export type CacheResult = {layer: number; createdAt?: string};
export type CacheChain = {layers: readonly number[]; createdAt?: string};
/** `link` is an index into the records; `selector` names a path in what that step gives. */
export type CacheInput = {selector?: string; link: number};

/**
 * A config blob to a value. Throws CacheInvalid for whatever BuildKit refuses to import (indexes out of range, loops,
 * an input that nothing can meet), and for sizes that no builder makes. Checked by hand: zod takes ten times as long
 * for the thousands of rows that a union reads.
 */
export const parseCacheConfig = (bytes: Uint8Array): CacheConfig => configOf(parseJson(bytes));

/** A config as BuildKit reads it, as short as JSON gets; equal configs have equal bytes. */
export const formatCacheConfig = ({layers, records}: CacheConfig): Uint8Array =>
	Buffer.from(JSON.stringify({layers, records: records.map(formatRecord)}));

/** A record as it stands in the config. */
export const formatRecord = ({digest, results, chains, inputs}: CacheRecord): object => ({
	layers: results.length > 0 ? results : undefined,
	chains: chains.length > 0 ? chains : undefined,
	digest,
	inputs: inputs.length > 0 ? inputs : undefined,
});

/** Layers and records that were read from JSON of whatever kind. Throws CacheInvalid. */
export const configOf = (json: unknown): CacheConfig => {
	const {layers, records} = object(json, 'the config');
	const rows = list(layers, 'its list of layers');
	return configOfRecords(
		each('layers', rows, row => layerOf(row, rows.length)),
		records,
	);
};

/** The records of a config whose layers are known otherwise, as those of an inline cache are. Throws CacheInvalid. */
export const configOfRecords = (layers: readonly CacheLayer[], records: unknown): CacheConfig => {
	const rows = list(records, 'the list of records');
	const counts = {layers: layers.length, records: rows.length};
	const config = {layers, records: each('records', rows, row => recordOf(row, counts))};
	for (const {index, depth} of layersInOrder(layers)) {
		if (depth >= maxDepth) throw new CacheInvalid(`layers[${index}] lies on ${maxDepth} others or more`);
	}
	recordsInOrder(config.records);
	return config;
};

/** JSON in UTF-8. Throws CacheInvalid. */
export const parseJson = (bytes: Uint8Array): unknown => {
	if (bytes.length > maxConfigBytes)
		throw new CacheInvalid(`a config of ${bytes.length} bytes is read by nobody; ${maxConfigBytes} are the most`);
	try {
		return JSON.parse(new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes));
	} catch (error) {
		throw new CacheInvalid('the config is no JSON', {cause: error});
	}
};

/** What is larger is read by nobody: BuildKit imports 1 MiB and may import 16 some day (moby/buildkit#3719). */
export const maxConfigBytes = 16 * 1024 * 1024;

/** The row is named when something is wrong, and only then: naming each place beforehand took longer than checking it. */
const each = <T>(name: string, rows: readonly unknown[], parse: (row: unknown) => T): T[] =>
	rows.map((row, position) => {
		try {
			return parse(row);
		} catch (error) {
			throw error instanceof CacheInvalid ? new CacheInvalid(`${name}[${position}]: ${error.message}`) : error;
		}
	});

const eachOf = <T>(rows: readonly unknown[], parse: (row: unknown) => T): readonly T[] => (rows.length === 0 ? none : rows.map(parse));

/** A missing `parent` means 0: Go leaves zeros out. */
const layerOf = (json: unknown, count: number): CacheLayer => {
	const {blob, parent} = object(json, 'it');
	return {blob: digest(blob, 'blob'), parent: parent === -1 ? -1 : index(parent, 'parent', count)};
};

type Counts = {layers: number; records: number};

const recordOf = (json: unknown, counts: Counts): CacheRecord => {
	const record = object(json, 'it');
	return {
		digest: digest(record.digest, 'digest'),
		results: eachOf(list(record.layers, 'layers'), (row): CacheResult => {
			const {layer, createdAt} = object(row, 'one of its layers');
			return dated({layer: index(layer, 'layer', counts.layers)}, createdAt);
		}),
		chains: eachOf(list(record.chains, 'chains'), (row): CacheChain => {
			const chain = object(row, 'one of its chains');
			const layers = list(chain.layers, 'layers of a chain').map(layer => index(layer, 'layer of a chain', counts.layers));
			if (layers.length === 0 || layers.length > maxDepth) throw new CacheInvalid(`a chain has ${layers.length} layers`);
			return dated({layers}, chain.createdAt);
		}),
		inputs: eachOf(list(record.inputs, 'inputs'), row => {
			const ways = list(row, 'an input');
			if (ways.length === 0) throw new CacheInvalid('an input can be met by nothing');
			return ways.map(way => inputOf(way, counts.records));
		}),
	};
};

const inputOf = (json: unknown, recordCount: number): CacheInput => {
	const {selector, link} = object(json, 'a way to meet an input');
	if (isPresent(selector) && typeof selector !== 'string') throw new CacheInvalid('a selector is no text');
	const record = index(link, 'link', recordCount);
	return selector ? {selector: selector as string, link: record} : {link: record};
};

// No builder mounts so many layers on one another; and what walks from layer to layer has an end.
const maxDepth = 1024;

const object = (value: unknown, name: string): Record<string, unknown> => {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CacheInvalid(`${name} is no object`);
	return value as Record<string, unknown>;
};

// Most lists of most records are empty; one stands for all of them.
const none: readonly never[] = [];

/** Go leaves empty lists out, or writes `null`. */
const list = (value: unknown, name: string): readonly unknown[] => {
	if (!isPresent(value)) return none;
	if (!Array.isArray(value)) throw new CacheInvalid(`${name}: no list`);
	return value;
};

const digest = (value: unknown, name: string): Digest => {
	if (typeof value !== 'string' || !isDigest(value)) throw new CacheInvalid(`${name} is no digest`);
	return value;
};

/** Go leaves zeros out. */
const index = (value: unknown, name: string, count: number): number => {
	const number = value ?? 0;
	if (!Number.isSafeInteger(number)) throw new CacheInvalid(`${name} is no index`);
	if ((number as number) < 0 || (number as number) >= count) throw new CacheInvalid(`${name} is ${number}, and there are ${count}`);
	return number as number;
};

// Go's zero time says that there is none.
const dated = <T extends object>(value: T, createdAt: unknown): T & {createdAt?: string} => {
	if (!isPresent(createdAt) || createdAt === zeroTime) return value;
	if (typeof createdAt !== 'string' || !isCreatedAt(createdAt)) throw new CacheInvalid('createdAt is no time');
	return {...value, createdAt};
};

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;
