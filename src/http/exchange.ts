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

export const createExchange = (id: string, client: Client, log: Log): Exchange => new OpenExchange(id, client, log);

/** A class, and no object with a getter, as in http/client.ts. Most requests have nothing to log beside their one line. */
class OpenExchange implements Exchange {
	readonly id: string;
	readonly client: Client;
	readonly #log: Log;
	bytesIn = 0;
	bytesOut = 0;

	constructor(id: string, client: Client, log: Log) {
		this.id = id;
		this.client = client;
		this.#log = log;
	}

	get log(): Log {
		return this.#log.child({requestId: this.id});
	}
}

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
		const {identity} = exchange;
		const {kind, repo, reference, tag, digest, upload}: Asked = exchange.request ?? {};
		// One literal, since this is written for each request; what is undefined is left out of the line.
		log.info(
			{
				requestId: exchange.id,
				method,
				kind,
				repo,
				reference,
				tag,
				digest,
				upload,
				path: kind ? undefined : request.url?.split('?', 1)[0]?.slice(0, 256),
				status,
				code: exchange.errorCode,
				redirected: exchange.redirected || undefined,
				cut: exchange.cut,
				bytesIn,
				bytesOut,
				durationMs: Math.round(seconds * 1e5) / 100,
				client: exchange.client.address,
				identity: identity?.kind === 'anonymous' ? undefined : identity?.name,
				userAgent: request.headers['user-agent']?.slice(0, 256).replace(notPrintable, '?'),
			},
			'request',
		);
	});
};

// JSON keeps the controls above ASCII as they are, and a terminal obeys them.
const notPrintable = /[^\x20-\x7e]/g;

/** What is told of a request: names, never query strings, which may carry what is nobody else's. */
type Asked = {kind?: OciRequest['kind']; repo?: string; reference?: string; tag?: string; digest?: string; upload?: string};
