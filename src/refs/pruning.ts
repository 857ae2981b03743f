/** Which refs an administrator's filters name: what `prune` deletes. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import {formatBytes, formatDuration} from '../config/units.ts';
import {inByteOrder} from '../lib/byteOrder.ts';
import type {Removal} from '../registry/removal.ts';
import {byLastUse, openLedger} from './ledger.ts';
import type {RefSummary, RepositorySummary} from './summaries.ts';

/** All of them have to hold. */
export type PruneFilters = {
	repo?: ((name: string) => boolean) | undefined;
	tag?: ((name: string) => boolean) | undefined;
	/** Pushed longer ago. */
	olderThanMs?: number | undefined;
	/** Neither pushed nor used for longer. */
	idleMs?: number | undefined;
	/** Alone keeps more alive. */
	largerThanBytes?: number | undefined;
	/** The newest so many of those that `repo` and `tag` name stay, in each repository; protected ones are not counted. */
	keep?: number | undefined;
};

/** What is named by the filters and stays all the same, and why. */
export type Kept = {repo: RepositoryName; tag: Tag; because: string};

/** Least recently used first; by the store's clock. */
export const selectForPrune = (
	summaries: readonly RepositorySummary[],
	filters: PruneFilters,
	now: Date,
): {removals: readonly Removal[]; kept: readonly Kept[]} => {
	const ledger = openLedger(summaries, []);
	const inScope = ledger.entries().filter(({ref}) => (filters.repo?.(ref.repo) ?? true) && (filters.tag?.(ref.tag) ?? true));
	const newest = newestOf(
		inScope.map(({ref}) => ref),
		filters.keep ?? 0,
	);
	const named = inScope.flatMap(entry => {
		const measured = measure(entry.ref, filters, now);
		return measured ? [{entry, measured, because: keptBecause(entry.ref, newest, filters)}] : [];
	});
	const measures = new Map(named.filter(({because}) => !because).map(({entry, measured}) => [entry, measured] as const));
	return {
		removals: [...measures.keys()].toSorted(byLastUse).map(entry => {
			const {repo, tag, digest, pushedAt} = entry.ref;
			const measured = [...(measures.get(entry) ?? []), ...(filters.keep ? [`not among the newest ${filters.keep}`] : [])];
			const reason = ['prune', ...(measured.length > 0 ? measured : ['by its name'])].join(', ');
			return {repo, kind: 'tag', tag, digest, pushedAt, reason, exclusiveBytes: ledger.release(entry)};
		}),
		kept: named.flatMap(({entry: {ref}, because}) => (because ? [{repo: ref.repo, tag: ref.tag, because}] : [])),
	};
};

const newestOf = (refs: readonly RefSummary[], keep: number): ReadonlySet<RefSummary> => {
	const inRepositories = Map.groupBy(
		refs.filter(({protectedBy}) => !protectedBy),
		({repo}) => repo,
	);
	const newestFirst = (a: RefSummary, b: RefSummary) => b.pushedAt.getTime() - a.pushedAt.getTime() || inByteOrder(a.tag, b.tag);
	return new Set([...inRepositories.values()].flatMap(those => those.toSorted(newestFirst).slice(0, keep)));
};

/** What was found of each condition; undefined where one does not hold. */
const measure = (
	{pushedAt, idleSince, exclusiveBytes}: RefSummary,
	{olderThanMs, idleMs, largerThanBytes}: PruneFilters,
	now: Date,
): readonly string[] | undefined => {
	const measured: string[] = [];
	const since = (start: Date | undefined, limitMs: number | undefined, what: string): boolean => {
		if (limitMs === undefined) return true;
		const pastMs = start && now.getTime() - start.getTime();
		if (pastMs === undefined || pastMs < limitMs) return false;
		return measured.push(`${what} ${formatDuration(pastMs)} ago`) > 0;
	};
	if (!since(pushedAt, olderThanMs, 'pushed') || !since(idleSince, idleMs, 'last used')) return undefined;
	if (largerThanBytes === undefined) return measured;
	return exclusiveBytes > largerThanBytes ? [...measured, `${formatBytes(exclusiveBytes)} alone`] : undefined;
};

const keptBecause = (ref: RefSummary, newest: ReadonlySet<RefSummary>, {keep}: PruneFilters): string | undefined => {
	if (ref.protectedBy) return ref.protectedBy === 'hand' ? 'protected by hand' : 'protected by the policy';
	return newest.has(ref) ? `among the newest ${keep}` : undefined;
};
