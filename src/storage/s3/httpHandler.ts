/** The transport in the form that the AWS SDK asks for. */
import type {HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler} from '@smithy/types';
import {formatQuery} from './escaping.ts';
import type {Transport} from './transport.ts';

export type TransportHandler = RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> & {
	updateHttpClientConfig(): void;
	httpHandlerConfigs(): Record<string, never>;
};

export const createHttpHandler = (transport: Transport): TransportHandler => ({
	metadata: {handlerProtocol: 'http/1.1'},

	async handle(request, {abortSignal} = {}) {
		const {status, headers, body} = await transport.send({
			origin: originOf(request),
			path: pathOf(request),
			method: request.method,
			headers: request.headers,
			body: request.body,
			signal: abortSignal as AbortSignal | undefined,
		});
		return {response: {statusCode: status, headers, body}};
	},

	destroy: () => void transport.close(),
	updateHttpClientConfig() {},
	httpHandlerConfigs: () => ({}),
});

const originOf = ({protocol, hostname, port}: HttpRequest) => `${protocol}//${hostname}${port ? `:${port}` : ''}`;

const pathOf = ({path, query = {}}: HttpRequest) => `${path}${formatQuery(query)}`;
