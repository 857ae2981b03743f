/** Connections over HTTP as servers need them that stream: undici, whose time-outs are about silence, not about length. */
import {Agent, type Dispatcher} from 'undici';

export type HttpAgentOptions = {connectSeconds: number; idleSeconds: number};

/** `sockets: null` is as many as are asked for. */
export const createHttpAgent = ({connectSeconds, idleSeconds}: HttpAgentOptions, sockets: number | null): Agent =>
	new Agent({
		connections: sockets,
		pipelining: 1,
		// Shorter than what servers and load balancers usually wait; who meets the end of a connection all the same asks again.
		keepAliveTimeout: 15_000,
		connect: {timeout: connectSeconds * 1000},
		headersTimeout: idleSeconds * 1000,
		bodyTimeout: idleSeconds * 1000,
	});

/** A header that came several times is joined by commas. */
export const joinedHeaders = (headers: Dispatcher.ResponseData['headers']): Record<string, string> => {
	const joined: Record<string, string> = {};
	for (const name in headers) {
		const value = headers[name];
		joined[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
	}
	return joined;
};
