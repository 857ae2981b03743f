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
	Buffer.from(JSON.stringify({layers: layers.map(({blob, parent}) => ({blob, parent})), records: records.map(formatRecord)}));

/** Layers and records that were read from JSON of whatever kind. Throws CacheInvalid. */
export const configOf = (json: unknown): CacheConfig => {
	const {layers, records} = object(json, 'the config');
	const rows = list(layers, 'layers');
	return configOfRecords(
		rows.map((row, index) => layerOf(row, `layers[${index}]`, rows.length)),
		records,
	);
};

/** The records of a config whose layers are known otherwise, as those of an inline cache are. Throws CacheInvalid. */
export const configOfRecords = (layers: readonly CacheLayer[], records: unknown): CacheConfig => {
	const rows = list(records, 'records');
	const counts = {layers: layers.length, records: rows.length};
	const config = {layers, records: rows.map((row, index) => recordOf(row, `records[${index}]`, counts))};
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

// BuildKit imports 1 MiB and may import 16 some day (moby/buildkit#3719).
const maxConfigBytes = 16 * 1024 * 1024;

/** A missing `parent` means 0: Go leaves zeros out. */
const layerOf = (json: unknown, where: string, count: number): CacheLayer => {
	const {blob, parent} = object(json, where);
	return {blob: digest(blob, `${where}.blob`), parent: parent === -1 ? -1 : index(parent, `${where}.parent`, count)};
};

type Counts = {layers: number; records: number};

const recordOf = (json: unknown, where: string, counts: Counts): CacheRecord => {
	const record = object(json, where);
	const layer = (value: unknown, at: string) => index(value, at, counts.layers);
	return {
		digest: digest(record.digest, `${where}.digest`),
		results: list(record.layers, `${where}.layers`).map((value, position): CacheResult => {
			const at = `${where}.layers[${position}]`;
			const result = object(value, at);
			return {layer: layer(result.layer, `${at}.layer`), ...dated(result.createdAt, at)};
		}),
		chains: list(record.chains, `${where}.chains`).map((value, position): CacheChain => {
			const at = `${where}.chains[${position}]`;
			const chain = object(value, at);
			const layers = list(chain.layers, `${at}.layers`).map((item, height) => layer(item, `${at}.layers[${height}]`));
			if (layers.length === 0 || layers.length > maxDepth) throw new CacheInvalid(`${at} has ${layers.length} layers`);
			return {layers, ...dated(chain.createdAt, at)};
		}),
		inputs: list(record.inputs, `${where}.inputs`).map((value, position) => {
			const at = `${where}.inputs[${position}]`;
			const ways = list(value, at).map((item, way) => inputOf(item, `${at}[${way}]`, counts.records));
			if (ways.length === 0) throw new CacheInvalid(`${at} can be met by nothing`);
			return ways;
		}),
	};
};

const inputOf = (json: unknown, where: string, recordCount: number): CacheInput => {
	const {selector, link} = object(json, where);
	if (isPresent(selector) && typeof selector !== 'string') throw new CacheInvalid(`${where}.selector is no text`);
	const input = {link: index(link, `${where}.link`, recordCount)};
	return selector ? {selector: selector as string, ...input} : input;
};

// No builder mounts so many layers on one another; and what walks from layer to layer has an end.
const maxDepth = 1024;

const object = (value: unknown, where: string): Record<string, unknown> => {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CacheInvalid(`${where} is no object`);
	return value as Record<string, unknown>;
};

/** Go leaves empty lists out, or writes `null`. */
const list = (value: unknown, where: string): readonly unknown[] => {
	if (!isPresent(value)) return [];
	if (!Array.isArray(value)) throw new CacheInvalid(`${where} is no list`);
	return value;
};

const digest = (value: unknown, where: string): Digest => {
	if (typeof value !== 'string' || !isDigest(value)) throw new CacheInvalid(`${where} is no digest`);
	return value;
};

/** Go leaves zeros out. */
const index = (value: unknown, where: string, count: number): number => {
	const number = value ?? 0;
	if (!Number.isSafeInteger(number)) throw new CacheInvalid(`${where} is no index`);
	if ((number as number) < 0 || (number as number) >= count) throw new CacheInvalid(`${where} is ${number}, and there are ${count}`);
	return number as number;
};

// Go's zero time says that there is none.
const dated = (value: unknown, where: string): {createdAt?: string} => {
	if (!isPresent(value) || value === zeroTime) return {};
	if (typeof value !== 'string' || !isCreatedAt(value)) throw new CacheInvalid(`${where}.createdAt is no time`);
	return {createdAt: value};
};

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

const formatRecord = ({digest, results, chains, inputs}: CacheRecord): object => ({
	...(results.length > 0 && {layers: results.map(({layer, createdAt}) => ({layer, ...(createdAt && {createdAt})}))}),
	...(chains.length > 0 && {chains: chains.map(({layers, createdAt}) => ({layers, ...(createdAt && {createdAt})}))}),
	digest,
	...(inputs.length > 0 && {inputs: inputs.map(ways => ways.map(({selector, link}) => (selector ? {selector, link} : {link})))}),
});
