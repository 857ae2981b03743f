/** The collector as a server has it: begun now and then by any of them, and told of in the log and the metrics. */
import type {RepositoryName} from 'oci-spec-types';
import type {Collector, CollectorOptions} from './gc/collector.ts';
import {LeaseLost} from './gc/lease.ts';
import type {CycleReport} from './gc/report.ts';
import type {Sweep} from './gc/sweeper.ts';
import type {Log} from './telemetry/log.ts';
import type {Collected} from './telemetry/metrics/collection.ts';
import type {Metrics} from './telemetry/metrics.ts';

export type CollectingOptions = {
	everyMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	log: Log;
	metrics: Metrics;
	/** What the last cycle has found, whoever did it. */
	lastReport: () => Promise<CycleReport | undefined>;
	/** When a cycle has come to its end, while nobody else collects. */
	afterwards?: () => Promise<void>;
};

/** Several servers are one after another at it: what one has done a moment ago the others leave. Yields what it deleted. */
export const collecting = (collector: Collector, {everyMs, elapsed, log, metrics, lastReport, afterwards}: CollectingOptions): Sweep => ({
	what: 'garbage',
	everyMs,
	async *run(_, signal) {
		const startedAt = elapsed();
		const seconds = () => (elapsed() - startedAt) / 1000;
		try {
			const onProgress = () => metrics.setLeaseHeld(true);
			const outcome = await collector.run({signal, onProgress, unlessWithinMs: everyMs * leftFreeOf});
			if (!outcome.report) {
				if (outcome.because !== 'notDue') return;
				metrics.noteCycleElsewhere(outcome.endedAt.getTime());
				tellContents(await lastReport(), metrics);
				return;
			}
			const {report, condemnedObjects} = outcome;
			log.info({...factsOf(report), seconds: seconds()}, 'garbage collected');
			for (const problem of report.problems) log.warn({problem}, 'not collected');
			metrics.recordCycle({outcome: 'done', seconds: seconds(), endedAt: Date.parse(report.endedAt)});
			metrics.setTombstones({condemned: condemnedObjects});
			tellContents(report, metrics);
			await afterwards?.();
			yield report.did.deleted.objects;
		} catch (error) {
			metrics.recordCycle({outcome: error instanceof LeaseLost ? 'abandoned' : 'failed', seconds: seconds(), endedAt: 0});
			throw error;
		} finally {
			metrics.setLeaseHeld(false);
		}
	},
});

/** What went on where another had stopped has not seen all. */
const tellContents = (report: CycleReport | undefined, {setContents}: Metrics): void => {
	if (!report || report.resumed) return;
	const {totals, repositories} = report;
	setContents({totals, repositories, budgets: report.budgets.map(({match, size, bytes}) => ({match, size, used: bytes}))});
};

/** What the collector of this process tells, whoever began the cycle. */
export const collectingEvents = (
	{log, metrics}: Pick<CollectingOptions, 'log' | 'metrics'>,
	forget: (repo: RepositoryName, key: string) => void,
): Pick<CollectorOptions, 'onDeed' | 'onRemoved' | 'onDeleted'> => ({
	onDeleted: forget,
	onDeed({did, repo, key, bytes, reason}) {
		const counted = countedAs[did];
		if (counted) metrics.recordCollected({did: counted, objects: 1, bytes});
		log.debug({did, repo, key, bytes, reason}, 'garbage');
	},
	onRemoved({repo, kind, tag, digest, reason, rule, exclusiveBytes}) {
		log.info({repo, kind, tag, digest, reason, bytes: exclusiveBytes}, 'let go');
		metrics.recordRemoval(kind, rule ? 'policy' : 'default');
	},
});

// Of the time between two cycles of one server; the rest is jitter.
const leftFreeOf = 0.7;

const countedAs: Readonly<Record<string, Collected['did'] | undefined>> = {condemn: 'condemned', free: 'freed', delete: 'deleted'};

const factsOf = ({totals, did, removedCount, resumed}: CycleReport) => ({
	repositories: totals.repositories,
	bytes: totals.bytes,
	deleted: did.deleted,
	condemned: did.condemned,
	freed: did.freed.objects,
	letGo: removedCount,
	...(resumed && {resumed}),
});
