/** Lets refs go: by their names, by conditions, and by the policy. What would go is decided first, and only that goes. */
import type {TogetherDecision} from '../../gc/retention.ts';
import {openLedger} from '../../refs/ledger.ts';
import {type PruneFilters, selectForPrune} from '../../refs/pruning.ts';
import {type PlannedRemoval, planRetention} from '../../refs/retention.ts';
import {type RepositorySummary, summarize} from '../../refs/summaries.ts';
import type {Removal} from '../../registry/removal.ts';
import type {Administration} from '../administration.ts';
import {OperationError, type RunContext} from '../operation.ts';
import type {Run, Runs} from '../operations.ts';
import type {OperationOutput} from '../table.ts';
import {formatRef, parseRef, type RefName} from './refRows.ts';
import {planOf, removalRowOf, totalOf} from './removalRows.ts';

type RemovalRuns = Pick<Runs, 'refs.delete' | 'prune' | 'retention.preview' | 'retention.apply'>;

export const createRemovalRuns = (administration: Administration): RemovalRuns => {
	const deleteByName: Run<'refs.delete'> = async ({refs, ...input}, context) => {
		const {asOf, repositories} = await administration.survey(context);
		const {removals, kept, missing} = selectByName(repositories, refs.map(parseRef));
		if (missing.length > 0)
			throw new OperationError('not-found', `there is no ${missing.join(', ')}`, '`layercache refs list` shows what there is');
		return carryOut({asOf, removals, kept}, input, context);
	};

	const prune: Run<'prune'> = async ({dryRun, plan, repo, tag, olderThan, idle, largerThan, keep}, context) => {
		const filters: PruneFilters = {repo, tag, olderThanMs: olderThan, idleMs: idle, largerThanBytes: largerThan, keep};
		if (!isConditional(filters))
			throw new OperationError('invalid', 'nothing says which refs shall go', 'add --older-than, --idle, --larger-than, --keep or --tag');
		const {asOf, repositories} = await administration.survey(context);
		const {removals, kept} = selectForPrune(repositories, filters, asOf);
		return carryOut({asOf, removals, kept: kept.map(({repo, ...stays}) => ({repository: repo, ...stays}))}, {dryRun, plan}, context);
	};

	const preview: Run<'retention.preview'> = async ({repo}, context) => {
		const {asOf, now, later, budgets} = await planByPolicy(administration, repo, context);
		const {policyFile} = administration;
		return {
			asOf: asOf.toISOString(),
			removals: now.map(removalRowOf),
			total: totalOf(now),
			plan: planOf(now),
			freeAfter: freeAfter(asOf),
			kept: [],
			...(policyFile && {policy: policyFile}),
			budgets: [...budgets],
			upcoming: later.slice(0, mostUpcoming).map(removal => ({...removalRowOf(removal), at: removal.at.toISOString()})),
		};
	};

	const apply: Run<'retention.apply'> = async ({repo, ...input}, context) => {
		const {asOf, now} = await planByPolicy(administration, repo, context);
		// The rest is no ref, and goes through the collector's hands alone.
		return carryOut({asOf, removals: now.filter(({kind}) => kind === 'tag'), kept: []}, input, context);
	};

	const carryOut = async (
		{asOf, removals, kept}: {asOf: Date; removals: readonly Removal[]; kept: readonly Kept[]},
		{dryRun, plan}: {dryRun: boolean; plan?: string | undefined},
		{onProgress, signal}: RunContext,
	): Promise<OperationOutput<'prune'>> => {
		if (plan !== undefined && plan !== planOf(removals))
			throw new OperationError('changed', 'what would go is no longer what was shown', 'look at it again');
		const gone: Removal[] = [];
		const stayed: Kept[] = [];
		for (const removal of dryRun ? [] : removals) {
			signal.throwIfAborted();
			if (await administration.letGo(removal)) gone.push(removal);
			else stayed.push({repository: removal.repo, tag: removal.tag ?? '', because: 'it was pushed to, or deleted, meanwhile'});
			onProgress({done: gone.length + stayed.length, total: removals.length, of: 'refs'});
		}
		if (!dryRun) administration.forgetSurvey();
		const shown = dryRun ? removals : gone;
		return {
			asOf: asOf.toISOString(),
			dryRun,
			removals: shown.map(removalRowOf),
			total: totalOf(shown),
			plan: planOf(removals),
			freeAfter: freeAfter(asOf),
			kept: [...kept, ...stayed],
		};
	};

	/** The tag remembers what it had for a quarantine; its manifests wait for another one; and then the layers that only they named. */
	const freeAfter = (asOf: Date): string => {
		const {quarantineMs} = administration.lifetimes;
		return new Date(asOf.getTime() + 3 * quarantineMs).toISOString();
	};

	return {'refs.delete': deleteByName, prune, 'retention.preview': preview, 'retention.apply': apply};
};

