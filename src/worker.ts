/** One of several processes that serve one port, under the primary of workers.ts. */
import {startApp} from './app.ts';
import type {Settings} from './config/settings.ts';
import type {Log} from './telemetry/log.ts';
import {createMetrics, type MetricsReport} from './telemetry/metrics.ts';
import {version} from './version.ts';
import type {ToPrimary, ToWorker} from './workerMessages.ts';

/** Serves until the primary wants it to end, or is gone: Node ends a worker then. */
export const work = async ({settings, log}: {settings: Settings; log: Log}): Promise<void> => {
	// A terminal and systemd signal all processes of a group at once. The primary decides what a signal means.
	for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
	// One that has not read it yet will.
	let reload = async (): Promise<void> => undefined;
	let drain = async (): Promise<void> => process.exit();
	const begin = Promise.withResolvers<Extract<ToWorker, {kind: 'begin'}>>();
	let questions = 0;
	const gathering = new Map<number, (reports: MetricsReport[]) => void>();
	const metrics = createMetrics({
		version,
		async gather(report) {
			const question = ++questions;
			const {promise, resolve} = Promise.withResolvers<MetricsReport[]>();
			gathering.set(question, resolve);
			say({kind: 'gather', question, report});
			return promise;
		},
	});

	process.on('message', async (message: ToWorker) => {
		if (message.kind === 'begin') begin.resolve(message);
		else if (message.kind === 'report') say({kind: 'report', question: message.question, report: await metrics.report()});
		else if (message.kind === 'reload') reload();
		else if (message.kind === 'drain') drain();
		else {
			gathering.get(message.question)?.(message.reports);
			gathering.delete(message.question);
		}
	});
	say({kind: 'hello'});
	const {worker, found, lastGood, drawnKey} = await begin.promise;

	const app = await startApp({
		settings,
		log: log.child({worker}),
		clock: Date.now,
		metrics,
		found,
		drawnKey,
		sweeps: worker === 1,
		sharedFiles: {lastGood, onLoaded: (name, texts) => say({kind: 'fileLoaded', name, texts})},
	});
	reload = app.reload;
	drain = async () => {
		await app.stop();
		process.disconnect?.();
	};
	say({kind: 'serving', address: app.server.address, found: app.found});
};

const say = (message: ToPrimary) => {
	// A primary that is gone needs no answer; without a callback this would throw before Node ends the worker.
	process.send?.(message, undefined, undefined, () => undefined);
};
