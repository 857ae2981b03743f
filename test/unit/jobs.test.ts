import test from 'ava';
import {createJobs} from '../../src/operations/jobs.ts';
import {OperationError} from '../../src/operations/operation.ts';
import type {Operations} from '../../src/operations/operations.ts';
import {keys} from '../../src/registry/keys.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {keysOf} from '../support/stores.ts';

type Run = (context: {onProgress(progress: {done: number; of: string}): void; signal: AbortSignal}) => Promise<unknown>;

const start = ({run, clock = Date.now}: {run: Run; clock?: () => number}) => {
	const store = createMemoryStore();
	const operations = {run: (_name: string, _input: object, context: Parameters<Run>[0]) => run(context)} as unknown as Operations;
	const ticks: (() => void)[] = [];
	const failures: unknown[] = [];
	const repeat = (_: number, call: () => void) => {
		ticks.push(call);
		return () => undefined;
	};
	const jobs = createJobs(store, operations, {clock, repeat, onFailed: (_, error) => failures.push(error)});
	return {
		store,
		jobs,
		failures,
		tick: () => ticks.map(call => call()),
		other: createJobs(store, operations, {clock, onFailed: () => undefined}),
	};
};

const ended = async (jobs: ReturnType<typeof createJobs>, id: string) => {
	for (;;) {
		const job = await jobs.read(id);
		if (job?.state !== 'running') return job;
		await new Promise(resolve => setImmediate(resolve));
	}
};

test('a process that did not begin it can tell how far it has come, and what it answered', async t => {
	const gate = Promise.withResolvers<unknown>();
	const {jobs, other, tick} = start({
		run: ({onProgress}) => {
			onProgress({done: 3, of: 'refs'});
			return gate.promise;
		},
	});
	const {id} = await jobs.begin('verify', {});
	tick();
	t.like(await other.read(id), {state: 'running', progress: {done: 3, of: 'refs'}});
	gate.resolve({answer: 42});
	await ended(jobs, id);
	t.like(await other.read(id), {state: 'done', result: {answer: 42}});
});

test('what goes wrong is told without what only the log may have', async t => {
	const {jobs, failures} = start({run: () => Promise.reject(new Error('the secret is xyzzy'))});
	const {id} = await jobs.begin('verify', {});
	const job = await ended(jobs, id);
	t.like(job, {state: 'failed', error: {code: 'failed', advice: 'the log says more'}});
	t.false(JSON.stringify(job).includes('xyzzy'));
	t.is(failures.length, 1);
});

test('what an operation refuses is told as it says it, and is no failure of ours', async t => {
	const {jobs, failures} = start({run: () => Promise.reject(new OperationError('busy', 'another collects', 'wait'))});
	const {id} = await jobs.begin('gc.run', {});
	t.like(await ended(jobs, id), {state: 'failed', error: {code: 'busy', message: 'another collects', advice: 'wait'}});
	t.is(failures.length, 0);
});

test('input that cannot be used begins nothing', async t => {
	const {jobs, store} = start({run: async () => ({})});
	await t.throwsAsync(jobs.begin('prune', {olderThan: 'soon'}), {instanceOf: OperationError, code: 'invalid'} as never);
	t.deepEqual(await keysOf(store, keys.jobs), []);
});

test('a server that is stopped ends its jobs, and says so; a fifth one at once is too much', async t => {
	const {jobs, other} = start({
		run: ({signal}) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
	});
	const begun = [];
	for (let count = 0; count < 4; count++) begun.push(await jobs.begin('verify', {}));
	await t.throwsAsync(jobs.begin('verify', {}), {message: /runs 4 operations already/});
	await jobs.stop();
	t.like(await other.read(begun[0]?.id ?? ''), {state: 'failed', error: {code: 'lost'}});
});

test('a job whose server was killed is lost, as soon as the store has heard nothing of it for a minute', async t => {
	let now = 1_700_000_000_000;
	const store = createMemoryStore({now: () => new Date(now)});
	const operations = {run: () => new Promise(() => undefined)} as unknown as Operations;
	const options = {clock: () => now, onFailed: () => undefined, repeat: () => () => undefined};
	const {id} = await createJobs(store, operations, options).begin('verify', {});
	const other = createJobs(store, operations, options);
	now += 50_000;
	t.is((await other.read(id))?.state, 'running');
	now += 20_000;
	t.like(await other.read(id), {state: 'failed', error: {code: 'lost', advice: 'begin it again'}});
});

test('only the last 200 are kept', async t => {
	let time = 1_700_000_000_000;
	const {jobs, store} = start({run: async () => ({}), clock: () => ++time});
	const ids: string[] = [];
	for (let count = 0; count < 203; count++) {
		const {id} = await jobs.begin('verify', {});
		await ended(jobs, id);
		ids.push(id);
	}
	t.is(await jobs.read(ids[0] as string), undefined);
	t.is((await jobs.read(ids[202] as string))?.state, 'done');
	t.true((await keysOf(store, keys.jobs)).length <= 2 * 201);
});
