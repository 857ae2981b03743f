/** The admin API: `/api/v1/…`, one route for each operation of the table, and the jobs that the long ones become. */
import type {IncomingMessage} from 'node:http';
import {TooLarge} from '../lib/bytes.ts';
import {fieldsOf, parseFieldText} from '../operations/fields.ts';
import type {Jobs} from '../operations/jobs.ts';
import type {createOpenApi} from '../operations/openApi.ts';
import type {Operations} from '../operations/operations.ts';
import {type ApiRoute, apiRoutes, jobsPath, openApiPath} from '../operations/routes.ts';
import {operations as table} from '../operations/table.ts';
import {type AdminAccess, assertSameSite, isJson} from './adminAccess.ts';
import {ApiRefusal} from './apiRefusal.ts';
import {type Exchange, runnerOf} from './exchange.ts';
import {jsonReply, type Reply} from './reply.ts';
import {readSmallBody} from './smallBody.ts';

export type Api = {
	/** Whether a path is one of ours. */
	has(path: string): boolean;
	/** Throws ApiRefusal, OperationError. */
	answer(exchange: Exchange, request: IncomingMessage): Promise<Reply>;
};

export type ApiOptions = {operations: Operations; jobs: Jobs; access: AdminAccess; openApi: ReturnType<typeof createOpenApi>};

export const createApi = ({operations, jobs, access, openApi}: ApiOptions): Api => {
	const routes = new Map(apiRoutes.map(route => [route.path, route]));
	const document = JSON.stringify(openApi);

	const readJob = async (id: string): Promise<Reply> => {
		const job = await jobs.read(id);
		if (!job)
			throw new ApiRefusal('not-found', 'there is no such job', 'jobs are kept for a while after they have ended, the last 200 of them');
		return jsonReply(200, job, unstored);
	};

	const run = async (route: ApiRoute, exchange: Exchange, request: IncomingMessage, url: URL): Promise<Reply> => {
		if (route.method === 'GET')
			return jsonReply(200, await operations.run(route.name, inputOfQuery(route, url) as never, {by: runnerOf(exchange)}), unstored);
		assertSameSite(request, exchange.client);
		const input = (await readInput(request)) as never;
		exchange.log.info({operation: route.name, client: exchange.client.address, identity: exchange.identity?.name}, 'administration');
		if (!table[route.name].job) return jsonReply(200, await operations.run(route.name, input, {by: runnerOf(exchange)}), unstored);
		const job = await jobs.begin(route.name, input, runnerOf(exchange));
		return jsonReply(202, job, {...unstored, Location: `${jobsPath}${job.id}`});
	};

	return {
		has: path => routes.has(path) || path.startsWith(jobsPath) || path === openApiPath,
		async answer(exchange, request) {
			const url = new URL(request.url ?? '/', 'http://localhost');
			const route = routes.get(url.pathname);
			const operation = route?.name ?? (url.pathname === openApiPath ? 'openapi' : 'job');
			await access.assertMayAsk(exchange, request, operation);
			assertMethod(request.method, route?.method ?? 'GET');
			if (route) return run(route, exchange, request, url);
			if (url.pathname === openApiPath) return {status: 200, headers: {'Content-Type': 'application/json', ...unstored}, body: document};
			return readJob(url.pathname.slice(jobsPath.length));
		},
	};
};

/** What a browser must neither keep, nor show to other pages. */
const unstored = {'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'Cross-Origin-Resource-Policy': 'same-origin'};

const assertMethod = (given: string | undefined, method: ApiRoute['method']) => {
	if (given === method || (given === 'HEAD' && method === 'GET')) return;
	throw new ApiRefusal('method', `this is asked for by ${method}`, undefined, {Allow: method === 'GET' ? 'GET, HEAD' : method});
};

const inputOfQuery = ({name}: ApiRoute, {searchParams}: URL): Record<string, unknown> => {
	const fields = new Map(fieldsOf(table[name]).map(field => [field.name, field]));
	const entries = [...searchParams].map(([key, text]) => {
		const field = fields.get(key);
		return [key, field ? parseFieldText(field, text) : text];
	});
	return Object.fromEntries(entries);
};

const readInput = async (request: IncomingMessage): Promise<unknown> => {
	if (!isJson(request.headers['content-type']))
		throw new ApiRefusal('media-type', 'the input has to be application/json', 'send `Content-Type: application/json`, and at least {}');
	try {
		const text = (await readSmallBody(request, mostInputBytes)).toString();
		return text === '' ? {} : JSON.parse(text);
	} catch (error) {
		if (error instanceof TooLarge)
			throw new ApiRefusal('too-large', 'the input has more than 1 MiB', 'ask for less at once', {Connection: 'close'});
		if (error instanceof SyntaxError) throw new ApiRefusal('invalid', 'the input is no JSON');
		throw error;
	}
};

const mostInputBytes = 1024 * 1024;
