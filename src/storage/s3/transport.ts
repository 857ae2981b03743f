/** How requests get to S3: undici, whose time-outs are about silence, not about length, and for whom a reader that pauses is not silent. */
import type {Agent, Dispatcher} from 'undici';
import {createHttpAgent, joinedHeaders} from '../../lib/httpAgent.ts';
import type {S3Tuning} from './settings.ts';

export type TransportRequest = {
	origin: string;
	/** With its query, escaped. */
	path: string;
	method: string;
	headers: Record<string, string>;
	/** Any iterable of bytes, though undici's types know only some. */
	body?: unknown;
	signal?: AbortSignal | undefined;
	/** A client may read the answer, or bring the body, slowly, or pause. */
	waitsForClients?: boolean;
};

export type TransportAnswer = {status: number; headers: Record<string, string>; body: Dispatcher.ResponseData['body']};

export type Transport = {
	/** For whatever is none of S3's own operations, such as a presigned URL that is tried out. */
	agent: Agent;
	send(request: TransportRequest): Promise<TransportAnswer>;
	close(): Promise<void>;
};

export const createTransport = (tuning: S3Tuning): Transport => {
	const agent = createHttpAgent(tuning, tuning.sockets);
	// A client that is slow or pauses holds its connection: there are as many of these as clients want, and nobody waits behind them.
	const forClients = createHttpAgent(tuning, null);
	return {
		agent,

		async send({waitsForClients = false, method, body, signal, ...target}) {
			const answer = await (waitsForClients ? forClients : agent).request({
				...target,
				method: method as Dispatcher.HttpMethod,
				// Each piece that undici could write counts as a sign of life.
				body: body as Uint8Array | undefined,
				signal,
				// Of an answer that is not read yet, one piece waits, and not two.
				highWaterMark: 16 * 1024,
				...(quickMethods.includes(method) && {headersTimeout: tuning.answerSeconds * 1000}),
				// Undici closes the connection after a HEAD unless told not to, and a new one costs a TLS handshake.
				reset: false,
			});
			// Whoever reads the body hears of its failures there.
			answer.body.on('error', () => undefined);
			return {status: answer.statusCode, headers: joinedHeaders(answer.headers), body: answer.body};
		},

		async close() {
			await Promise.all([agent.destroy(), forClients.destroy()]);
		},
	};
};

/** What S3 answers at once if it answers at all; a copy or the end of a multipart upload may take it minutes. */
const quickMethods: readonly string[] = ['GET', 'HEAD', 'DELETE'];
