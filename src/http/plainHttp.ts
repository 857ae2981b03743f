/** What plain HTTP is answered where TLS is spoken: at the port of TLS itself, and at one that only leads there. */
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {formatErrors, OciError} from 'oci-spec-types';

/** Says so in plain words, and ends the connection: what else comes on it is not read. */
export const refusePlainHttp = (_: IncomingMessage, response: ServerResponse): void =>
	refuse(response, 'this port speaks TLS, and was asked in plain HTTP: use https://');

export type RedirectOptions = {
	/** Where clients reach the server, if that is known. */
	publicUrl?: URL | undefined;
	/** The port of TLS. */
	tlsPort: () => number;
};

/** Leads to the same path by https whoever only reads. A body that came in the clear is not asked for a second time. */
export const createRedirectServer = ({publicUrl, tlsPort}: RedirectOptions): Server => {
	const server = createServer({headersTimeout: impatienceMs, maxHeaderSize: 32 * 1024}, ({method, url = '/', headers}, response) => {
		const origin = publicUrl?.origin ?? secureOrigin(headers.host, tlsPort());
		if (!origin || !url.startsWith('/')) return refuse(response, 'this request does not say which host it is for');
		if (method !== 'GET' && method !== 'HEAD') return refuse(response, `nothing is taken in plain HTTP here: use ${origin}`);
		response.writeHead(308, {Location: `${origin}${url}`, 'Content-Length': 0, Connection: 'close'}).end();
	});
	server.timeout = impatienceMs;
	// Files of the process that those at the port of TLS need more.
	server.maxConnections = mostRedirected;
	return server;
};

const impatienceMs = 30_000;
const mostRedirected = 1000;

const secureOrigin = (host = '', port: number): string | undefined => {
	const name = URL.parse(`http://${host}`)?.hostname;
	return name ? new URL(`https://${name}:${port}`).origin : undefined;
};

const refuse = (response: ServerResponse, message: string): void => {
	const body = JSON.stringify(formatErrors(new OciError('UNSUPPORTED', undefined, {message})));
	response.writeHead(400, {'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), Connection: 'close'}).end(body);
};
