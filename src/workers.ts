/** The primary process of several: starts the workers, which serve one port together, and again those that end. It serves nothing itself. */
import cluster from 'node:cluster';
import {randomBytes} from 'node:crypto';
import type {AddressInfo} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import type {Found} from './app.ts';
import type {LastGood} from './sharedFiles.ts';
import type {Log} from './telemetry/log.ts';
import type {ToPrimary, ToWorker} from './workerMessages.ts';
import {createWorkerReports} from './workerReports.ts';

export type Workers = {
	server: {address: AddressInfo};
	/** Lets every worker read its files again. */
	reload(): Promise<void>;
	/** Lets the requests of all workers end; resolves when the last worker has. */
	stop(): Promise<void>;
};

/** Resolves when the first worker serves: it tries out the store, and the others rely on what it found. Throws FirstWorkerEnded. */
export const startWorkers = async ({count, log}: {count: number; log: Log}): Promise<Workers> => {
	// All workers accept from one socket. Node's default, to accept here and hand connections over, leaves the connection that was on its way
	// to a worker that is killed open for ever. Seen with Node 26.10: in 20 kills 20 clients waited in vain.
	cluster.schedulingPolicy = cluster.SCHED_NONE;
	// JSON would make null of the NaN that a histogram of nothing has.
	cluster.setupPrimary({serialization: 'advanced'});
	const reports = createWorkerReports<cluster.Worker>({
		ask: (worker, question) => say(worker, {kind: 'report', question}),
		untilTooLate: () => delay(longestReportMs, undefined, {ref: false}),
	});
	const ending = new AbortController();
	// What a new worker serves by if a file is broken just then.
	let lastGood: LastGood = {};
	// One that is started again knows the tokens of those before it.
	const drawnKey = randomBytes(32).toString('hex');

	const keepRunning = async (number: number, found: Found, first: RunningWorker): Promise<void> => {
		let quickEnds = 0;
		for (let running: RunningWorker | undefined = first; !ending.signal.aborted; running = undefined) {
			const startedAt = performance.now();
			// What was found out about uploads may not hold any more.
			running ??= start(number, {...found, uploads: undefined});
			const end = await running.ended;
			if (ending.signal.aborted) return;
			quickEnds = performance.now() - startedAt < quickEndMs ? quickEnds + 1 : 0;
			const waitMs = waitBeforeStart(quickEnds);
			log.error({worker: number, pid: running.pid, ...end, waitMs}, 'a worker ended; another takes its place');
			await delay(waitMs, undefined, {signal: ending.signal}).catch(() => undefined);
		}
	};

	const start = (number: number, found?: Found): RunningWorker => {
		const worker = forked();
		// The machine has no room for one more.
		if (!worker) return {pid: undefined, served: new Promise(() => undefined), ended: Promise.resolve({code: null, signal: null})};
		// What cannot be said to a worker that has ended is no loss; that it ended, `ended` tells.
		worker.on('error', () => undefined);
		const served = Promise.withResolvers<Served>();
		worker.on('message', async (message: ToPrimary) => {
			if (message.kind === 'hello') {
				// The first word of a worker may come after the last one to all.
				say(worker, ending.signal.aborted ? {kind: 'drain'} : {kind: 'begin', worker: number, found, lastGood, drawnKey});
				reports.join(worker);
			} else if (message.kind === 'serving') {
				log.info({worker: number, pid: worker.process.pid}, 'worker serves');
				served.resolve(message);
			} else if (message.kind === 'fileLoaded') {
				lastGood = {...lastGood, [message.name]: message.texts};
			} else if (message.kind === 'report') {
				reports.take(worker, message.question, message.report);
			} else {
				const {question, report} = message;
				say(worker, {kind: 'gathered', question, reports: await reports.gather(worker, report)});
			}
		});
		const ended = endOf(worker).finally(() => reports.leave(worker));
		return {pid: worker.process.pid, served: served.promise, ended};
	};

	const first = start(1);
	const {address, found} = await Promise.race([
		first.served,
		first.ended.then(end => {
			throw new FirstWorkerEnded(end);
		}),
	]);
	const running = Array.from({length: count}, (_, index) => keepRunning(index + 1, found, index === 0 ? first : start(index + 1, found)));
	return {
		server: {address},
		async reload() {
			sayToAll({kind: 'reload'});
		},
		async stop() {
			ending.abort();
			sayToAll({kind: 'drain'});
			await Promise.all(running);
		},
	};
};

/** Nothing serves, and nothing was started again. With code 1 the worker has said why. */
export class FirstWorkerEnded extends Error {
	override readonly name = 'FirstWorkerEnded';
	readonly hasSaidWhy: boolean;
	constructor({code, signal}: WorkerEnd) {
		super(`the first worker ended by itself (${signal ?? `code ${code}`})`);
		this.hasSaidWhy = code === 1;
	}
}

/** At once after a long life; 0.1 s, then twice as long each time, up to 30 s, after lives that were short. */
export const waitBeforeStart = (quickEnds: number): number => (quickEnds === 0 ? 0 : Math.min(100 * 2 ** (quickEnds - 1), 30_000));

type RunningWorker = {pid: number | undefined; served: Promise<Served>; ended: Promise<WorkerEnd>};
type Served = {address: AddressInfo; found: Found};
type WorkerEnd = {code: number | null; signal: string | null};

const quickEndMs = 10_000;
// Prometheus gives up after 10 s; a worker that is busy for as long as this counts as it last said.
const longestReportMs = 1000;

const forked = (): cluster.Worker | undefined => {
	try {
		return cluster.fork();
	} catch {
		return undefined;
	}
};

const endOf = ({process: child}: cluster.Worker) =>
	new Promise<WorkerEnd>(resolve => {
		// There is no process when the machine has no room for one more.
		if (child.pid === undefined) resolve({code: null, signal: null});
		child.once('exit', (code, signal) => resolve({code, signal}));
	});

const sayToAll = (message: ToWorker) => {
	for (const worker of Object.values(cluster.workers ?? {})) if (worker) say(worker, message);
};

const say = (worker: cluster.Worker, message: ToWorker) => {
	if (worker.isConnected()) worker.process.send(message, () => undefined);
};
