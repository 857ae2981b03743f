/** Which refs of a repository, and which of the manifests that they had, its rules let go, when, and why. */
import type {RefRule} from '../config/policy.ts';
import {formatBytes, formatDuration} from '../config/units.ts';
import {inByteOrder} from '../lib/byteOrder.ts';
import type {HeadEntry, RepositoryInventory, TagEntry} from '../registry/inventory.ts';
import type {Removal} from '../registry/removal.ts';
import {expiryOf} from './expiry.ts';
import {formatRule} from './formatRule.ts';
import {type Holder, holdingsOf} from './holdings.ts';
import {keptBy, type LiveRef, type LiveRefs, liveRefsOf} from './liveRefs.ts';
import type {RepositoryUsage} from './refUse.ts';
import {derivedParts} from './summaries.ts';

export type RetentionGround = {
	/** Undefined where it cannot be read: then nothing is idle. */
	usage: RepositoryUsage | undefined;
	rules: readonly RefRule[];
	/** By the store's clock. */
	now: Date;
	/** For so long an import under way may need what a tag had before. */
	quarantineMs: number;
};

/** What goes at `at`, by the store's clock, if nobody pushes or imports it before. */
export type PlannedRemoval = Removal & {at: Date};

/** What goes now. */
export const decideRetention = (inventory: RepositoryInventory, ground: RetentionGround): readonly Removal[] =>
	planRetention(inventory, ground)
		.filter(({at}) => at <= ground.now)
		.map(({at, ...removal}) => removal);

/** What goes now, and what later, soonest first. The same whatever the order in which the inventory has things. */
export const planRetention = (inventory: RepositoryInventory, ground: RetentionGround): readonly PlannedRemoval[] => {
	const live = liveRefsOf(inventory, ground.rules);
	const planned = [
		...expiringRefs(inventory, live.refs, ground),
		...passedHeads(inventory, live, ground),
		...passedManifests(inventory, live.refs, ground),
	].toSorted(inOrder);
	if (planned.length === 0) return [];
	// What no removal lets go stays, and keeps what it holds.
	const going = new Set(planned.map(({ref}) => ref));
	const staying = live.refs.filter(ref => !going.has(ref));
	const parts = derivedParts(inventory, live.refs);
	const holderOf = (ref: LiveRef): Holder => ({roots: keptBy(ref), parts: parts.get(ref.tag)});
	const holdings = holdingsOf(inventory, [
		...planned.map(({ref, removal}) => (ref ? holderOf(ref) : {roots: removal.digest ? [removal.digest] : []})),
		...staying.map(holderOf),
	]);
	const counts = holdings.counts.slice();
	return planned.map(({at, removal}, index) => {
		let exclusiveBytes = 0;
		for (const object of holdings.ofHolder(index)) {
			counts[object] = (counts[object] as number) - 1;
			if (counts[object] === 0) exclusiveBytes += holdings.sizeOf(object);
		}
		return {...removal, at, exclusiveBytes};
	});
};

/** `ref` where the whole of it goes. */
type Planned = {at: Date; ref?: LiveRef; removal: Omit<Removal, 'exclusiveBytes'>};

const inOrder = (a: Planned, b: Planned): number => a.at.getTime() - b.at.getTime() || inByteOrder(nameOf(a), nameOf(b));

const nameOf = ({removal: {kind, tag, digest}}: Planned): string => `${kind} ${tag} ${digest}`;

const expiringRefs = ({repo}: RepositoryInventory, refs: readonly LiveRef[], {usage, now}: RetentionGround): Planned[] =>
	expiryOf(refs, usage, now).map(({ref, at, because, rule}) => ({
		at,
		ref,
		removal: {
			...{repo, kind: 'tag', tag: ref.tag, digest: ref.digest, pushedAt: ref.pushedAt},
			reason: `${because}, by ${formatRule(rule)}`,
			rule: {line: rule.line, match: rule.match.text},
		},
	}));

/** Pushes to merging tags that count no more. The manifest itself may still be wanted, and has a quarantine of its own. */
const passedHeads = ({repo}: RepositoryInventory, {refs, strayHeads}: LiveRefs, {now}: RetentionGround): Planned[] => {
	const removalOf = ({tag, digest, pushedAt}: HeadEntry, reason: string, rule?: RefRule): Planned => ({
		at: now,
		removal: {
			...{repo, kind: 'head', tag, digest, pushedAt, reason},
			rule: rule && {line: rule.line, match: rule.match.text},
		},
	});
	return [
		...refs.flatMap(({passedHeads, decision: {behaviour, decidedBy}}) => {
			const {count, ageMs, bytes} = behaviour.heads;
			const bounds = `not within the ${count} newest pushes, ${formatDuration(ageMs)} and ${formatBytes(bytes)} that count`;
			const by = decidedBy.heads ? formatRule(decidedBy.heads) : 'default';
			return passedHeads.map(head => removalOf(head, `${bounds}, by ${by}`, decidedBy.heads));
		}),
		...strayHeads.map(head => removalOf(head, `a push to a merging tag, and no rule lets ${repo}:${head.tag} merge any more`)),
	];
};

/** What tags had before. */
const passedManifests = ({repo, tags}: RepositoryInventory, refs: readonly LiveRef[], {now, quarantineMs}: RetentionGround): Planned[] => {
	const removalOf = (tag: LiveRef['tag'], {digest, since}: TagEntry['previous'][number], reason: string, rule?: RefRule): Planned => {
		const at = new Date(since.getTime() + quarantineMs);
		const age = formatDuration(Math.max(now.getTime(), at.getTime()) - since.getTime());
		return {
			at,
			removal: {
				...{repo, kind: 'superseded', tag, digest},
				reason: `replaced ${age} ago, so no import needs it (${formatDuration(quarantineMs)}); ${reason}`,
				rule: rule && {line: rule.line, match: rule.match.text},
			},
		};
	};
	const replaced = refs.flatMap(
		({
			tag,
			passedSuperseded,
			decision: {
				decidedBy: {superseded: rule},
			},
		}) =>
			passedSuperseded.map(entry =>
				removalOf(
					tag,
					entry,
					rule ? `superseded: ${rule.keep?.superseded}, by ${formatRule(rule)}` : 'superseded manifests are kept by no rule',
					rule,
				),
			),
	);
	const deleted = [...tags].flatMap(([tag, entry]) =>
		entry.deleted ? entry.previous.map(previous => removalOf(tag, previous, 'the tag is deleted')) : [],
	);
	return [...replaced, ...deleted];
};
