/** What each ref of a repository holds, in numbers: the ground of budgets, prune, lists and reports. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import {isIndexMediaType} from 'oci-spec-types';
import {cacheConfigMediaType} from '../cache/cacheDocument.ts';
import type {RefRule} from '../config/policy.ts';
import type {DerivedEntry, RepositoryInventory} from '../registry/inventory.ts';
import {type Holdings, holdingsOf} from './holdings.ts';
import {keptBy, type LiveRef, liveRefsOf, type ProtectedBy} from './liveRefs.ts';
import {type RefUse, type RepositoryUsage, useOf} from './refUse.ts';

/** All bytes are those of blobs, configs and manifests, each once. */
export type RefSummary = RefUse & {
	repo: RepositoryName;
	tag: Tag;
	/** What it points at; of a merging tag the newest push. */
	digest: Digest;
	mediaType: string;
	kind: 'cache' | 'image' | 'other';
	/** Who keeps it from retention, prune and budgets. */
	protectedBy?: ProtectedBy | undefined;
	/** Of all that it leads to: its manifest, its heads that count, the superseded ones that its rule keeps, and what refers to them. */
	bytes: number;
	/** Those that only this ref keeps alive. */
	exclusiveBytes: number;
	/** Each object's size divided by the number of refs that keep it alive: the sum over all refs is what all of them keep. */
	shareBytes: number;
	layers: number;
	heads: number;
	superseded: number;
};

export type RepositorySummary = {
	repo: RepositoryName;
	/** In the byte order of their tags. */
	refs: readonly RefSummary[];
	blobs: number;
	manifests: number;
	/** Of all blobs and manifests that lie here. */
	bytes: number;
	/** Of those that some ref keeps alive; the rest is young, or on its way out. */
	heldBytes: number;
	shared: SharedObjects;
};

/** The objects that several refs keep alive. */
export type SharedObjects = {
	/** In bytes. */
	sizes: Float64Array;
	/** For each of `refs`, in their order, the numbers of those that it keeps alive; empty where nothing is shared. */
	ofRefs: readonly Uint32Array[];
};

export const summarize = (
	inventory: RepositoryInventory,
	usage: RepositoryUsage | undefined,
	rules: readonly RefRule[],
): RepositorySummary => {
	const {repo, blobs, manifests} = inventory;
	const {refs} = liveRefsOf(inventory, rules);
	const parts = derivedParts(inventory, refs);
	const holdings = holdingsOf(
		inventory,
		refs.map(ref => ({roots: keptBy(ref), parts: parts.get(ref.tag)})),
	);
	let [bytes, heldBytes] = [0, 0];
	for (let object = 0; object < holdings.count; object += 1) {
		const size = holdings.sizeOf(object);
		bytes += size;
		if (holdings.counts[object] !== 0) heldBytes += size;
	}
	return {
		repo,
		refs: refs.map((ref, at) => ({
			repo,
			tag: ref.tag,
			digest: ref.digest,
			mediaType: inventory.manifests.get(ref.digest)?.mediaType ?? '',
			kind: kindOf(inventory, ref.digest),
			...useOf(ref.tag, ref.pushedAt, usage),
			protectedBy: ref.protectedBy,
			...weigh(holdings, at),
			heads: ref.heads.length,
			superseded: ref.superseded.length,
		})),
		blobs: blobs.count,
		manifests: manifests.size,
		bytes,
		heldBytes,
		shared: sharedOf(holdings, refs.length),
	};
};

/** A document that was made counts for the tag that it was made for, or else for the first that it was made of; no longer than each of its sources is what it was. */
export const derivedParts = ({derived}: RepositoryInventory, refs: readonly LiveRef[]): ReadonlyMap<Tag, DerivedEntry[]> => {
	const sources = new Map(refs.map(({tag, digest, heads}) => [tag, new Set([digest, ...heads.map(head => head.digest)])]));
	const live = derived.filter(entry => entry.sources.every(({tag, digest}) => sources.get(tag)?.has(digest)));
	return Map.groupBy(live, ({tag, sources: [first]}) => (sources.has(tag) || !first ? tag : first.tag));
};

const weigh = ({sizeOf, counts, ofHolder, isLayer}: Holdings, at: number) => {
	let [bytes, exclusiveBytes, shareBytes, layers] = [0, 0, 0, 0];
	for (const object of ofHolder(at)) {
		const [size, count] = [sizeOf(object), counts[object] as number];
		bytes += size;
		if (count === 1) exclusiveBytes += size;
		shareBytes += size / count;
		if (isLayer(object)) layers += 1;
	}
	return {bytes, exclusiveBytes, shareBytes, layers};
};

const sharedOf = ({sizeOf, counts, ofHolder}: Holdings, holders: number): SharedObjects => {
	const numbers = new Map<number, number>();
	for (let object = 0; object < counts.length; object += 1) if ((counts[object] as number) > 1) numbers.set(object, numbers.size);
	if (numbers.size === 0) return {sizes: new Float64Array(), ofRefs: []};
	return {
		sizes: Float64Array.from(numbers.keys(), sizeOf),
		ofRefs: Array.from({length: holders}, (_, at) => Uint32Array.from([...ofHolder(at)].flatMap(object => numbers.get(object) ?? []))),
	};
};

const kindOf = ({manifests}: RepositoryInventory, digest: Digest): RefSummary['kind'] => {
	const manifest = manifests.get(digest);
	if (!manifest) return 'other';
	const {mediaTypes} = manifest.rows;
	if (mediaTypes.includes(cacheConfigMediaType)) return 'cache';
	return isIndexMediaType(manifest.mediaType) || mediaTypes.some(type => imageConfigs.includes(type)) ? 'image' : 'other';
};

const imageConfigs = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];
