/** Where the admin API has each operation, and in what shape it says no. */
import {z} from 'zod';
import type {operationErrorCodes} from './operation.ts';
import {type OperationName, operationNames, operations} from './table.ts';

const apiRoot = '/api/v1';
export const jobsPath = `${apiRoot}/jobs/`;
export const openApiPath = `${apiRoot}/openapi.json`;

/** What reads and is soon done is a GET, its input the query; all else a POST with JSON. */
export type ApiRoute = {name: OperationName; method: 'GET' | 'POST'; path: string};

export const routeOf = (name: OperationName): ApiRoute => {
	const {effect, job} = operations[name];
	return {name, method: effect === 'read' && !job ? 'GET' : 'POST', path: `${apiRoot}/${name.replaceAll('.', '/')}`};
};

export const apiRoutes: readonly ApiRoute[] = operationNames.map(routeOf);

/** Codes of the API's own, beside those of operations, and the status of each answer. */
export const apiErrors = {
	invalid: 400,
	unauthenticated: 401,
	forbidden: 403,
	'not-found': 404,
	method: 405,
	protected: 403,
	changed: 409,
	busy: 429,
	'too-large': 413,
	'media-type': 415,
	failed: 500,
	unavailable: 503,
} as const satisfies Record<(typeof operationErrorCodes)[number], number> & Record<string, number>;
export type ApiErrorCode = keyof typeof apiErrors;

/** Every answer that is no success. */
export const apiErrorSchema = z.object({
	error: z.object({
		code: z.enum(Object.keys(apiErrors) as [ApiErrorCode, ...ApiErrorCode[]]),
		message: z.string().describe('What is the matter, for people'),
		advice: z.string().optional().describe('What to do about it'),
		requestId: z.string().describe('The same as in the log of the server'),
	}),
});
export type ApiErrorAnswer = z.output<typeof apiErrorSchema>;
