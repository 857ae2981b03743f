/** Connections to a registry elsewhere, and to where it sends us: undici, whose time-outs are about silence, not about length, and for whom a reader that pauses is not silent. */
import type {Dispatcher} from 'undici';
import {createHttpAgent, joinedHeaders} from '../lib/httpAgent.ts';
import type {Bytes} from '../registry/registry.ts';
import type {RemoteTuning} from './upstream.ts';

export type WireRequest = {
	method: string;
	url: URL;
	headers: Readonly<Record<string, string>>;
	body?: Uint8Array | Bytes | undefined;
	/** What is small both ways, or which way the bytes of a blob go. */
	carries: 'little' | 'upload' | 'download';
	signal?: AbortSignal | undefined;
};

/** A header that came several times is joined by commas. The body is read or destroyed by whoever asked. */
export type WireAnswer = {status: number; headers: Readonly<Record<string, string>>; body: Dispatcher.ResponseData['body']};

export type Connections = {send(request: WireRequest): Promise<WireAnswer>; close(): Promise<void>};

export const createConnections = (tuning: RemoteTuning): Connections => {
	// What is small never waits behind layers.
	const pools = {
		little: createHttpAgent(tuning, tuning.sockets),
		upload: createHttpAgent(tuning, tuning.sockets),
		// A client that reads slowly or pauses holds its connection: there are as many of these as clients want, and nobody waits behind them.
		download: createHttpAgent(tuning, null),
	};
	return {
		async send({method, url, headers, body, carries, signal}) {
			const answer = await pools[carries].request({
				origin: url.origin,
				path: `${url.pathname}${url.search}`,
				method: method as Dispatcher.HttpMethod,
				headers,
				// Any iterable of bytes, though undici's types know only some. Each piece that it could write counts as a sign of life.
				body: body as Uint8Array | undefined,
				...(carries !== 'upload' && {headersTimeout: tuning.answerSeconds * 1000}),
				// Undici closes the connection after a HEAD unless told not to, and a new one costs a TLS handshake.
				reset: false,
				...(signal && {signal}),
			});
			// Whoever reads the body hears of its failures there.
			answer.body.on('error', () => undefined);
			return {status: answer.statusCode, headers: joinedHeaders(answer.headers), body: answer.body};
		},

		async close() {
			await Promise.all(Object.values(pools).map(pool => pool.destroy()));
		},
	};
};

/** What is left of an answer that nobody reads: a little is taken in, so that its connection can be used again. */
export const discard = ({body}: WireAnswer): void => void body.dump({limit: drainedBytes}).catch(() => undefined);

const drainedBytes = 16 * 1024;
