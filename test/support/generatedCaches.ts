/** Caches for property tests: small, and so full of steps, layers and dates that several of them have in common. */
import fc from 'fast-check';
import {type Descriptor, type Digest, digestOf, mediaTypes} from 'oci-spec-types';
import type {CacheConfig, CacheRecord} from '../../src/cache/cacheConfig.ts';
import type {CacheDocument} from '../../src/cache/cacheDocument.ts';

export const layerDescriptor = (blob: Digest, size = 100): Descriptor => ({
	mediaType: mediaTypes.ociLayerGzip,
	digest: blob,
	size,
	annotations: {'buildkit/createdat': '2026-11-01T10:00:00Z', 'containerd.io/uncompressed': digestOf(Buffer.from(`tar of ${blob}`))},
});

/** A document with all its layers, or those without `gone`. */
export const cacheDocument = (config: CacheConfig, {form = 'manifest', types = 'oci', gone = []}: DocumentOptions = {}): CacheDocument => ({
	form,
	types,
	config,
	layers: [...new Set(config.layers.map(({blob}) => blob))].filter(blob => !gone.includes(blob)).map(blob => layerDescriptor(blob)),
});

type DocumentOptions = Partial<Pick<CacheDocument, 'form' | 'types'>> & {gone?: readonly Digest[]};

export const named = (name: string): Digest => digestOf(Buffer.from(name));

/** `offered`: `all` of the layers, or `some`. */
export const caches = (offered: 'all' | 'some' = 'some'): fc.Arbitrary<CacheDocument> =>
	fc
		.record({
			layers: fc.array(fc.tuple(blobs, fc.nat()), {minLength: 1, maxLength: 8}),
			records: fc.array(rows, {maxLength: 12}),
			shuffle: fc.array(fc.nat(), {minLength: 20, maxLength: 20}),
			gone:
				offered === 'all'
					? fc.constant([])
					: fc.oneof({weight: 2, arbitrary: fc.constant([])}, {weight: 1, arbitrary: fc.subarray(blobPool)}),
			form: fc.constantFrom(...forms),
		})
		.map(({layers, records, shuffle, gone, form}) => {
			const config: CacheConfig = {
				// Each layer and record refers to earlier ones only; then they are shuffled, as BuildKit's own order is no help either.
				layers: layers.map(([blob, below], at) => ({blob, parent: (below % (at + 1)) - 1})),
				records: records.map((row, at) => recordOf(row, at, layers.length)),
			};
			return cacheDocument(shuffled(config, shuffle), {...form, gone});
		});

const blobPool = Array.from({length: 6}, (_, at) => named(`blob ${at}`));
const stepPool = Array.from({length: 5}, (_, at) => named(`step ${at}`));
const blobs = fc.constantFrom(...blobPool);
const forms = [
	{form: 'manifest', types: 'oci'},
	{form: 'index', types: 'oci'},
	{form: 'index', types: 'docker'},
] as const;

const dates = fc.constantFrom(
	undefined,
	'2026-11-01T10:00:00Z',
	'2026-11-02T10:00:00.5Z',
	'2026-11-02T12:00:00+02:00',
	'2025-01-01T00:00:00Z',
);
const ways = fc.array(fc.record({link: fc.nat(), selector: fc.constantFrom(undefined, '/a', '/b')}), {minLength: 1, maxLength: 3});
const rows = fc.record({
	digest: fc.constantFrom(...stepPool),
	results: fc.array(fc.record({layer: fc.nat(), createdAt: dates}), {maxLength: 2}),
	chains: fc.array(fc.record({layers: fc.array(fc.nat(), {minLength: 1, maxLength: 3}), createdAt: dates}), {maxLength: 1}),
	inputs: fc.array(ways, {maxLength: 2}),
});
type Row = typeof rows extends fc.Arbitrary<infer T> ? T : never;

const recordOf = ({digest, results, chains, inputs}: Row, at: number, layerCount: number): CacheRecord => ({
	digest,
	results: results.map(({layer, createdAt}) => ({layer: layer % layerCount, ...(createdAt && {createdAt})})),
	chains: chains.map(({layers, createdAt}) => ({layers: layers.map(layer => layer % layerCount), ...(createdAt && {createdAt})})),
	inputs: at === 0 ? [] : inputs.map(all => all.map(({link, selector}) => ({...(selector && {selector}), link: link % at}))),
});

const shuffled = ({layers, records}: CacheConfig, keys: readonly number[]): CacheConfig => {
	const order = (count: number) => [...Array(count).keys()].sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || a - b);
	const layerOrder = order(layers.length);
	const recordOrder = order(records.length);
	const layerAt = (old: number) => layerOrder.indexOf(old);
	return {
		layers: layerOrder.flatMap(old => layers[old] ?? []).map(({blob, parent}) => ({blob, parent: layerAt(parent)})),
		records: recordOrder
			.flatMap(old => records[old] ?? [])
			.map(({digest, results, chains, inputs}) => ({
				digest,
				results: results.map(result => ({...result, layer: layerAt(result.layer)})),
				chains: chains.map(chain => ({...chain, layers: chain.layers.map(layerAt)})),
				inputs: inputs.map(all => all.map(way => ({...way, link: recordOrder.indexOf(way.link)}))),
			})),
	};
};
