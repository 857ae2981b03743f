/** Which objects of a repository are kept alive by whom: numbers alone, since ten thousand refs of a hundred layers make a million of them. */
import type {Digest} from 'oci-spec-types';
import {createNumberList} from '../lib/numberList.ts';
import type {RepositoryInventory} from '../registry/inventory.ts';
import {objectNumbersOf} from '../registry/objectNumbers.ts';

export type Holdings = {
	/** Objects are numbered: the blobs in the order of the inventory, then the manifests. */
	count: number;
	/** In bytes. */
	sizeOf(object: number): number;
	/** How many holders each object has. */
	counts: Uint32Array;
	/** The numbers of the objects of a holder, by its place. */
	ofHolder(at: number): Uint32Array;
	/** Whether the object with this number is a layer: a blob that is no config. */
	isLayer(object: number): boolean;
};

/** `roots` are whole: what they reference is theirs, and what refers to them. `parts` are themselves and their blob `config`. */
export type Holder = {roots: readonly Digest[]; parts?: readonly {digest: Digest; config: Digest}[]};

export const holdingsOf = (inventory: RepositoryInventory, holders: readonly Holder[]): Holdings => {
	const {blobs} = inventory;
	const objects = objectNumbersOf(inventory);
	const referrers = referrersIn(inventory);
	const counts = new Uint32Array(objects.count);
	const seen = new Uint32Array(objects.count);
	const found = createNumberList();
	const starts = new Uint32Array(holders.length + 1);

	const take = (object: number | undefined, stamp: number): void => {
		if (object === undefined || seen[object] === stamp) return;
		seen[object] = stamp;
		counts[object] = (counts[object] as number) + 1;
		found.add(object);
	};

	for (const [at, {roots, parts = []}] of holders.entries()) {
		const stamp = at + 1;
		for (const root of roots) take(objects.manifest(root), stamp);
		for (let next = starts[at] as number; next < found.count(); next += 1) {
			const object = found.at(next);
			for (const child of objects.below(object)) take(child, stamp);
			for (const referrer of referrers.get(object) ?? []) take(referrer, stamp);
		}
		for (const {digest, config} of parts) for (const object of [objects.manifest(digest), blobs.indexOf(config)]) take(object, stamp);
		starts[stamp] = found.count();
	}

	return {
		count: objects.count,
		sizeOf: sizesOf(inventory),
		counts,
		ofHolder: at => found.between(starts[at] as number, starts[at + 1] as number),
		isLayer: object => object < blobs.count && !objects.isConfig(object),
	};
};

const sizesOf = ({blobs, manifests, typeS3}: RepositoryInventory): Holdings['sizeOf'] => {
	const ofManifests = Float64Array.from(manifests.values(), ({size}) => size);
	// A layer that is kept for type=s3 too takes its place twice.
	const copies = new Map<number, number>();
	for (const {digest, size} of typeS3.layers) {
		const blob = blobs.indexOf(digest);
		if (blob !== undefined) copies.set(blob, size);
	}
	const {count} = blobs;
	return object => (object < count ? blobs.sizeAt(object) + (copies.get(object) ?? 0) : (ofManifests[object - count] as number));
};

/** What refers to each manifest, in numbers. */
const referrersIn = (inventory: RepositoryInventory): ReadonlyMap<number, readonly number[]> => {
	const objects = objectNumbersOf(inventory);
	const referrers = new Map<number, number[]>();
	for (const [digest, {subject}] of inventory.manifests) {
		const [of, referrer] = [subject && objects.manifest(subject), objects.manifest(digest)];
		if (of === undefined || referrer === undefined) continue;
		const known = referrers.get(of);
		if (known) known.push(referrer);
		else referrers.set(of, [referrer]);
	}
	return referrers;
};
