/** Which objects of a repository are kept alive by whom: numbers alone, since ten thousand refs of a hundred layers make a million of them. */
import type {Digest} from 'oci-spec-types';
import type {ManifestEntry, RepositoryInventory} from '../registry/inventory.ts';

export type Holdings = {
	/** In bytes, of each object: the blobs in the order of the inventory, then the manifests. */
	sizes: Float64Array;
	/** How many holders each object has. */
	counts: Uint32Array;
	/** For each holder the numbers of its objects. */
	ofHolders: readonly Uint32Array[];
	/** Whether the object with this number is a layer: a blob that is no config. */
	isLayer(object: number): boolean;
};

/** `roots` are whole: what they reference is theirs, and what refers to them. `parts` are themselves and their blob `config`. */
export type Holder = {roots: readonly Digest[]; parts?: readonly {digest: Digest; config: Digest}[]};

export const holdingsOf = (inventory: RepositoryInventory, holders: readonly Holder[]): Holdings => {
	const {blobs, manifests} = inventory;
	const objects = createObjects(inventory);
	const counts = new Uint32Array(objects.count);
	const seen = new Uint32Array(objects.count);

	const objectsOf = ({roots, parts = []}: Holder, stamp: number): Uint32Array => {
		const found: number[] = [];
		const take = (object: number | undefined) => {
			if (object === undefined || seen[object] === stamp) return;
			seen[object] = stamp;
			found.push(object);
		};
		for (const root of roots) take(objects.manifest(root));
		for (let at = 0; at < found.length; at += 1) for (const child of objects.below(found[at] as number)) take(child);
		for (const {digest, config} of parts) for (const object of [objects.manifest(digest), blobs.indexOf(config)]) take(object);
		for (const object of found) counts[object] = (counts[object] as number) + 1;
		return Uint32Array.from(found);
	};

	const sizes = new Float64Array(objects.count);
	for (let index = 0; index < blobs.count; index += 1) sizes[index] = blobs.sizeAt(index);
	let index = blobs.count;
	for (const {size} of manifests.values()) sizes[index++] = size;
	// A layer that is kept for type=s3 too takes its place twice.
	for (const {digest, size} of inventory.typeS3.layers) {
		const blob = blobs.indexOf(digest);
		if (blob !== undefined) sizes[blob] = (sizes[blob] as number) + size;
	}
	return {sizes, counts, ofHolders: holders.map((holder, at) => objectsOf(holder, at + 1)), isLayer: objects.isLayer};
};

/** Objects by their numbers, and what each needs; a manifest is looked into once, however many hold it. */
const createObjects = ({blobs, manifests}: RepositoryInventory) => {
	const digests = [...manifests.keys()];
	const numbers = new Map(digests.map((digest, at) => [digest, blobs.count + at]));
	const configs = new Set<number>();
	const below: (readonly number[])[] = [];
	const referrers = Map.groupBy(digests, digest => manifests.get(digest)?.subject);

	const referencesOf = ({references}: ManifestEntry): number[] =>
		references.flatMap(({digest, as, mediaType}) => {
			const object = (as === 'blob' ? undefined : numbers.get(digest)) ?? blobs.indexOf(digest);
			if (object === undefined) return [];
			if (isConfig(mediaType)) configs.add(object);
			return [object];
		});

	return {
		count: blobs.count + digests.length,
		manifest: (digest: Digest) => numbers.get(digest),
		isLayer: (object: number) => object < blobs.count && !configs.has(object),
		below(object: number): readonly number[] {
			if (object < blobs.count) return [];
			const digest = digests[object - blobs.count] as Digest;
			below[object - blobs.count] ??= [
				...referencesOf(manifests.get(digest) as ManifestEntry),
				...(referrers.get(digest) ?? []).map(referrer => numbers.get(referrer) as number),
			];
			return below[object - blobs.count] as readonly number[];
		},
	};
};

const isConfig = (mediaType: string): boolean => /\bconfig\b|cacheconfig|container\.image/.test(mediaType);
