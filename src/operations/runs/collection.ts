/** The collector: what it will do, does and did. */
import type {PlannedDeletion} from '../../gc/plan.ts';
import type {CycleReport} from '../../gc/report.ts';
import type {Administration} from '../administration.ts';
import type {Run, Runs} from '../operations.ts';
import type {OperationOutput} from '../table.ts';
import {removalRowOf} from './removalRows.ts';

export const createCollectionRuns = (administration: Administration): Pick<Runs, 'gc.preview' | 'gc.run' | 'gc.status'> => {
	const {collection, reports, lifetimes, collectEveryMs} = administration;

	const preview: Run<'gc.preview'> = async ({repo, limit}, context) => {
		const {asOf, removals, planned} = await collection.preview(context);
		const wanted = planned.filter(deletion => !repo || repo(deletion.repo));
		const objects = wanted.toSorted(soonestFirst).slice(0, limit);
		return {
			asOf: asOf.toISOString(),
			removals: removals.filter(removal => !repo || repo(removal.repo)).map(removalRowOf),
			objects: objects.map(({repo, key, bytes, reason, state, notBefore}) => ({
				repository: repo,
				...{key, bytes, reason, state},
				notBefore: notBefore.toISOString(),
			})),
			total: {deleted: amountOf(wanted, 'deleted'), condemned: amountOf(wanted, 'condemned'), waiting: amountOf(wanted, 'waiting')},
		};
	};

	const run: Run<'gc.run'> = async ({dryRun}, context) => {
		if (dryRun) return {dryRun, preview: await preview({}, context)};
		const report = await collection.run(context);
		administration.forgetSurvey();
		return {dryRun, report: reportRowOf(report)};
	};

	const status: Run<'gc.status'> = async () => {
		const [{lease, running}, [last, ...earlier]] = await Promise.all([collection.status(), reports.read({limit: 1 + mostEarlier})]);
		return {
			...(collectEveryMs !== undefined && {everySeconds: Math.round(collectEveryMs / 1000)}),
			graceSeconds: Math.round(lifetimes.graceMs / 1000),
			quarantineSeconds: Math.round(lifetimes.quarantineMs / 1000),
			...(lease && {lease: {...lease, renewedAt: lease.renewedAt.toISOString()}}),
			...(running && {running: {...running, startedAt: running.startedAt.toISOString()}}),
			...(last && {last: reportRowOf(last)}),
			earlier: earlier.map(report => {
				const {removed: _, ...row} = reportRowOf(report);
				return row;
			}),
			...(last && collectEveryMs !== undefined && {nextAt: new Date(Date.parse(last.startedAt) + collectEveryMs).toISOString()}),
		};
	};

	return {'gc.preview': preview, 'gc.run': run, 'gc.status': status};
};

const mostEarlier = 20;

const soonestFirst = (a: PlannedDeletion, b: PlannedDeletion): number => a.notBefore.getTime() - b.notBefore.getTime();

const amountOf = (planned: readonly PlannedDeletion[], state: PlannedDeletion['state']) => {
	const those = planned.filter(deletion => deletion.state === state);
	return {count: those.length, bytes: those.reduce((sum, {bytes}) => sum + bytes, 0)};
};

type Tally = CycleReport['did']['deleted'];

const reportRowOf = (report: CycleReport): NonNullable<OperationOutput<'gc.status'>['last']> => {
	const {startedAt, endedAt, resumed, totals, did, reasons, removed, removedCount, problems} = report;
	const amount = ({objects, bytes}: Tally) => ({count: objects, bytes});
	return {
		...{startedAt, endedAt, resumed, totals},
		did: {
			condemned: amount(did.condemned),
			recondemned: amount(did.recondemned),
			freed: amount(did.freed),
			deleted: amount(did.deleted),
		},
		reasons: reasons.map(({did, reason, ...tally}) => ({did, reason, ...amount(tally)})),
		removed: removed.map(({repo, bytes, ...removal}) => ({repository: repo, exclusiveBytes: bytes, ...removal})),
		...{removedCount, problems},
	};
};
