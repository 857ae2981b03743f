/** The dashboard on a free port, over operations whose answers are given. */
import {noAudit} from '../../src/audit/audit.ts';
import {createAdminAccess} from '../../src/http/adminAccess.ts';
import {createHttpAdministration} from '../../src/http/administration.ts';
import {createKoaApp} from '../../src/http/koaApp.ts';
import {createRoom} from '../../src/http/room.ts';
import {listen} from '../../src/http/server.ts';
import {createJobs} from '../../src/operations/jobs.ts';
import type {Operations} from '../../src/operations/operations.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {createLog} from '../../src/telemetry/log.ts';
import {createMetrics} from '../../src/telemetry/metrics.ts';
import type {UsageRecorder} from '../../src/usage/usage.ts';
import {createTestAuthentication} from './authentication.ts';
import {sampleNow} from './sampleAnswers/drawn.ts';
import {sampleOperations} from './sampleAnswers.ts';

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
	const {sessions, ...authentication} = createTestAuthentication({administratorToken: token, clock});
	const access = createAdminAccess({...authentication, audit: noAudit, asksForCredentials: token !== undefined});
	const koa = createKoaApp({
		administration: createHttpAdministration({
			...{operations, jobs, access, sessions, clock, elapsed: clock, version: '0.1.0'},
			audit: noAudit,
		}),
		access,
		audit: noAudit,
		admit: unused,
		tokens: undefined,
		assertMayReadMetrics: unused,
		registryFor: unused,
		explainRef: unused,
		usage: new Proxy({} as UsageRecorder, {get: unused}),
		room: createRoom({requests: 4, uploads: 4, downloads: 4}),
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
