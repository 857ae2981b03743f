/** The listening socket: time limits that fit layers, and an end that loses no request. */
import {createServer, type RequestListener, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';

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
	server.on('request', listener);
	await started(server, host, port);
	return {
		address: server.address() as AddressInfo,
		drain: seconds => drained(server, seconds),
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

const started = (server: Server, host: string, port: number) =>
	new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'EADDRINUSE') reject(new PortTaken(host, port, {cause: error}));
			else reject(new Error(`cannot listen on ${host}:${port} (LAYERCACHE_HOST, LAYERCACHE_PORT): ${error.message}`, {cause: error}));
		});
		server.listen(port, host, resolve);
	});

const drained = (server: Server, seconds: number) =>
	new Promise<void>(resolve => {
		const cut = setTimeout(() => server.closeAllConnections(), seconds * 1000);
		// A connection that is kept alive would otherwise bring new requests for as long as its client likes.
		server.on('request', (_, response) => response.setHeader('Connection', 'close'));
		server.close(() => {
			clearTimeout(cut);
			resolve();
		});
		server.closeIdleConnections();
	});
