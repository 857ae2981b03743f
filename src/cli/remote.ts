/** Operations run by a server, through its admin API. */
import {setTimeout as delay} from 'node:timers/promises';
import {z} from 'zod';
import {type Job, jobSchema} from '../operations/jobs.ts';
import {OperationError, operationErrorCodes, type RunContext} from '../operations/operation.ts';
import type {Operations} from '../operations/operations.ts';
import {apiErrorSchema, jobsPath, routeOf} from '../operations/routes.ts';
import {type OperationName, type OperationOutput, operations} from '../operations/table.ts';
import {CommandFailed} from './exitCodes.ts';

export type RemoteOptions = {
	/** Where the server is: its origin. */
	server: URL;
	token?: string | undefined;
	/** How often a job is asked about. */
	everyMs?: number;
};

export const createRemoteOperations = ({server, token, everyMs = 500}: RemoteOptions): Operations => {
	const ask = async (method: string, path: string, body?: unknown): Promise<{status: number; value: unknown}> => {
		const headers = {...(token && {Authorization: `Bearer ${token}`}), ...(body !== undefined && {'Content-Type': 'application/json'})};
		const request = {method, headers, ...(body !== undefined && {body: JSON.stringify(body)})};
		const answer = await fetch(new URL(path, server), {...request, redirect: 'error'}).catch(error => unreachable(server, error));
		const text = await answer.text();
		const value = tryParse(text);
		if (!answer.ok) throw refusalOf(answer.status, value, server);
		return {status: answer.status, value};
	};

	/** Until it has ended. */
	const follow = async (begun: Job, {onProgress, signal}: Partial<RunContext>): Promise<unknown> => {
		let job = begun;
		while (job.state === 'running') {
			await delay(everyMs, undefined, {signal}).catch(() => leave(job));
			job = jobSchema.parse((await ask('GET', `${jobsPath}${job.id}`)).value);
			if (job.progress) onProgress?.(job.progress);
		}
		if (job.state === 'done') return job.result;
		throw failureOf(job);
	};

	return {
		async run(name, input, context = {}) {
			const {method, path} = routeOf(name);
			const {status, value} = method === 'GET' ? await ask('GET', `${path}${queryOf(input)}`) : await ask('POST', path, input);
			return outputOf(name, status === 202 ? await follow(jobSchema.parse(value), context) : value);
		},
	};
};

/** What another version answers may be something else. */
const outputOf = <N extends OperationName>(name: N, value: unknown): OperationOutput<N> => {
	const read = operations[name].output.safeParse(value);
	if (read.success) return read.data as OperationOutput<N>;
	throw new CommandFailed(
		'unreachable',
		'the server answered what this version does not understand',
		'use the version of layercache that the server has',
	);
};

const queryOf = (input: object): string => {
	const entries = Object.entries(input).filter(([, value]) => value !== undefined);
	return entries.length > 0 ? `?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)]))}` : '';
};

const tryParse = (text: string): unknown => {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
};

const unreachable = (server: URL, error: unknown): never => {
	const cause: unknown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
	const advice = isDistrust(cause)
		? 'name the authority of its certificate in NODE_EXTRA_CA_CERTS'
		: 'check --server, and whether the server runs';
	const told = cause instanceof Error ? cause.message : String(cause);
	throw new CommandFailed('unreachable', `${server.origin} cannot be reached: ${told}`, advice);
};

const isDistrust = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && distrusts.has(cause.code);

// Of OpenSSL, by way of Node.
const distrusts: ReadonlySet<unknown> = new Set([
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

const refusalOf = (status: number, value: unknown, server: URL): Error => {
	const told = apiErrorSchema.safeParse(value);
	if (!told.success)
		return new CommandFailed(
			'unreachable',
			`${server.origin} answered ${status}, and not as layercache does`,
			'check --server: the scheme, host and port of layercache',
		);
	const {code, message, advice, requestId} = told.data.error;
	if (code === 'unauthenticated' || code === 'forbidden')
		return new CommandFailed(
			'access',
			message,
			'set LAYERCACHE_TOKEN to LAYERCACHE_ADMIN_TOKEN of the server, or run this on the same machine',
		);
	const ours = z.enum(operationErrorCodes).safeParse(code);
	if (ours.success) return new OperationError(ours.data, message, advice);
	return new CommandFailed(status >= 500 ? 'unreachable' : 'no', `${message} (request ${requestId})`, advice);
};

const failureOf = ({error}: Job): Error => {
	const {code, message, advice} = error ?? {code: 'failed', message: 'the operation failed'};
	const ours = z.enum(operationErrorCodes).safeParse(code);
	if (ours.success) return new OperationError(ours.data, message, advice);
	return new CommandFailed(code === 'failed' ? 'no' : 'unreachable', message, advice);
};

const leave = ({id}: Job): never => {
	throw new CommandFailed('interrupted', 'the server goes on with it', `ask about it: GET ${jobsPath}${id}`);
};
