/** A client of the admin API that holds each answer against the OpenAPI document. */
import {Ajv2020, type ValidateFunction} from 'ajv/dist/2020.js';
import type {ExecutionContext} from 'ava';
import {createOpenApi} from '../../src/operations/openApi.ts';
import {routeOf} from '../../src/operations/routes.ts';
import type {OperationName} from '../../src/operations/table.ts';

// biome-ignore lint/suspicious/noExplicitAny: what is in an answer is looked at by the test
export type ApiAnswer = {status: number; headers: Headers; body: any; error?: string};

type Item = Record<string, {responses: Record<string, {content: Record<string, {schema: object}>}>}>;

export const apiOf = (t: ExecutionContext, url: string) => {
	const document = JSON.parse(JSON.stringify(createOpenApi('0.0.0')));
	const ajv = new Ajv2020({strict: false, validateFormats: false});
	ajv.addSchema({$id: 'openapi', ...document});
	const validators = new Map<string, ValidateFunction>();

	const validatorOf = (method: string, pathname: string, status: number): ValidateFunction | undefined => {
		const path = pathname.replace(/^\/api\/v1\/jobs\/.*/, '/api/v1/jobs/{id}');
		const item: Item | undefined = document.paths[path];
		if (!item) return undefined;
		const operation = item[method.toLowerCase()] ?? Object.values(item)[0];
		const schema = operation?.responses[status]?.content['application/json']?.schema;
		t.truthy(schema, `${method} ${path} may not answer ${status}`);
		const name = `${method} ${path} ${status}`;
		const pointer = JSON.stringify(schema).replaceAll('"#/', '"openapi#/');
		const known = validators.get(name) ?? ajv.compile(JSON.parse(pointer));
		validators.set(name, known);
		return known;
	};

	const raw = async (method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<ApiAnswer> => {
		const answer = await fetch(new URL(path, url), {method, headers, ...(body !== undefined && {body})});
		const value = JSON.parse(await answer.text());
		const validate = validatorOf(method, new URL(path, url).pathname, answer.status);
		if (validate) t.true(validate(value), `${method} ${path} ${answer.status}: ${ajv.errorsText(validate.errors)}`);
		return {status: answer.status, headers: answer.headers, body: value, error: value.error?.code};
	};
	const get = (path: string, headers?: Record<string, string>) => raw('GET', path, headers);
	const send = (method: string, path: string, input?: unknown) =>
		raw(
			method,
			path,
			input === undefined ? {} : {'Content-Type': 'application/json'},
			input === undefined ? undefined : JSON.stringify(input),
		);

	const follow = async (path: string) => {
		for (;;) {
			const {body} = await get(path);
			if (body.state !== 'running') return body;
		}
	};

	return {
		raw,
		get,
		send,
		follow,
		/** To its end, whether it is a job or not; the result of a job is held against the document too. */
		async run(name: OperationName, input: Record<string, unknown>) {
			const {method, path} = routeOf(name);
			const query = new URLSearchParams(Object.entries(input).map(([key, value]) => [key, String(value)]));
			const answer = method === 'GET' ? await get(`${path}?${query}`) : await send('POST', path, input);
			if (answer.status === 200) return {state: 'done', result: answer.body};
			if (answer.status !== 202) return {state: 'refused', ...answer.body};
			const job = await follow(answer.headers.get('location') ?? '');
			const schema = `${name.replaceAll(/(?:^|\.)(.)/g, (_, letter: string) => letter.toUpperCase())}Answer`;
			const validate = ajv.compile({$ref: `openapi#/components/schemas/${schema}`});
			if (job.state === 'done') t.true(validate(job.result), `${name}: ${ajv.errorsText(validate.errors)}`);
			return job;
		},
	};
};
