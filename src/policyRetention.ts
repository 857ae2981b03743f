/** What the policy in force lets go, as the collector asks for it: repository for repository, and at the end all together. */
import type {RepositoryName} from 'oci-spec-types';
import type {Policy} from './config/policy.ts';
import type {Retention} from './gc/retention.ts';
import {decideBudgets} from './refs/budgets.ts';
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
};

/** Undefined where nothing is recorded yet, or what is cannot be read: of no ref is it known then how long it was idle. */
export type UsageOf = (repo: RepositoryName) => Promise<RepositoryUsage | undefined>;

/** For one cycle, which goes by one policy. */
export const createPolicyRetention = ({policy, usageOf, quarantineMs}: PolicyRetentionOptions): Retention => {
	const {refs: rules, budget} = policy();
	const summaries: RepositorySummary[] = [];
	const gone: Removal[] = [];
	let now: Date | undefined;
	return {
		async decide(inventory) {
			now = inventory.startedAt;
			const usage = await usageOf(inventory.repo);
			const removals = decideRetention(inventory, {usage, rules, now, quarantineMs});
			if (budget.length > 0) summaries.push(summarize(inventory, usage, rules));
			gone.push(...removals);
			return {removals, untaggedMs: untaggedRule(rules, inventory.repo)?.untagged ?? 0};
		},
		decideTogether: async () => (now ? decideTogether({refs: rules, budget}, summaries, gone, now) : []),
	};
};

/** What goes for budgets; `gone` goes anyway. */
export const decideTogether = (
	{budget}: Pick<Policy, 'refs' | 'budget'>,
	summaries: readonly RepositorySummary[],
	gone: readonly Removal[],
	now: Date,
): readonly Removal[] => decideBudgets(summaries, budget, {now, gone}).flatMap(({removals}) => removals);

/** Usage as retention decides by it. What was used before anything was recorded, nobody knows: so nothing counts as idle since before that. */
export const createUsageOf = (
	reader: UsageReader,
	{clock, onFailed}: {clock: () => number; onFailed: (error: unknown) => void},
): UsageOf => {
	const recordedSince = async (): Promise<Date | undefined> => {
		const [first] = await reader.totals(daysBefore(dayOf(clock()), keptDays));
		// The recording may have begun at any moment of its first day.
		return first && new Date(endOfDay(first.day));
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
