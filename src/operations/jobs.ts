/**
 * Long operations: begun by one request, asked about by others. What is known of one lies in the store, so that any process of
 * any replica can answer: `jobs/<id>/state`, written again while it runs, and `jobs/<id>/result`.
 */
import {randomUUID} from 'node:crypto';
import {z} from 'zod';
import {readAll} from '../lib/bytes.ts';
import {keys} from '../registry/keys.ts';
import {type ObjectStore, StoreUnavailable} from '../storage/objectStore.ts';
import {count, time} from './answers/values.ts';
import {OperationError, operationErrorCodes, type Progress, type RunContext, type Runner} from './operation.ts';
import {type Operations, parseInput} from './operations.ts';
import {type OperationInput, type OperationName, operationNames} from './table.ts';

export const jobSchema = z.object({
	id: z.string(),
	operation: z.enum(operationNames),
	state: z.enum(['running', 'done', 'failed']),
	startedAt: time,
	endedAt: time.optional(),
	progress: z.object({done: count, total: count.optional(), of: z.string()}).optional(),
	result: z.unknown().optional().describe('What the operation answers, once it is `done`'),
	error: z
		.object({code: z.enum([...operationErrorCodes, 'unavailable', 'failed', 'lost']), message: z.string(), advice: z.string().optional()})
		.optional()
		.describe('Why it `failed`; `lost`: the server that ran it ended'),
});
export type Job = z.output<typeof jobSchema>;

export type Jobs = {
	/** Throws OperationError: `invalid`, or `busy` where this process runs as many as it will. */
	begin<N extends OperationName>(name: N, input: OperationInput<N>, by?: Runner): Promise<Job>;
	/** Undefined where there is none of this id, or none any more. */
	read(id: string): Promise<Job | undefined>;
	/** Ends those that run here; resolves when that is written down. */
	stop(): Promise<void>;
};

export type JobsOptions = {
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Nobody was told of this failure: it is not the client's doing. */
	onFailed: (operation: OperationName, error: unknown) => void;
	/** Calls again and again until what it answers is called. */
	repeat?: (everyMs: number, call: () => void) => () => void;
};

export const createJobs = (store: ObjectStore, operations: Operations, {clock, onFailed, repeat = interval}: JobsOptions): Jobs => {
	const running = new Map<string, {job: Job; abort: AbortController; ended: Promise<void>}>();
	const now = () => new Date(clock()).toISOString();
	const save = ({result: _, ...job}: Job) => store.write(stateKey(job.id), asJson(job), {contentType: 'application/json'});

	const run = async (job: Job, input: OperationInput<OperationName>, {signal, by}: Pick<RunContext, 'signal' | 'by'>): Promise<void> => {
		let unsaved = false;
		let quietTicks = 0;
		const onProgress = (progress: Progress) => {
			job.progress = progress;
			unsaved = true;
		};
		const stopSaving = repeat(tickMs, () => {
			if (!unsaved && ++quietTicks < quietTicksAtMost) return;
			unsaved = false;
			quietTicks = 0;
			save(job).catch(() => undefined);
		});
		try {
			const result = await operations.run(job.operation, input, {onProgress, signal, by});
			await store.write(resultKey(job.id), asJson(result), {contentType: 'application/json'});
			Object.assign(job, {state: 'done', result});
		} catch (error) {
			Object.assign(job, {state: 'failed', error: signal.aborted ? stopped : told(error)});
			if (job.error?.code === 'failed' || job.error?.code === 'unavailable') onFailed(job.operation, error);
		} finally {
			stopSaving();
			job.endedAt = now();
			await save(job).catch(error => onFailed(job.operation, error));
			running.delete(job.id);
		}
	};

	return {
		async begin(name, input, by) {
			parseInput(name, input);
			if (running.size >= mostRunning)
				throw new OperationError('busy', `this server runs ${mostRunning} operations already`, 'wait until one has ended');
			const id = `${clock().toString(36).padStart(9, '0')}-${randomUUID()}`;
			const job: Job = {id, operation: name, state: 'running', startedAt: now()};
			const abort = new AbortController();
			const begun = {job, abort, ended: Promise.resolve()};
			running.set(id, begun);
			try {
				await Promise.all([save(job), removeOld(store)]);
			} catch (error) {
				running.delete(id);
				throw error;
			}
			begun.ended = run(job, input, {signal: abort.signal, by});
			return {...job};
		},

		async read(id) {
			const mine = running.get(id);
			if (mine) return {...mine.job};
			return isJobId(id) ? readJob(store, id) : undefined;
		},

		async stop() {
			for (const {abort} of running.values()) abort.abort();
			await Promise.all([...running.values()].map(({ended}) => ended));
		},
	};
};

const tickMs = 2000;
// One that tells of no progress is written all the same, so that others see that it lives.
const quietTicksAtMost = 5;
const lostAfterMs = 60_000;
const mostRunning = 4;
const keptJobs = 200;

const stopped: Job['error'] = {code: 'lost', message: 'the server that ran it was stopped', advice: 'begin it again'};
const lost: Job['error'] = {code: 'lost', message: 'the server that ran it has ended', advice: 'begin it again'};

const told = (error: unknown): NonNullable<Job['error']> => {
	if (error instanceof OperationError) return {code: error.code, message: error.message, ...(error.advice && {advice: error.advice})};
	if (error instanceof StoreUnavailable)
		return {code: 'unavailable', message: 'the store cannot be reached just now', advice: 'the log says more'};
	return {code: 'failed', message: 'the operation failed', advice: 'the log says more'};
};

const readJob = async (store: ObjectStore, id: string): Promise<Job | undefined> => {
	const object = await store.read(stateKey(id));
	if (!object) return undefined;
	const job = jobSchema.parse(JSON.parse((await readAll(object.body)).toString()));
	const {answeredAt, modified = answeredAt} = object.facts;
	if (job.state === 'running' && answeredAt.getTime() - modified.getTime() > lostAfterMs) return {...job, state: 'failed', error: lost};
	if (job.state !== 'done') return job;
	const result = await store.read(resultKey(id));
	return {...job, result: result && JSON.parse((await readAll(result.body)).toString())};
};

/** Ids begin with their time, so the first in order are the oldest. */
const removeOld = async (store: ObjectStore): Promise<void> => {
	const rows = await Array.fromAsync(store.list(keys.jobs));
	const found = rows.flatMap(row => ('key' in row ? [row.key] : []));
	const ids = [...new Set(found.map(idOfKey))];
	const old = new Set(ids.slice(0, Math.max(0, ids.length - keptJobs)));
	await store.remove(found.filter(key => old.has(idOfKey(key))));
};

const isJobId = (text: string) => /^[a-z0-9-]{1,64}$/.test(text);
const idOfKey = (key: string) => key.slice(keys.jobs.length).split('/', 1)[0] ?? '';
const stateKey = (id: string) => `${keys.jobs}${id}/state`;
const resultKey = (id: string) => `${keys.jobs}${id}/result`;
const asJson = (value: unknown) => Buffer.from(JSON.stringify(value));

const interval = (everyMs: number, call: () => void) => {
	const timer = setInterval(call, everyMs).unref();
	return () => clearInterval(timer);
};
