/** The admin API as an OpenAPI 3.1 document, made from the table of operations. */
import {z} from 'zod';
import {fieldsOf} from './fields.ts';
import {jobSchema} from './jobs.ts';
import {type ApiErrorCode, type ApiRoute, apiErrorSchema, apiErrors, apiRoutes, jobsPath, openApiPath} from './routes.ts';
import {operations} from './table.ts';

export const createOpenApi = (version: string) => ({
	openapi: '3.1.1',
	info: {
		title: 'layercache admin API',
		version,
		summary: 'What an administrator can do with a layercache registry',
		description:
			'The same operations as the command line has. What reads is a GET; what changes something, or takes long, a POST with JSON. Long work answers 202 with a job.',
		license: {name: 'Apache-2.0', identifier: 'Apache-2.0'},
	},
	// Where a token is set, all need it; where none is, only clients on the server's own machine are answered.
	security: [{token: []}, {}],
	paths: {
		...Object.fromEntries(apiRoutes.map(route => [route.path, {[route.method.toLowerCase()]: operationOf(route)}])),
		[`${jobsPath}{id}`]: {
			get: {
				operationId: 'jobs.read',
				summary: 'tell how far a job has come, and what it answered',
				parameters: [{name: 'id', in: 'path', required: true, schema: {type: 'string'}}],
				responses: {200: jsonOf('The job', reference('Job')), ...refusals(['not-found'])},
			},
		},
		[openApiPath]: {
			get: {
				operationId: 'openapi',
				summary: 'this document',
				responses: {200: jsonOf('An OpenAPI 3.1 document', {type: 'object'}), ...refusals([])},
			},
		},
	},
	components: {
		securitySchemes: {token: {type: 'http', scheme: 'bearer', description: 'LAYERCACHE_ADMIN_TOKEN of the server'}},
		schemas: {
			Job: schemaOf(jobSchema),
			Error: schemaOf(apiErrorSchema),
			...Object.fromEntries(apiRoutes.map(({name}) => [nameOfAnswer(name), schemaOf(operations[name].output)])),
		},
	},
});

const operationOf = ({name, method}: ApiRoute) => {
	const facts = operations[name];
	const about: string | undefined = 'about' in facts ? facts.about : undefined;
	const input = {
		required: fieldsOf(facts).some(({required}) => required),
		content: {'application/json': {schema: schemaOf(facts.input, 'input')}},
	};
	return {
		operationId: name,
		summary: facts.summary,
		...(about && {description: about}),
		...(method === 'GET' ? {parameters: parametersOf(name)} : {requestBody: input}),
		responses: {
			...(facts.job
				? {
						202: {
							...jsonOf('A job was begun', reference('Job')),
							headers: {Location: {description: 'Where to ask about it', schema: {type: 'string'}}},
						},
					}
				: {200: jsonOf('The answer', reference(nameOfAnswer(name)))}),
			...refusals(method === 'POST' ? ['invalid', 'not-found', 'changed', 'media-type', 'too-large', 'busy'] : ['invalid', 'not-found']),
		},
	};
};

const parametersOf = (name: ApiRoute['name']) => {
	const properties = schemaOf(operations[name].input, 'input').properties ?? {};
	return fieldsOf(operations[name]).map(field => ({
		name: field.name,
		in: 'query',
		required: field.required,
		...(field.about && {description: field.about}),
		schema: properties[field.name],
	}));
};

/** Without `$schema`: the dialect is that of the document. */
const schemaOf = (schema: z.ZodType, io: 'input' | 'output' = 'output') => {
	const {$schema: _, ...rest} = z.toJSONSchema(schema, {io});
	return rest;
};

const nameOfAnswer = (name: string) => `${name.replaceAll(/(?:^|\.)(.)/g, (_, letter: string) => letter.toUpperCase())}Answer`;
const reference = (name: string) => ({$ref: `#/components/schemas/${name}`});
const jsonOf = (description: string, schema: object) => ({description, content: {'application/json': {schema}}});

/** Any request may be refused by the gate, or fail. */
const refusals = (codes: readonly ApiErrorCode[]) => {
	const statuses = Map.groupBy([...codes, ...always], code => apiErrors[code]);
	return Object.fromEntries(
		[...statuses].map(([status, codes]) => [status, jsonOf(codes.map(code => errorMeanings[code]).join('; '), reference('Error'))]),
	);
};

const always = ['unauthenticated', 'forbidden', 'method', 'failed', 'unavailable'] as const;

export const errorMeanings: {readonly [C in ApiErrorCode]: string} = {
	invalid: 'The input is not what the operation takes',
	unauthenticated: 'The token is missing, or another',
	forbidden: 'This client, or a page of this site, may not ask',
	'not-found': 'There is no such thing',
	method: 'Another method is meant',
	protected: 'The ref is protected',
	changed: 'What would go is no longer what was shown',
	busy: 'Too much is under way already',
	'too-large': 'The body has more than 1 MiB',
	'media-type': 'The body is not application/json',
	failed: 'The server failed; its log says more',
	unavailable: 'The store cannot be reached just now',
};
