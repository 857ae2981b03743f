/** What the policy in force lets go, as the collector asks for it: repository for repository, and at the end all together. */
import type {RepositoryName} from 'oci-spec-types';
import type {Policy} from './config/policy.ts';
import {formatDuration} from './config/units.ts';
import type {Reports} from './gc/report.ts';
import type {Retention, RetentionDecision, TogetherDecision} from './gc/retention.ts';
import {decideBudgets, decideEviction} from './refs/budgets.ts';
import {formatRule} from './refs/formatRule.ts';
import {untaggedRule} from './refs/refRules.ts';
import type {RepositoryUsage} from './refs/refUse.ts';
import {decideRetention} from './refs/retention.ts';
import {type RepositorySummary, summarize} from './refs/summaries.ts';
import type {Removal} from './registry/removal.ts';
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
export type DecideTogether = (summaries: readonly RepositorySummary[], gone: readonly Removal[], now: Date) => Promise<TogetherDecision>;

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
			return {removals, ...untaggedIn(rules, inventory.repo)};
		},
		decideTogether: async () => (now && addsUp ? decideTogether(summaries, gone, now) : {removals: [], budgets: []}),
	};
};

/** What the rules of a repository say of manifests that no tag leads to. */
const untaggedIn = (rules: Policy['refs'], repo: RepositoryName): Pick<RetentionDecision, 'untaggedMs' | 'untaggedBy'> => {
	const rule = untaggedRule(rules, repo);
	const ms = rule?.untagged ?? 0;
	return {untaggedMs: ms, untaggedBy: rule && `untagged: ${formatDuration(ms)}, by ${formatRule(rule)}`};
};

export type DiskLimits = {room: () => Promise<{freeBytes: number; totalBytes: number}>; freePercent: number};
/** What went in these cycles, whose bytes are not free yet. */
export type LeavingBytes = (now: Date) => Promise<number>;

/** Budgets first; where the disk is still too full, whatever was used longest ago. */
export const createDecideTogether =
	(policy: () => Policy, disk?: DiskLimits & {leavingBytes: LeavingBytes}): DecideTogether =>
	async (summaries, gone, now) => {
		const decisions = decideBudgets(summaries, policy().budget, {now, gone});
		const budgets = decisions.map(({budget, leftBytes}) => ({match: budget.match.text, size: budget.size, bytes: Math.round(leftBytes)}));
		const budgeted = decisions.flatMap(({removals}) => removals);
		if (!disk || disk.freePercent === 0) return {removals: budgeted, budgets};
		const {freePercent} = disk;
		const {freeBytes, totalBytes} = await disk.room();
		if (freeBytes >= (totalBytes * freePercent) / 100) return {removals: budgeted, budgets};
		const leavingBytes = await disk.leavingBytes(now);
		const all = [...gone, ...budgeted];
		const evicted = decideEviction(summaries, {freeBytes, totalBytes, freePercent, leavingBytes, now, gone: all});
		return {removals: [...budgeted, ...evicted], budgets};
	};

/** A ref's bytes are free after three quarantines: of its tag, its manifests and its layers; each ends with a cycle. */
export const leavingBytesOf =
	(reports: Pick<Reports, 'read'>, {quarantineMs, everyMs}: {quarantineMs: number; everyMs: number}): LeavingBytes =>
	async now => {
		const since = new Date(now.getTime() - 3 * (quarantineMs + everyMs));
		return (await reports.read({since})).reduce((sum, {letGoBytes}) => sum + letGoBytes, 0);
	};

/** Usage as retention decides by it. What was used before anything was recorded, nobody knows: so nothing counts as idle since before that. */
export const createUsageOf =
	(reader: UsageReader, {onFailed}: {onFailed: (error: unknown) => void}): UsageOf =>
	async repo => {
		try {
			const [recordedSince, refs] = await Promise.all([reader.recordedSince(), reader.refs(repo)]);
			return recordedSince && {recordedSince, refs};
		} catch (error) {
			onFailed(error);
			return undefined;
		}
	};
