/** The listening socket: time limits that fit layers, and an end that loses no request. */
import {createServer, type RequestListener, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Duplex} from 'node:stream';
import {formatErrors, OciError} from 'oci-spec-types';

export type HttpServer = {
	/** Where it listens, with the port it got. */
	address: AddressInfo;
	/** Takes no new connections, lets requests under way end for so long, then cuts them. Resolves when all are gone. */
	drain(seconds: number): Promise<void>;
};

export type ListenOptions = {host: string; port: number; idleSeconds: number};

/** Throws PortTaken. */
export const listen = async (listener: RequestListener, {host, port, idleSeconds}: ListenOptions): Promise<HttpServer> => {
	const idleMs = idleSeconds * 1000;
	const server = createServer({
		// Node's 300 s bound the whole of a request, and so the size of a layer on a slow line.
		requestTimeout: 0,
		// BuildKit opens an upload before its layer is there, and Go holds back the headers until the first byte.
		headersTimeout: idleMs,
		// Node's 5 s lose races with pooled clients; BuildKit keeps idle connections for 120 s.
		keepAliveTimeout: 150_000,
		maxHeaderSize: 32 * 1024,
		noDelay: true,
	});
	server.timeout = idleMs;
	let draining = false;
	server.on('request', (request, response) => {
		if (draining) response.setHeader('Connection', 'close');
		// A connection that would be kept alive has to go with its last answer, or it would hold up the end.
		response.once('close', () => draining && setImmediate(() => server.closeIdleConnections()));
		listener(request, response);
	});
	server.on('clientError', refuse);
	await started(server, host, port);
	return {
		address: server.address() as AddressInfo,
		drain(seconds) {
			draining = true;
			return closed(server, seconds);
		},
	};
};

/** The port belongs to someone else. */
export class PortTaken extends Error {
	override readonly name = 'PortTaken';
	constructor(host: string, port: number, options: ErrorOptions) {
		super(
			`port ${port} of ${host} is taken by another program${port === 5000 ? ' (on macOS by AirPlay Receiver)' : ''}: set LAYERCACHE_PORT to a free one`,
			options,
		);
	}
}

/** What is no HTTP, or has more than fits into the headers, never becomes a request: answered here, then cut. */
const refuse = (error: NodeJS.ErrnoException, socket: Duplex): void => {
	if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
	const [status, message] = refusals[error.code ?? ''] ?? ['400 Bad Request', 'this is not an HTTP request'];
	const body = JSON.stringify(formatErrors(new OciError('UNSUPPORTED', undefined, {message})));
	socket.end(
		`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
	);
};

const refusals: Readonly<Record<string, [status: string, message: string]>> = {
	HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the URL and the headers may have 32 KiB together'],
	ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the headers did not arrive in time'],
};

const started = (server: Server, host: string, port: number) =>
	new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'EADDRINUSE') reject(new PortTaken(host, port, {cause: error}));
			else reject(new Error(`cannot listen on ${host}:${port} (LAYERCACHE_HOST, LAYERCACHE_PORT): ${error.message}`, {cause: error}));
		});
		server.listen(port, host, resolve);
	});

/** Resolves when the last connection is gone; those that are still busy after so long are cut. */
const closed = (server: Server, seconds: number) =>
	new Promise<void>(resolve => {
		const cut = setTimeout(() => server.closeAllConnections(), seconds * 1000);
		server.close(() => {
			clearTimeout(cut);
			resolve();
		});
		server.closeIdleConnections();
	});