/** A repository alone is not enough: it would go as a whole. */
const isConditional = ({repo: _, ...conditions}: PruneFilters): boolean =>
	Object.values(conditions).some(condition => condition !== undefined);

type Kept = OperationOutput<'prune'>['kept'][number];

const selectByName = (summaries: readonly RepositorySummary[], names: readonly RefName[]) => {
	const ledger = openLedger(summaries, []);
	const entries = new Map(ledger.entries().map(entry => [formatRef(entry.ref), entry]));
	const named = [...new Set(names.map(formatRef))];
	const removals: Removal[] = [];
	const kept: Kept[] = [];
	for (const name of named) {
		const entry = entries.get(name);
		if (!entry) continue;
		const {repo, tag, digest, pushedAt, protectedBy} = entry.ref;
		if (protectedBy) kept.push({repository: repo, tag, because: protections[protectedBy]});
		else removals.push({repo, kind: 'tag', tag, digest, pushedAt, reason: 'deleted by name', exclusiveBytes: ledger.release(entry)});
	}
	return {removals, kept, missing: named.filter(name => !entries.has(name))};
};

const protections = {
	hand: 'protected by hand; `layercache refs protect --off` ends that',
	policy: 'protected by the policy',
} as const;

type PolicyPlan = {asOf: Date; now: readonly Removal[]; later: readonly PlannedRemoval[]; budgets: TogetherDecision['budgets']};

/** What the rules of each repository let go, now and later; and then what budgets still do. */
const planByPolicy = async (
	administration: Administration,
	isWanted: ((repo: string) => boolean) | undefined,
	{onProgress, signal}: RunContext,
): Promise<PolicyPlan> => {
	const {refs: rules} = administration.policy();
	const {quarantineMs} = administration.lifetimes;
	const summaries: RepositorySummary[] = [];
	const planned: PlannedRemoval[] = [];
	const asOf = await administration.store.now();
	for await (const inventory of administration.walk()) {
		signal.throwIfAborted();
		const usage = await administration.usageOf(inventory.repo);
		planned.push(...planRetention(inventory, {usage, rules, now: asOf, quarantineMs}));
		summaries.push(summarize(inventory, usage, rules));
		onProgress({done: summaries.length, of: 'repositories'});
	}
	const due = planned.filter(({at}) => at <= asOf);
	const {removals: together, budgets} = await administration.decideTogether(summaries, due, asOf);
	// What goes now for the room it takes does not go once more later.
	const leaving = new Set(together.map(nameOf));
	const later = planned.filter(removal => removal.at > asOf && !leaving.has(nameOf(removal)));
	const wanted = <R extends Removal>(removals: readonly R[]) => removals.filter(({repo}) => !isWanted || isWanted(repo));
	return {
		asOf,
		now: wanted([...due, ...together]),
		later: wanted(later).toSorted((a, b) => a.at.getTime() - b.at.getTime()),
		budgets,
	};
};

const nameOf = ({kind, repo, tag}: Removal) => `${kind} ${repo}:${tag}`;

const mostUpcoming = 1000;
