/** The AWS SDK's requests sent by undici: its time-outs are about silence, not about length, and a reader that pauses is not silent. */
import type {HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler} from '@smithy/types';
import {Agent, type Dispatcher} from 'undici';
import type {S3Tuning} from './settings.ts';

/** `sockets: null` is as many as are asked for. */
export const createAgent = ({sockets, connectSeconds, idleSeconds}: Omit<S3Tuning, 'sockets'> & {sockets: number | null}): Agent =>
	new Agent({
		connections: sockets,
		pipelining: 1,
		// S3 itself waits longer before it closes; a request that meets the end of its connection is repeated.
		keepAliveTimeout: 15_000,
		connect: {timeout: connectSeconds * 1000},
		headersTimeout: idleSeconds * 1000,
		bodyTimeout: idleSeconds * 1000,
	});

export type UndiciHandler = RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> & {
	updateHttpClientConfig(): void;
	httpHandlerConfigs(): Record<string, never>;
};

/** What S3 answers at once if it answers at all; a copy or the end of a multipart upload may take it minutes. */
const quickMethods: readonly string[] = ['GET', 'HEAD', 'DELETE'];

export const createHttpHandler = (agent: Agent, tuning: S3Tuning): UndiciHandler => {
	// A client that reads slowly or pauses holds its connection: there are as many of these as clients want, and nobody waits behind them.
	const downloads = createAgent({...tuning, sockets: null});
	return {
		metadata: {handlerProtocol: 'http/1.1'},

		async handle(request, {abortSignal} = {}) {
			const answer = await (isDownload(request) ? downloads : agent).request({
				origin: originOf(request),
				path: pathOf(request),
				method: request.method as Dispatcher.HttpMethod,
				headers: request.headers,
				// Undici takes any iterable; its types know only streams. Each piece that it could write counts as a sign of life.
				body: request.body as Uint8Array | undefined,
				signal: abortSignal as AbortSignal | undefined,
				...(quickMethods.includes(request.method) && {headersTimeout: tuning.answerSeconds * 1000}),
				// Undici closes the connection after a HEAD unless told not to, and a new one costs a TLS handshake.
				reset: false,
			});
			// Whoever reads the body hears of its failures there.
			answer.body.on('error', () => undefined);
			return {response: {statusCode: answer.statusCode, headers: singleHeaders(answer.headers), body: answer.body}};
		},

		destroy() {
			void agent.destroy();
			void downloads.destroy();
		},
		updateHttpClientConfig() {},
		httpHandlerConfigs: () => ({}),
	};
};

/** The SDK names its operation in the query. */
const isDownload = ({method, query}: HttpRequest) => method === 'GET' && query?.['x-id'] === 'GetObject';

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

const singleHeaders = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
	Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]));
