/** The metrics of all workers: whoever is busy counts as it last said, and what a worker counted stays when it ends. */
import type {MetricsReport} from './telemetry/metrics.ts';

export type WorkerReportsOptions<Worker> = {
	ask: (worker: Worker, question: number) => void;
	/** Resolves when those who have not answered by then are waited for no longer. */
	untilTooLate: () => Promise<void>;
};

export const createWorkerReports = <Worker>({ask, untilTooLate}: WorkerReportsOptions<Worker>) => {
	const last = new Map<Worker, MetricsReport | undefined>();
	const open = new Map<number, {missing: Set<Worker>; resolve: () => void}>();
	let questions = 0;
	// A counter that fell would be a restart for Prometheus, and all that the others have counted would count anew.
	let ended: Promise<MetricsReport[]> = Promise.resolve([]);

	const done = (worker: Worker, questions: Iterable<number>) => {
		for (const question of questions) {
			const asked = open.get(question);
			asked?.missing.delete(worker);
			if (asked?.missing.size === 0) asked.resolve();
		}
	};

	return {
		join: (worker: Worker): void => void last.set(worker, undefined),

		leave(worker: Worker): void {
			const report = last.get(worker);
			last.delete(worker);
			if (report) ended = ended.then(reports => remember(reports, report).catch(() => reports));
			done(worker, [...open.keys()]);
		},

		/** A worker answers. */
		take(worker: Worker, question: number, report: MetricsReport): void {
			// One that has ended in the meantime was counted as it left.
			if (last.has(worker)) last.set(worker, report);
			done(worker, [question]);
		},

		/** The reports of all: of `asker`, which gives its own, of the others, and of those that have ended. */
		async gather(asker: Worker, report: MetricsReport): Promise<MetricsReport[]> {
			if (last.has(asker)) last.set(asker, report);
			const question = ++questions;
			const {promise, resolve} = Promise.withResolvers<void>();
			const missing = new Set([...last.keys()].filter(worker => worker !== asker));
			open.set(question, {missing, resolve});
			for (const worker of missing) ask(worker, question);
			if (missing.size > 0) await Promise.race([promise, untilTooLate()]);
			open.delete(question);
			return [...(await ended), ...[...last.values()].filter(known => known !== undefined)];
		},
	};
};

const remember = async (reports: MetricsReport[], report: MetricsReport): Promise<MetricsReport[]> => {
	// Loaded here, since a primary is to be small and most never come to this.
	const {sumReports, withoutGauges} = await import('./telemetry/metrics.ts');
	return [await sumReports([...reports, withoutGauges(report)])];
};
