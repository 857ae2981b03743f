/** The AWS SDK's requests sent by undici: its time-outs are about silence, not about length, and a reader that pauses is not silent. */
import type {HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler} from '@smithy/types';
import {Agent, type Dispatcher} from 'undici';
import type {S3Tuning} from './settings.ts';

export const createAgent = ({sockets, connectSeconds, idleSeconds}: S3Tuning): Agent =>
	new Agent({
		connections: sockets,
		pipelining: 1,
		connect: {timeout: connectSeconds * 1000},
		headersTimeout: idleSeconds * 1000,
		bodyTimeout: idleSeconds * 1000,
	});

export type UndiciHandler = RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> & {
	updateHttpClientConfig(): void;
	httpHandlerConfigs(): Record<string, never>;
};

export const createHttpHandler = (agent: Agent): UndiciHandler => ({
	metadata: {handlerProtocol: 'http/1.1'},

	async handle(request, {abortSignal} = {}) {
		const answer = await agent.request({
			origin: originOf(request),
			path: pathOf(request),
			method: request.method as Dispatcher.HttpMethod,
			headers: request.headers,
			body: inPieces(request.body),
			signal: abortSignal as AbortSignal | undefined,
		});
		// Whoever reads the body hears of its failures there.
		answer.body.on('error', () => undefined);
		return {response: {statusCode: answer.statusCode, headers: singleHeaders(answer.headers), body: answer.body}};
	},

	destroy: () => void agent.destroy(),
	updateHttpClientConfig() {},
	httpHandlerConfigs: () => ({}),
});

const originOf = ({protocol, hostname, port}: HttpRequest) => `${protocol}//${hostname}${port ? `:${port}` : ''}`;

const pathOf = ({path, query = {}}: HttpRequest) => {
	const pairs = Object.keys(query)
		.sort()
		.flatMap(name => [query[name] ?? ''].flat().map(value => `${escapeUri(name)}=${escapeUri(value ?? '')}`));
	return pairs.length > 0 ? `${path}?${pairs.join('&')}` : path;
};

/** As SigV4 wants it. */
export const escapeUri = (text: string): string =>
	encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const pieceBytes = 256 * 1024;

/** Undici takes each piece that it could write for a sign of life. Bodies stay whole in the SDK, so that it can send them again. */
const inPieces = (body: unknown) => {
	if (!(body instanceof Uint8Array) || body.length <= pieceBytes) return body as Uint8Array | string | undefined;
	const pieces = function* () {
		for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes);
	};
	// Undici takes any iterable; its types know only streams.
	return pieces() as unknown as Uint8Array;
};

const singleHeaders = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
	Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]));
