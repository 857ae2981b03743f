/** Layers and records in an order in which each follows what it lies on or needs. Both throw CacheInvalid where something needs itself. */
import type {CacheLayer, CacheRecord} from './cacheConfig.ts';
import {CacheInvalid} from './cacheInvalid.ts';

/** `depth` is how many layers lie below it. */
export const layersInOrder = (layers: readonly CacheLayer[]): {index: number; depth: number}[] => {
	const depths = new Int32Array(layers.length).fill(unseen);
	const order: {index: number; depth: number}[] = [];
	for (const start of layers.keys()) {
		const path: number[] = [];
		let at = start;
		while (at !== -1 && depths[at] === unseen) {
			depths[at] = entered;
			path.push(at);
			at = layers[at]?.parent ?? -1;
		}
		if (at !== -1 && depths[at] === entered) throw new CacheInvalid(`layers[${at}] lies on itself`);
		let depth = at === -1 ? 0 : (depths[at] as number) + 1;
		for (const index of path.reverse()) {
			order.push({index, depth});
			depths[index] = depth++;
		}
	}
	return order;
};

/** Indexes of records. Without recursion: a hostile chain of records is as long as the document. */
export const recordsInOrder = (records: readonly Pick<CacheRecord, 'inputs'>[]): number[] => {
	const states = new Int32Array(records.length).fill(unseen);
	const order: number[] = [];
	const path: number[] = [];
	for (let start = 0; start < records.length; start++) {
		if (states[start] === unseen) path.push(start);
		while (path.length > 0) {
			const at = path[path.length - 1] as number;
			if (states[at] === unseen) {
				states[at] = entered;
				for (const ways of records[at]?.inputs ?? []) {
					for (const {link} of ways) {
						if (states[link] === entered) throw new CacheInvalid(`records[${link}] needs itself`);
						if (states[link] === unseen) path.push(link);
					}
				}
			} else {
				path.pop();
				// On the path twice, from two records that need it: the second time there is nothing left to do.
				if (states[at] === left) continue;
				states[at] = left;
				order.push(at);
			}
		}
	}
	return order;
};

const unseen = -1;
const entered = -2;
const left = 0;
