/** A run of the fuzzers: starts the server, plants what nobody may see, attacks, and tells what happened. */
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import fc from 'fast-check';
import {createAttacker, type Problem} from './attacker.ts';
import {conversations} from './conversations.ts';
import type {FromServer, Measured, ToServer} from './server.ts';
import {prepareTarget} from './target.ts';

export type FuzzOptions = {
	/** At least so many are sent. */
	requests: number;
	/** The same seed says the same on as many connections; what is answered may come in another order. */
	seed: number;
	connections?: number;
	onProgress?: (sofar: {requests: number; heapBytes: number}) => void;
};

export type FuzzReport = {
	requests: number;
	seconds: number;
	/** How often each status was answered. */
	statuses: ReadonlyMap<number, number>;
	problems: readonly Problem[];
	/** What was alive in the server, from time to time, the store emptied. */
	heapBytes: readonly number[];
	/** Lines of the log that tell of failures, and those that have what nobody may know. */
	failures: readonly string[];
	leaks: readonly string[];
	isVaultUntouched: boolean;
};

export const runFuzz = async ({requests, seed, connections = 24, onProgress}: FuzzOptions): Promise<FuzzReport> => {
	const target = await prepareTarget();
	const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), {
		env: target.environment,
		execArgv: ['--expose-gc', '--max-semi-space-size=1'],
	});
	const ended = once(child, 'exit').then(([code]) => {
		throw new Error(`the server ended with ${code}`);
	});
	ended.catch(() => undefined);
	const answer = async (): Promise<FromServer> => ((await Promise.race([once(child, 'message'), ended])) as [FromServer])[0];
	const measure = async (): Promise<Measured> => {
		const answered = answer();
		child.send('measure' satisfies ToServer);
		return ((await answered) as {measured: Measured}).measured;
	};

	try {
		const {port} = (await answer()) as {port: number};
		const credentials = await target.plant(`http://127.0.0.1:${port}`);
		const {vault} = await measure();
		const attacker = createAttacker({port, credentials, patienceMs});
		const {tally} = attacker;
		const startedAt = performance.now();
		const heapBytes: number[] = [];
		let measured: Measured | undefined;
		for (let round = 1; round <= rounds; round += 1) {
			for (let batch = 0; tally.requests < (requests * round) / rounds; batch += 1) {
				const batchSeed = seed + round * 1_000_000 + batch;
				const queue = fc.sample(conversations, {seed: batchSeed, numRuns: conversationsOfBatch}).entries();
				const work = async () => {
					for (const [at, conversation] of queue) await attacker.hold(conversation, `seed ${batchSeed} conversation ${at}`);
				};
				await Promise.all(Array.from({length: connections}, work));
			}
			measured = await measure();
			heapBytes.push(measured.heapBytes);
			onProgress?.({requests: tally.requests, heapBytes: measured.heapBytes});
		}
		return {
			...tally,
			seconds: (performance.now() - startedAt) / 1000,
			heapBytes,
			failures: measured?.failures ?? [],
			leaks: measured?.leaks ?? [],
			isVaultUntouched: measured?.vault === vault,
		};
	} finally {
		child.kill('SIGKILL');
		await target.remove();
	}
};

/** Megabytes that the server has gained between the first third of the run, when its memories were filling, and the last. */
export const growthMiB = ({heapBytes}: Pick<FuzzReport, 'heapBytes'>): number => {
	const third = Math.max(1, Math.floor(heapBytes.length / 3));
	return (median(heapBytes.slice(-third)) - median(heapBytes.slice(third, 2 * third))) / (1024 * 1024);
};

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

// A machine under load may be slow; a server that hangs is silent for ever.
const patienceMs = 60_000;
const rounds = 15;
const conversationsOfBatch = 100;
