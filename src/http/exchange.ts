/** One request and its answer, as the log and the metrics tell it. */
import {randomUUID} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {OciRequest} from 'oci-spec-types';
import {administrator, type Identity} from '../auth/identity.ts';
import type {Runner} from '../operations/operation.ts';
import type {Log} from '../telemetry/log.ts';
import type {Metrics} from '../telemetry/metrics.ts';
import type {Client} from './client.ts';
import type {UploadWay} from './uploadRedirects.ts';

export type Exchange = {
	id: string;
	client: Client;
	/** Its lines have the id. */
	readonly log: Log;
	/** Bytes of the two bodies that really passed. */
	bytesIn: number;
	bytesOut: number;
	/** Who asks, once that is proven. */
	identity?: Identity;
	/** What was asked, once it is understood. */
	request?: OciRequest;
	/** Code of the error that was answered. */
	errorCode?: string;
	redirected?: boolean;
	/** Why we ended it ourselves. */
	cut?: 'slow';
	/** How an upload went: redirected, or why it was streamed. */
	upload?: UploadWay;
};

export const createExchange = (id: string, client: Client, log: Log): Exchange => ({
	id,
	client,
	// Most requests have nothing to say beside their one line.
	get log() {
		return log.child({requestId: id});
	},
	bytesIn: 0,
	bytesOut: 0,
});

/** As the audit tells of whoever has an operation run. */
export const runnerOf = ({id, client, identity = administrator}: Exchange): Runner => ({
	who: identity.name,
	from: client.address,
	requestId: id,
});

/** A client's own id is kept, so that its log and ours can be laid side by side; anything odd is replaced. */
export const requestIdOf = (request: IncomingMessage): string => {
	const given = request.headers['x-request-id'];
	return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
};

/** Writes the line and counts, once, when the exchange is over either way. */
export const recordWhenOver = (
	exchange: Exchange,
	request: IncomingMessage,
	response: ServerResponse,
	{log, metrics}: {log: Log; metrics: Metrics},
): void => {
	const startedAt = performance.now();
	metrics.requestsInFlight.inc();
	response.once('close', () => {
		metrics.requestsInFlight.dec();
		const seconds = (performance.now() - startedAt) / 1000;
		const {bytesIn, bytesOut} = exchange;
		const method = request.method ?? '';
		// 499 as nginx has it: the client left before it had the answer.
		const status = response.writableFinished ? response.statusCode : 499;
		metrics.recordRequest({kind: exchange.request?.kind ?? 'other', method, status, seconds, bytesIn, bytesOut});
		if (exchange.upload) metrics.recordUpload(exchange.upload);
		log.info(
			{
				requestId: exchange.id,
				method,
				...(exchange.request ? factsOf(exchange.request) : {path: request.url?.split('?', 1)[0]?.slice(0, 256)}),
				status,
				...(exchange.errorCode && {code: exchange.errorCode}),
				...(exchange.redirected && {redirected: true}),
				...(exchange.cut && {cut: exchange.cut}),
				bytesIn,
				bytesOut,
				durationMs: Math.round(seconds * 1e5) / 100,
				client: exchange.client.address,
				...(exchange.identity && exchange.identity.kind !== 'anonymous' && {identity: exchange.identity.name}),
				userAgent: request.headers['user-agent']?.slice(0, 256).replace(notPrintable, '?'),
			},
			'request',
		);
	});
};

// JSON keeps the controls above ASCII as they are, and a terminal obeys them.
const notPrintable = /[^\x20-\x7e]/g;

/** Names, never query strings: those may carry what is nobody else's. */
const factsOf = (request: OciRequest) => ({
	kind: request.kind,
	...('repo' in request && {repo: request.repo}),
	...('reference' in request && {reference: request.reference}),
	...('tag' in request && {tag: request.tag}),
	...('digest' in request && {digest: request.digest}),
	...('upload' in request && {upload: request.upload}),
});
