/** The refs of a repository by its rules: what each leads to, and what it leads to no more. */
import {type Digest, parseTag, type Tag} from 'oci-spec-types';
import {cacheConfigMediaType} from '../cache/cacheDocument.ts';
import type {RefRule} from '../config/policy.ts';
import {inByteOrder} from '../lib/byteOrder.ts';
import type {HeadEntry, RepositoryInventory, TagEntry} from '../registry/inventory.ts';
import {unpackReferences} from '../registry/packedManifest.ts';
import type {TagFacts} from '../registry/registry.ts';
import {withinBounds, withinBytes} from './headBounds.ts';
import {type Decision, decide} from './refRules.ts';

export type LiveRef = {
	tag: Tag;
	decision: Decision;
	/** The newest push. */
	digest: Digest;
	pushedAt: Date;
	protectedBy?: ProtectedBy | undefined;
	/** Of a tag that merges: the pushes that count, and those that do no more. */
	heads: readonly HeadEntry[];
	passedHeads: readonly HeadEntry[];
	/** Manifests that it had, newest first: those that its rule keeps, and the others. */
	superseded: readonly Superseded[];
	passedSuperseded: readonly Superseded[];
};

/** A rule of the policy, or somebody by hand. */
export type ProtectedBy = 'policy' | 'hand';
export type Superseded = TagEntry['previous'][number];

/** `refs` in the byte order of their tags. `strayHeads` belong to no ref: no rule lets their tag merge. */
export type LiveRefs = {refs: readonly LiveRef[]; strayHeads: readonly HeadEntry[]};

export const liveRefsOf = (inventory: RepositoryInventory, rules: readonly RefRule[]): LiveRefs => {
	const headsOf = Map.groupBy(inventory.heads, ({tag}) => tag);
	const names = [...new Set([...inventory.tags.keys(), ...headsOf.keys()])].toSorted(inByteOrder);
	const refs = names.flatMap(name => {
		const tag = parseTag(name);
		return liveRefOf(inventory, tag, headsOf.get(tag) ?? [], decide(rules, inventory.repo, tag)) ?? [];
	});
	const merging = new Set(refs.filter(({decision}) => merges(decision)).map(({tag}) => tag));
	return {refs, strayHeads: inventory.heads.filter(({tag}) => !merging.has(tag))};
};

/** Every manifest that a ref leads to. */
export const keptBy = ({digest, heads, superseded}: LiveRef): readonly Digest[] => [
	...new Set([digest, ...heads.map(head => head.digest), ...superseded.map(entry => entry.digest)]),
];

const merges = ({behaviour}: Decision): boolean => behaviour.onPush === 'merge';

const liveRefOf = (inventory: RepositoryInventory, tag: Tag, allHeads: readonly HeadEntry[], decision: Decision): LiveRef | undefined => {
	const document = inventory.tags.get(tag);
	const entry = document?.deleted ? undefined : document;
	const heads = merges(decision) ? countingHeads(inventory, tag, entry, allHeads, decision) : [];
	const pushes = [...(entry ? [entry] : []), ...heads];
	const [first, ...others] = pushes;
	if (!first) return undefined;
	const newest = others.reduce<{digest: Digest; pushedAt: Date}>((last, push) => (push.pushedAt > last.pushedAt ? push : last), first);
	const counting = new Set(heads);
	const {keepSuperseded, protect} = decision.behaviour;
	const previous = entry?.previous ?? [];
	return {
		...{tag, decision, heads},
		digest: newest.digest,
		pushedAt: newest.pushedAt,
		protectedBy: entry?.protected ? 'hand' : protect ? 'policy' : undefined,
		passedHeads: merges(decision) ? allHeads.filter(head => !counting.has(head)) : [],
		superseded: previous.slice(0, keepSuperseded),
		passedSuperseded: previous.slice(keepSuperseded),
	};
};

/** As those who answer the tag count them. Whose manifest was deleted counts no more. */
const countingHeads = (
	inventory: RepositoryInventory,
	tag: Tag,
	entry: TagEntry | undefined,
	all: readonly HeadEntry[],
	{behaviour}: Decision,
): readonly HeadEntry[] => {
	const plain: (TagFacts & {head?: HeadEntry})[] = entry ? [{tag, digest: entry.digest, pushedAt: entry.pushedAt}] : [];
	const heads = all.filter(({digest}) => inventory.manifests.has(digest)).toSorted((a, b) => inByteOrder(a.key, b.key));
	const within = withinBounds([...plain, ...heads.map(head => ({...head, head}))], behaviour.heads);
	const layersOf = ({digest}: TagFacts) => {
		const manifest = inventory.manifests.get(digest);
		if (!manifest) return [];
		return unpackReferences(manifest.rows).filter(({as, mediaType}) => as !== 'manifest' && mediaType !== cacheConfigMediaType);
	};
	return withinBytes(within, layersOf, () => behaviour.heads.bytes).flatMap(({head}) => head ?? []);
};
