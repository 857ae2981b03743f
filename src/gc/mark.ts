/** What is reachable: which manifests something leads to, and which blobs a manifest names. Pure: an inventory and what policy takes from it. */
import type {Digest, Tag} from 'oci-spec-types';
import type {DerivedEntry, HeadEntry, ManifestEntry, RepositoryInventory, TagEntry} from '../registry/inventory.ts';
import type {Lifetimes} from '../registry/lifetimes.ts';
import {objectNumbersOf} from '../registry/objectNumbers.ts';
import {unpackReferences} from '../registry/packedManifest.ts';
import type {Removal} from '../registry/removal.ts';
import type {RetentionDecision} from './retention.ts';

export type MarkRules = {
	lifetimes: Pick<Lifetimes, 'graceMs' | 'quarantineMs'>;
	/** Of this repository; that a tag goes counts once it was swapped, the rest at once. */
	decision: RetentionDecision;
};

/** Each with the reason for which it is not needed: none, and it is. */
export type Marks = {
	manifest(digest: Digest): string | undefined;
	head(head: HeadEntry): string | undefined;
	derived(pointer: DerivedEntry): string | undefined;
	/** Of the document of a deleted tag. */
	tag(tag: Tag): string | undefined;
	/** Entries of a tag's `previous` that nobody needs any more. */
	expired(tag: Tag): ReadonlySet<Digest>;
};

export const mark = (inventory: RepositoryInventory, {lifetimes, decision}: MarkRules): Marks => {
	const {startedAt, tags, heads, manifests, derived} = inventory;
	const isWithin = (ms: number, at: Date) => startedAt.getTime() - at.getTime() <= ms;
	const isYoung = ({modified}: {modified: Date}) => isWithin(lifetimes.graceMs, modified);
	const untaggedMs = Math.max(lifetimes.graceMs, decision.untaggedMs);
	const passed = removalsOf(decision.removals);
	const unreferenced = `no tag leads to it${decision.untaggedBy ? ` (${decision.untaggedBy})` : ''}`;

	const headReason = (head: HeadEntry): string | undefined =>
		isYoung({modified: head.pushedAt}) ? undefined : (passed.heads.get(nameOf(head.tag, head.digest)) ?? passed.tags.get(head.tag));

	/** Whoever imported by what was replaced may still be at it. */
	const isKept = (tag: Tag, {deleted}: TagEntry, {digest, since}: TagEntry['previous'][number]): boolean =>
		isWithin(lifetimes.quarantineMs, since) || (!deleted && !passed.superseded.has(nameOf(tag, digest)));

	const kept = new Map([...tags].map(([tag, entry]) => [tag, entry.previous.filter(previous => isKept(tag, entry, previous))]));

	const tagged = new Set<Digest>();
	for (const [tag, entry] of tags) {
		if (!entry.deleted) tagged.add(entry.digest);
		for (const {digest} of kept.get(tag) ?? []) tagged.add(digest);
	}
	for (const head of heads) if (!headReason(head)) tagged.add(head.digest);

	const answers = answersOf(inventory, head => !headReason(head));
	const isAnswered = ({sources}: DerivedEntry) => sources.every(({tag, digest}) => answers.get(tag)?.has(digest));
	const derivedReason = (pointer: DerivedEntry): string | undefined =>
		isYoung(pointer.object) || isAnswered(pointer) ? undefined : 'made of what its sources are no more';

	const roots = new Set([...tagged, ...(decision.keeps ?? [])]);
	for (const pointer of derived) if (!derivedReason(pointer)) roots.add(pointer.digest);
	for (const [digest, {modified}] of manifests) if (isWithin(untaggedMs, modified)) roots.add(digest);
	const marked = closureOf(manifests, roots);

	return {
		head: headReason,
		derived: derivedReason,
		manifest: digest => (marked.has(digest) ? undefined : (passed.untagged.get(digest) ?? passed.digests.get(digest) ?? unreferenced)),
		tag: tag => (tags.get(tag)?.deleted && kept.get(tag)?.length === 0 ? 'the tag was deleted' : undefined),
		expired(tag) {
			const stays = new Set(kept.get(tag)?.map(({digest}) => digest));
			return new Set(tags.get(tag)?.previous.flatMap(({digest}) => (stays.has(digest) ? [] : [digest])));
		},
	};
};

