/** The registry behind the double. */
import type {Readable} from 'node:stream';
import {Agent, type Dispatcher} from 'undici';

export type InnerAnswer = {status: number; headers: Record<string, string>; body: Dispatcher.ResponseData['body']};
export type Inner = {
	/** `target`: a path with its query, or an address that it has told. */
	ask(method: string, target: string, options?: {headers?: Record<string, string>; body?: Readable | Uint8Array}): Promise<InnerAnswer>;
	close(): Promise<void>;
};

export const createInner = (origin: string): Inner => {
	const agent = new Agent();
	return {
		async ask(method, target, {headers = {}, body} = {}) {
			const url = new URL(target, origin);
			const answer = await agent.request({
				origin: url.origin,
				path: `${url.pathname}${url.search}`,
				method: method as Dispatcher.HttpMethod,
				headers: {...(body || method === 'GET' || method === 'HEAD' ? {} : {'content-length': '0'}), ...headers},
				body: body ?? null,
			});
			// Whoever reads it hears of its failures there.
			answer.body.on('error', () => undefined);
			const told = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
			return {status: answer.statusCode, headers: Object.fromEntries(told), body: answer.body};
		},
		close: () => agent.destroy(),
	};
};
