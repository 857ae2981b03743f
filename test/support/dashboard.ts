/** The dashboard on a free port, over operations whose answers are given. */
import {createHttpAdministration} from '../../src/http/administration.ts';
import {createKoaApp} from '../../src/http/koaApp.ts';
import {listen} from '../../src/http/server.ts';
import {createJobs} from '../../src/operations/jobs.ts';
import type {Operations} from '../../src/operations/operations.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {createLog} from '../../src/telemetry/log.ts';
import {createMetrics} from '../../src/telemetry/metrics.ts';
import type {UsageRecorder} from '../../src/usage/usage.ts';
import {sampleNow, sampleOperations} from './sampleAnswers.ts';

export type ListenOptions = {
	operations?: Operations;
	token?: string;
	/** Milliseconds since 1970. */
	clock?: () => number;
};

/** Ends with `close`. `log` has its lines, as JSON. */
export const listenDashboard = async ({operations = sampleOperations(), token, clock = () => sampleNow}: ListenOptions = {}) => {
	const log: string[] = [];
	const sink = createLog({format: 'json', level: 'debug'}, {write: line => log.push(line)});
	const jobs = createJobs(createMemoryStore(), operations, {clock, onFailed: (operation, error) => sink.error({operation, error}, 'job')});
	const unused = () => {
		throw new Error('there is only what an administrator reaches');
	};
	const koa = createKoaApp({
		administration: createHttpAdministration({operations, jobs, token, clock, elapsed: clock, version: '0.1.0'}),
		registryFor: unused,
		rightsOf: unused,
		explainRef: unused,
		usage: new Proxy({} as UsageRecorder, {get: unused}),
		assertReady: unused,
		isTrusted: address => address.startsWith('127.'),
		log: sink,
		metrics: createMetrics({version: '0.1.0'}),
	});
	const server = await listen(koa.callback(), {host: '127.0.0.1', port: 0, idleSeconds: 60});
	return {
		url: `http://127.0.0.1:${server.address.port}`,
		log,
		async close() {
			await jobs.stop();
			await server.drain(0);
		},
	};
};
