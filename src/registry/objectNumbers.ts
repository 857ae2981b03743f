/** A repository's objects by numbers, and what each manifest names in them: looked up once, however often it is asked who needs what. */
import {setImmediate as otherWork} from 'node:timers/promises';
import type {Digest} from 'oci-spec-types';
import {createNumberList} from '../lib/numberList.ts';
import type {RepositoryInventory} from './inventory.ts';
import {digestIn, eachReference, type PackedReference} from './packedManifest.ts';

/** Blobs in the order of the inventory, then manifests in theirs. */
export type ObjectNumbers = {
	count: number;
	manifest(digest: Digest): number | undefined;
	/** What lies here of what a manifest names. Nothing of a blob. */
	below(object: number): Uint32Array;
	/** Whether some manifest names this blob as its config. */
	isConfig(object: number): boolean;
};

export const objectNumbersOf = ({blobs, manifests}: Pick<RepositoryInventory, 'blobs' | 'manifests'>): ObjectNumbers => {
	const known = computed.get(manifests);
	if (known?.blobs === blobs) return known.numbers;
	const numbering = numberSlowly(blobs, manifests);
	let step = numbering.next();
	while (!step.done) step = numbering.next();
	computed.set(manifests, {blobs, numbers: step.value});
	return step.value;
};

/** The same beforehand, with requests served in between: a million lookups take seconds. */
export const prepareObjectNumbers = async ({blobs, manifests}: Pick<RepositoryInventory, 'blobs' | 'manifests'>): Promise<void> => {
	const numbering = numberSlowly(blobs, manifests);
	let step = numbering.next();
	for (; !step.done; step = numbering.next()) await otherWork();
	computed.set(manifests, {blobs, numbers: step.value});
};

type Blobs = RepositoryInventory['blobs'];
type Manifests = RepositoryInventory['manifests'];

// As long as somebody has the inventory.
const computed = new WeakMap<Manifests, {blobs: Blobs; numbers: ObjectNumbers}>();

/** Pauses after some thousands of references. */
function* numberSlowly(blobs: Blobs, manifests: Manifests): Generator<void, ObjectNumbers> {
	const first = blobs.count;
	const ofManifests = new Map<Digest, number>();
	for (const digest of manifests.keys()) ofManifests.set(digest, first + ofManifests.size);
	const configs = new Uint8Array(Math.ceil(first / 8));
	const links = createNumberList();
	const starts = new Uint32Array(manifests.size + 1);

	let looked = 0;
	const take = (reference: PackedReference): void => {
		looked += 1;
		const {algorithm, bytes, at, mediaType, as} = reference;
		const manifest = as === 'blob' ? undefined : ofManifests.get(digestIn(reference));
		if (manifest !== undefined) links.add(manifest);
		const blob = as === 'manifest' ? undefined : blobs.indexOfBytes(algorithm, bytes, at);
		if (blob === undefined) return;
		links.add(blob);
		if (isConfigType(mediaType)) configs[blob >> 3] = (configs[blob >> 3] as number) | (1 << (blob & 7));
	};

	let at = 0;
	for (const {rows} of manifests.values()) {
		eachReference(rows, take);
		starts[++at] = links.count();
		if (looked < betweenPauses) continue;
		looked = 0;
		yield;
	}
	return {
		count: first + manifests.size,
		manifest: digest => ofManifests.get(digest),
		below: object => (object < first ? none : links.between(starts[object - first] as number, starts[object - first + 1] as number)),
		isConfig: object => object < first && ((configs[object >> 3] as number) & (1 << (object & 7))) !== 0,
	};
}

// Some milliseconds.
const betweenPauses = 5000;

const none = new Uint32Array();

const isConfigType = (mediaType: string): boolean => /\bconfig\b|cacheconfig|container\.image/.test(mediaType);