/** One bit for each blob of an inventory, by its index. */
export type BlobMarks = {has(index: number): boolean};

/** Every manifest that is there keeps its blobs, needed or not: who reads it a moment before it goes has a quarantine's time for its layers. */
export const markBlobs = (inventory: RepositoryInventory, isThere: (manifest: Digest) => boolean): BlobMarks => {
	const {blobs, manifests} = inventory;
	const objects = objectNumbersOf(inventory);
	const bits = new Uint8Array(Math.ceil(blobs.count / 8));
	let manifest = blobs.count;
	for (const digest of manifests.keys()) {
		const below = objects.below(manifest++);
		if (!isThere(digest)) continue;
		for (const index of below) if (index < blobs.count) bits[index >> 3] = (bits[index >> 3] as number) | (1 << (index & 7));
	}
	return {has: index => ((bits[index >> 3] as number) & (1 << (index & 7))) !== 0};
};

const nameOf = (tag: Tag, digest: Digest): string => `${tag}@${digest}`;

/** Reasons. `digests`: of manifests that go with what held them. */
const removalsOf = (removals: readonly Removal[]) => {
	const found = {
		tags: new Map<Tag, string>(),
		heads: new Map<string, string>(),
		superseded: new Map<string, string>(),
		untagged: new Map<Digest, string>(),
		digests: new Map<Digest, string>(),
	};
	for (const {kind, tag, digest, reason} of removals) {
		if (kind === 'tag' && tag) found.tags.set(tag, reason);
		if (kind === 'head' && tag && digest) found.heads.set(nameOf(tag, digest), reason);
		if (kind === 'superseded' && tag && digest) found.superseded.set(nameOf(tag, digest), reason);
		if (kind === 'untagged' && digest) found.untagged.set(digest, reason);
		if (digest) found.digests.set(digest, reason);
	}
	return found;
};

/** What each tag is made of now, when it is read. */
const answersOf = ({tags, heads}: RepositoryInventory, counts: (head: HeadEntry) => boolean): ReadonlyMap<Tag, ReadonlySet<Digest>> => {
	const answers = new Map<Tag, Set<Digest>>();
	const add = (tag: Tag, digest: Digest) => answers.set(tag, (answers.get(tag) ?? new Set<Digest>()).add(digest));
	for (const [tag, {digest, deleted}] of tags) if (!deleted) add(tag, digest);
	for (const head of heads) if (counts(head)) add(head.tag, head.digest);
	return answers;
};

/** What roots lead to: children of indexes, and what refers to any of these. */
const closureOf = (manifests: RepositoryInventory['manifests'], roots: ReadonlySet<Digest>): ReadonlySet<Digest> => {
	const referrers = Map.groupBy(manifests, ([, {subject}]) => subject);
	const marked = new Set<Digest>();
	const waiting = [...roots];
	for (let digest = waiting.pop(); digest; digest = waiting.pop()) {
		const manifest = manifests.get(digest);
		if (!manifest || marked.has(digest)) continue;
		marked.add(digest);
		waiting.push(...childrenOf(manifests, manifest));
		for (const [referrer] of referrers.get(digest) ?? []) waiting.push(referrer);
	}
	return marked;
};

export const childrenOf = (manifests: RepositoryInventory['manifests'], manifest: ManifestEntry): Digest[] =>
	manifest.onlyBlobs
		? []
		: unpackReferences(manifest.rows).flatMap(({digest, as}) => (as !== 'blob' && manifests.has(digest) ? [digest] : []));
