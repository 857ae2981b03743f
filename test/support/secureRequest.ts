/** One request by https to a server of the test's own, and the certificate that it showed. */
import {once} from 'node:events';
import type {IncomingHttpHeaders, IncomingMessage} from 'node:http';
import {Agent, request} from 'node:https';
import {text} from 'node:stream/consumers';
import type {SecureVersion, TLSSocket} from 'node:tls';

export type SecureOptions = {
	/** The certificates that are believed, in PEM. */
	ca: string;
	method?: string;
	headers?: Record<string, string>;
	body?: string;
	maxVersion?: SecureVersion;
	/** Its connection is kept; without one each request has its own. */
	agent?: Agent;
};

export type SecureAnswer = {status: number | undefined; headers: IncomingHttpHeaders; text: string; shown: string};

/** Throws what the handshake fails with. `shown` is the fingerprint of the certificate. */
export const secureRequest = async (url: string, options: SecureOptions): Promise<SecureAnswer> => {
	const {body, agent, ...rest} = options;
	const sent = request(url, {...rest, agent: agent ?? new Agent()}).end(body);
	const [answer] = (await once(sent, 'response')) as [IncomingMessage];
	const {fingerprint256} = (answer.socket as TLSSocket).getPeerCertificate();
	return {status: answer.statusCode, headers: answer.headers, text: await text(answer), shown: fingerprint256};
};
