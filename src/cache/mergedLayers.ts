/** The layers of several caches as one list: a blob on the same layers below it is the same layer. */

import type {Descriptor, Digest} from 'oci-spec-types';
import {inByteOrder} from '../lib/byteOrder.ts';
import type {CacheChain, CacheLayer, CacheResult} from './cacheConfig.ts';
import type {CacheDocument} from './cacheDocument.ts';
import {layersInOrder} from './cacheOrder.ts';

/** Numbers the layers as they come. `ordered` keeps those that are used, in an order that depends on nothing but them. */
export const createMergedLayers = (documents: readonly CacheDocument[]) => {
	const offered = offeredLayers(documents);
	const layers: (CacheLayer & {depth: number})[] = [];
	const numbers = new Map<string, number>();

	const numberOf = (blob: Digest, parent: number): number => {
		const key = `${parent} ${blob}`;
		const known = numbers.get(key);
		if (known !== undefined) return known;
		layers.push({blob, parent, depth: parent === -1 ? 0 : (layers[parent]?.depth ?? 0) + 1});
		numbers.set(key, layers.length - 1);
		return layers.length - 1;
	};

	return {
		/** Takes the layers of one config in; answers which of ours a result of it gives, undefined where a layer of it is not offered. */
		add(source: readonly CacheLayer[]) {
			const ours = new Int32Array(source.length).fill(gone);
			for (const {index} of layersInOrder(source)) {
				const {blob, parent} = source[index] as CacheLayer;
				const below = parent === -1 ? -1 : (ours[parent] as number);
				if (below !== gone && offered.has(blob)) ours[index] = numberOf(blob, below);
			}
			return {
				layerOf: ({layer}: CacheResult): number | undefined => (ours[layer] === gone ? undefined : ours[layer]),
				/** A chain is what a layer with these below it is: BuildKit makes the same of both. */
				topOf({layers: chain}: CacheChain): number | undefined {
					const blobs = chain.map(index => (source[index] as CacheLayer).blob);
					return blobs.every(blob => offered.has(blob)) ? blobs.reduce((below, blob) => numberOf(blob, below), -1) : undefined;
				},
			};
		},
		ordered(used: Iterable<number>): {layers: CacheLayer[]; positions: ReadonlyMap<number, number>; descriptors: Descriptor[]} {
			const kept = new Set<number>();
			for (const top of used) for (let at = top; at !== -1 && !kept.has(at); at = layers[at]?.parent ?? -1) kept.add(at);
			const positions = new Map<number, number>();
			const positionOf = (number: number) => positions.get(number) ?? -1;
			const depthFirst = Map.groupBy(kept, number => layers[number]?.depth ?? 0);
			const ordered: CacheLayer[] = [];
			for (let depth = 0; depthFirst.has(depth); depth++) {
				const rows = (depthFirst.get(depth) ?? []).map(number => {
					const {blob, parent} = layers[number] as CacheLayer;
					return {number, blob, parent: positionOf(parent)};
				});
				rows.sort((a, b) => inByteOrder(a.blob, b.blob) || a.parent - b.parent);
				for (const {number, blob, parent} of rows) {
					positions.set(number, ordered.length);
					ordered.push({blob, parent});
				}
			}
			const blobs = new Set(ordered.map(({blob}) => blob));
			return {layers: ordered, positions, descriptors: [...blobs].map(blob => offered.get(blob) as Descriptor)};
		},
	};
};

export type MergedLayers = ReturnType<typeof createMergedLayers>;

const gone = -2;

/** Of several descriptors of one layer, the one that says most; whichever document it comes from. */
const offeredLayers = (documents: readonly CacheDocument[]): ReadonlyMap<Digest, Descriptor> => {
	const offered = new Map<Digest, Descriptor>();
	// Each is written once: a manifest may repeat one of megabytes thousands of times.
	const texts = new Map<Digest, string>();
	for (const layer of documents.flatMap(document => document.layers)) {
		const other = offered.get(layer.digest);
		const otherText = other && (texts.get(layer.digest) ?? JSON.stringify(other));
		const text = other && JSON.stringify(layer);
		if (otherText !== undefined && text !== undefined && !saysMore(text, otherText)) {
			texts.set(layer.digest, otherText);
			continue;
		}
		offered.set(layer.digest, layer);
		if (text !== undefined) texts.set(layer.digest, text);
	}
	return offered;
};

const saysMore = (text: string, other: string): boolean => (text.length === other.length ? text < other : text.length > other.length);
