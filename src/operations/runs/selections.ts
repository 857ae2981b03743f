/** Which refs go by name or by conditions, and which of those that were meant stay. Pure: from summaries to removals. */
import {formatBytes, formatDuration} from '../../config/units.ts';
import {inByteOrder} from '../../lib/byteOrder.ts';
import {type LedgerEntry, openLedger} from '../../refs/ledger.ts';
import type {Removal} from '../../refs/removal.ts';
import type {RefSummary, RepositorySummary} from '../../refs/summaries.ts';
import {formatRef, type RefName} from './refRows.ts';

/** `kept`: what was meant, and why it stays. */
export type Selection = {removals: readonly Removal[]; kept: readonly Kept[]};
export type Kept = {repository: string; tag: string; because: string};

/** All that are given have to hold. */
export type PruneConditions = {
	repo?: ((repo: string) => boolean) | undefined;
	tag?: ((tag: string) => boolean) | undefined;
	/** Milliseconds since the last push. */
	olderThan?: number | undefined;
	/** Milliseconds since anybody pushed, imported or read it; where that is not known it does not hold. */
	idle?: number | undefined;
	/** Bytes that only this ref keeps alive. */
	largerThan?: number | undefined;
	/** The newest so many of those of a repository that `tag` means stay. */
	keep?: number | undefined;
};

/** `missing` are not there at all. */
export const selectByName = (
	summaries: readonly RepositorySummary[],
	names: readonly RefName[],
): Selection & {missing: readonly RefName[]} => {
	const wanted = new Map(names.map(name => [formatRef(name), name]));
	const entries = entriesOf(summaries).filter(({ref}) => wanted.has(formatRef(ref)));
	for (const {ref} of entries) wanted.delete(formatRef(ref));
	return {...letGo(summaries, entries, () => 'deleted by name'), missing: [...wanted.values()]};
};

export const selectByConditions = (summaries: readonly RepositorySummary[], conditions: PruneConditions, now: Date): Selection => {
	const {repo, tag, keep} = conditions;
	const meant = entriesOf(summaries).filter(({ref}) => (!repo || repo(ref.repo)) && (!tag || tag(ref.tag)));
	const places = placesOf(meant);
	const due = meant.filter(({ref}) => measures.every(({holds}) => holds(ref, conditions, now)));
	const isKept = ({ref}: LedgerEntry) => keep !== undefined && (places.get(ref) as number) < keep;
	const {removals, kept} = letGo(
		summaries,
		due.filter(entry => !isKept(entry)),
		ref => reasonOf(ref, conditions, now, places.get(ref) as number),
	);
	const newest = due.filter(isKept).map(({ref}) => ({...nameOf(ref), because: `one of the newest ${keep} of its repository`}));
	// Who says nothing but how many shall stay knows which those are.
	return {removals, kept: measures.some(({of}) => of(conditions) !== undefined) ? [...kept, ...newest] : kept};
};

/** Whether anything is said of which refs go. */
export const isConditional = ({tag, olderThan, idle, largerThan, keep}: PruneConditions): boolean =>
	[tag, olderThan, idle, largerThan, keep].some(condition => condition !== undefined);

/** Protected ones stay. */
const letGo = (
	summaries: readonly RepositorySummary[],
	entries: readonly LedgerEntry[],
	reason: (ref: RefSummary) => string,
): Selection => {
	const going = new Set(entries.filter(({ref}) => !ref.protectedBy).map(({ref}) => formatRef(ref)));
	const ledger = openLedger(summaries, []);
	const removals = ledger
		.entries()
		.filter(({ref}) => going.has(formatRef(ref)))
		.map(entry => removalOf(entry.ref, reason(entry.ref), ledger.release(entry)));
	const kept = entries
		.filter(({ref}) => ref.protectedBy)
		.map(({ref}) => ({...nameOf(ref), because: protections[ref.protectedBy as 'hand' | 'policy']}));
	return {removals, kept};
};

const protections = {
	hand: 'protected by hand: `layercache refs protect --off` ends that',
	policy: 'protected by the policy',
} as const;

const entriesOf = (summaries: readonly RepositorySummary[]): readonly LedgerEntry[] => openLedger(summaries, []).entries();

const removalOf = ({repo, tag, digest, pushedAt}: RefSummary, reason: string, exclusiveBytes: number): Removal => ({
	...{repo, kind: 'tag', tag, digest, pushedAt, reason, exclusiveBytes},
});

const nameOf = ({repo, tag}: RefSummary) => ({repository: repo, tag});

/** Each ref's place among those of its repository, from 0, newest first. */
const placesOf = (entries: readonly LedgerEntry[]): ReadonlyMap<RefSummary, number> => {
	const places = new Map<RefSummary, number>();
	for (const refs of Map.groupBy(
		entries.map(({ref}) => ref),
		({repo}) => repo,
	).values()) {
		const newestFirst = refs.toSorted((a, b) => b.pushedAt.getTime() - a.pushedAt.getTime() || inByteOrder(a.tag, b.tag));
		for (const [place, ref] of newestFirst.entries()) places.set(ref, place);
	}
	return places;
};

type Measure = {
	of(conditions: PruneConditions): number | undefined;
	holds(ref: RefSummary, conditions: PruneConditions, now: Date): boolean;
	/** What was measured, where it holds. */
	tell(ref: RefSummary, limit: number, now: Date): string;
};

const since = (limit: number | undefined, from: Date | undefined, now: Date): boolean =>
	limit === undefined || (from !== undefined && now.getTime() - from.getTime() > limit);
const ago = (from: Date | undefined, now: Date): string => formatDuration(now.getTime() - (from ?? now).getTime());

const measures: readonly Measure[] = [
	{
		of: ({olderThan}) => olderThan,
		holds: ({pushedAt}, {olderThan}, now) => since(olderThan, pushedAt, now),
		tell: ({pushedAt}, limit, now) => `pushed ${ago(pushedAt, now)} ago (older than ${formatDuration(limit)})`,
	},
	{
		of: ({idle}) => idle,
		holds: ({idleSince}, {idle}, now) => since(idle, idleSince, now),
		tell: ({idleSince}, limit, now) => `last used ${ago(idleSince, now)} ago (idle for ${formatDuration(limit)})`,
	},
	{
		of: ({largerThan}) => largerThan,
		holds: ({exclusiveBytes}, {largerThan}) => largerThan === undefined || exclusiveBytes > largerThan,
		tell: ({exclusiveBytes}, limit) => `keeps ${formatBytes(exclusiveBytes)} alone (larger than ${formatBytes(limit)})`,
	},
];

const reasonOf = (ref: RefSummary, conditions: PruneConditions, now: Date, place: number): string => {
	const measured = measures.flatMap(({of, tell}) => {
		const limit = of(conditions);
		return limit === undefined ? [] : [tell(ref, limit, now)];
	});
	const {keep} = conditions;
	const all = [...measured, ...(keep === undefined ? [] : [`number ${place + 1}, newest first (keep ${keep})`])];
	return `pruned: ${all.join(' and ') || 'its tag matches'}`;
};
