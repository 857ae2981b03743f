/** Which refs have to go for the others to fit: into a budget of the policy, or onto the disk. */
import type {Budget} from '../config/policy.ts';
import {formatBytes, formatDuration} from '../config/units.ts';
import type {Removal} from '../registry/removal.ts';
import {formatRule} from './formatRule.ts';
import {type Book, type LedgerEntry, leastRecentlyUsed, openLedger} from './ledger.ts';
import type {RepositorySummary} from './summaries.ts';

export type BudgetGround = {
	/** By the store's clock. */
	now: Date;
	/** What goes anyway. */
	gone?: readonly Removal[];
};

/**
 * `bytes` is what the refs of a budget take: what only they keep alive, and of what other refs keep too their share. `leftBytes`
 * is what they take without the removals; more than the budget where the rest is protected, or nothing is known of its use.
 */
export type BudgetDecision = {budget: Budget; refs: number; bytes: number; leftBytes: number; removals: readonly Removal[]};

/** One budget after the other, each without what those before it let go. */
export const decideBudgets = (
	summaries: readonly RepositorySummary[],
	budgets: readonly Budget[],
	{now, gone = []}: BudgetGround,
): readonly BudgetDecision[] => {
	const ledger = openLedger(summaries, gone);
	return budgets.map(budget => {
		const members = ledger.entries().filter(({ref}) => 'named' in budget.match.match(ref.repo, ref.tag));
		const bytes = takenBy(members);
		let left = bytes.now();
		const decision = {budget, refs: members.length, bytes: left};
		const removals: Removal[] = [];
		for (const entry of leastRecentlyUsed(members)) {
			if (left <= budget.size) break;
			const reason = `${idleOf(entry, now)}; ${formatBytes(left)} of ${formatBytes(budget.size)} are taken by the budget ${formatRule(budget)}`;
			bytes.leave(entry);
			removals.push(removalOf(entry, reason, ledger.release(entry), budget));
			left = bytes.now();
		}
		return {...decision, leftBytes: left, removals};
	});
};

/** `leavingBytes`: of refs that went before, and whose bytes are not free yet. */
export type DiskGround = BudgetGround & {freeBytes: number; totalBytes: number; freePercent: number; leavingBytes: number};

/**
 * Which refs have to go for so much of the disk to be free. What builds supersede is on its way out as well, but as much of it comes
 * as goes: it makes no room.
 */
export const decideEviction = (
	summaries: readonly RepositorySummary[],
	{freeBytes, totalBytes, freePercent, leavingBytes, now, gone = []}: DiskGround,
): readonly Removal[] => {
	const ledger = openLedger(summaries, gone);
	const neededBytes = (totalBytes * freePercent) / 100 - freeBytes - leavingBytes;
	const free = `${Number(((freeBytes / totalBytes) * 100).toFixed(1))}% of the disk is free, below ${freePercent}% (LAYERCACHE_DISK_FREE_PERCENT)`;
	const removals: Removal[] = [];
	for (const entry of leastRecentlyUsed(ledger.entries())) {
		if (ledger.freedBytes() >= neededBytes) break;
		removals.push(removalOf(entry, `${idleOf(entry, now)}; ${free}`, ledger.release(entry)));
	}
	return removals;
};

const idleOf = ({ref}: LedgerEntry, now: Date): string =>
	`least recently used, ${formatDuration(Math.max(0, now.getTime() - ref.lastUsed.getTime()))} ago`;

const removalOf = ({ref}: LedgerEntry, reason: string, exclusiveBytes: number, budget?: Budget): Removal => ({
	...{repo: ref.repo, kind: 'tag', tag: ref.tag, digest: ref.digest, pushedAt: ref.pushedAt, reason, exclusiveBytes},
	rule: budget && {line: budget.line, match: budget.match.text},
});

/** What some refs take together, kept up to date while they leave. To be told of each before the ledger is. */
const takenBy = (members: readonly LedgerEntry[]) => {
	const inside = new Map<Book, Uint32Array>();
	// Whole bytes, and parts of objects that others hold too: whole ones alone add up exactly.
	let [whole, parts] = [0, 0];
	const count = ({sizes, holders}: Book, object: number, members: number, sign: 1 | -1, gone = 0) => {
		if (members === 0) return;
		const [size, all] = [sizes[object] as number, (holders[object] as number) - gone];
		if (members === all) whole += sign * size;
		else parts += (sign * size * members) / all;
	};

	for (const {ref, shared, book} of members) {
		whole += ref.exclusiveBytes;
		const counts = inside.get(book) ?? new Uint32Array(book.sizes.length);
		inside.set(book, counts);
		for (const object of shared) counts[object] = (counts[object] as number) + 1;
	}
	for (const [book, counts] of inside) for (const [object, amount] of counts.entries()) count(book, object, amount, 1);

	return {
		now: () => whole + Math.max(0, parts),
		leave({ref, shared, book}: LedgerEntry) {
			const counts = inside.get(book) as Uint32Array;
			whole -= ref.exclusiveBytes;
			for (const object of shared) {
				const amount = counts[object] as number;
				count(book, object, amount, -1);
				count(book, object, amount - 1, 1, 1);
				counts[object] = amount - 1;
			}
		},
	};
};
