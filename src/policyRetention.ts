/** What the policy in force lets go, as the collector asks for it: repository for repository, and at the end all together. */
import type {RepositoryName} from 'oci-spec-types';
import type {Policy} from './config/policy.ts';
import type {Retention} from './gc/retention.ts';
import {decideBudgets, decideEviction} from './refs/budgets.ts';
import {untaggedRule} from './refs/refRules.ts';
import type {RepositoryUsage} from './refs/refUse.ts';
import type {Removal} from './refs/removal.ts';
import {decideRetention} from './refs/retention.ts';
import {type RepositorySummary, summarize} from './refs/summaries.ts';
import {dayOf, daysBefore, endOfDay} from './usage/days.ts';
import type {UsageReader} from './usage/usage.ts';

export type PolicyRetentionOptions = {
	policy: () => Policy;
	usageOf: UsageOf;
	quarantineMs: number;
	decideTogether: DecideTogether;
	/** Whether that has anything to decide just now: where not, nothing is added up for it. */
	decidesTogether: () => boolean;
};

/** What several repositories hold too much of together: more than a budget, or than the disk has room for. `gone` goes anyway. */
export type DecideTogether = (summaries: readonly RepositorySummary[], gone: readonly Removal[], now: Date) => Promise<readonly Removal[]>;

/** Undefined where nothing is recorded yet, or what is cannot be read: of no ref is it known then how long it was idle. */
export type UsageOf = (repo: RepositoryName) => Promise<RepositoryUsage | undefined>;

/** For one cycle, which goes by one policy. */
export const createPolicyRetention = (options: PolicyRetentionOptions): Retention => {
	const {usageOf, quarantineMs, decideTogether} = options;
	const {refs: rules} = options.policy();
	const addsUp = options.decidesTogether();
	const summaries: RepositorySummary[] = [];
	const gone: Removal[] = [];
	let now: Date | undefined;
	return {
		async decide(inventory) {
			now = inventory.startedAt;
			const usage = await usageOf(inventory.repo);
			const removals = decideRetention(inventory, {usage, rules, now, quarantineMs});
			if (addsUp) summaries.push(summarize(inventory, usage, rules));
			gone.push(...removals);
			return {removals, untaggedMs: untaggedRule(rules, inventory.repo)?.untagged ?? 0};
		},
		decideTogether: async () => (now && addsUp ? decideTogether(summaries, gone, now) : []),
	};
};

export type DiskLimits = {room: () => Promise<{freeBytes: number; totalBytes: number}>; freePercent: number};

/** Budgets first; where the disk is still too full, whatever was used longest ago. */
export const createDecideTogether =
	(policy: () => Policy, disk?: DiskLimits): DecideTogether =>
	async (summaries, gone, now) => {
		const budgeted = decideBudgets(summaries, policy().budget, {now, gone}).flatMap(({removals}) => removals);
		if (!disk || disk.freePercent === 0) return budgeted;
		const {freeBytes, totalBytes} = await disk.room();
		const evicted = decideEviction(summaries, {freeBytes, totalBytes, freePercent: disk.freePercent, now, gone: [...gone, ...budgeted]});
		return [...budgeted, ...evicted];
	};

/** Usage as retention decides by it. What was used before anything was recorded, nobody knows: so nothing counts as idle since before that. */
export const createUsageOf = (
	reader: UsageReader,
	{clock, onFailed}: {clock: () => number; onFailed: (error: unknown) => void},
): UsageOf => {
	let known: {since: Date; until: number} | undefined;
	const recordedSince = async (): Promise<Date | undefined> => {
		if (known && clock() < known.until) return known.since;
		const [first] = await reader.totals(daysBefore(dayOf(clock()), keptDays));
		// The recording may have begun at any moment of its first day.
		known = first && {since: new Date(endOfDay(first.day)), until: clock() + hourMs};
		return known?.since;
	};
	return async repo => {
		try {
			const [since, refs] = await Promise.all([recordedSince(), reader.refs(repo)]);
			return since && {recordedSince: since, refs};
		} catch (error) {
			onFailed(error);
			return undefined;
		}
	};
};

// As far back as totals are kept.
const keptDays = 400;
const hourMs = 3_600_000;
