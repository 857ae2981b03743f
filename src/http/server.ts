/** The listening socket: time limits that fit layers, and an end that loses no request. */
import {createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {formatErrors, OciError} from 'oci-spec-types';
import type {Certificate} from './certificate.ts';
import {type ConnectionLimits, limitConnections} from './connectionLimits.ts';
import {runningAnswer, watchConnections} from './connections.ts';
import {framingProblem} from './framing.ts';
import {createTlsServer, type TlsOptions, type TlsServer} from './tlsServer.ts';

export type HttpServer = {
	/** Where it listens, with the port it got. */
	address: AddressInfo;
	/** Takes no new connections, lets requests under way end for so long, then cuts them. Resolves when all are gone, and the work for them is done. */
	drain(seconds: number): Promise<void>;
	/** With TLS, what new connections get from now on. */
	renewCertificate(certificate: Certificate): void;
};

export type ListenOptions = {host: string; port: number; idleSeconds: number; tls?: TlsOptions; limits?: ConnectionLimits};
/** Answers a request; resolves when that is done. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;

/** Throws CannotListen. */
export const listen = async (listener: Listener, {host, port, idleSeconds, tls, limits}: ListenOptions): Promise<HttpServer> => {
	const idleMs = idleSeconds * 1000;
	const options: ServerOptions = {
		// Node's 300 s bound the whole of a request, and so the size of a layer on a slow line.
		requestTimeout: 0,
		// BuildKit opens an upload before its layer is there, and Go holds back the headers until the first byte; Node counts from the opening.
		headersTimeout: idleMs,
		// Node's 5 s lose races with pooled clients; BuildKit keeps idle connections for 120 s.
		keepAliveTimeout: 150_000,
		maxHeaderSize: 32 * 1024,
		// We see to it ourselves: Node answers 400, and serves what follows on the connection.
		requireHostHeader: false,
		// Of what nobody reads yet a connection keeps one piece, and not two.
		highWaterMark: 16 * 1024,
		noDelay: true,
		// A builder that vanished without a word would hold its upload until the idle time is over.
		keepAlive: true,
		keepAliveInitialDelay: 30_000,
	};
	const {server, renew, cutUnfinished} = tls
		? createTlsServer(options, {...tls, ...(limits && {mostUnfinished: limits.most - 1})})
		: createPlainServer(options);
	server.timeout = idleMs;
	// With those that do not speak HTTP yet, of which it is never the cause that somebody is turned away.
	if (limits) server.maxConnections = 2 * limits.most;
	const work = createWork();
	let draining = false;
	const connections = watchConnections(server, tls ? 'secureConnection' : 'connection', connections => ({
		opened: limits ? limitConnections(server, connections, limits) : () => undefined,
		answered() {
			// A connection that would be kept alive has to go with its last answer, or it would hold up the end.
			if (draining) setImmediate(() => server.closeIdleConnections());
		},
	}));
	server.on('request', (request, response) => {
		const connection = connections.begin(request, response);
		if (!connection) return;
		if (connection.unanswered > mostUnanswered) {
			connection.isEnded = true;
			return void request.socket.destroy();
		}
		const problem = framingProblem(request);
		if (problem) {
			connection.isEnded = true;
			return refuseFraming(response, problem);
		}
		if (draining) response.setHeader('Connection', 'close');
		void work.doing(listener(request, response));
	});
	server.on('clientError', (error, socket) => {
		const connection = connections.of(socket);
		// Of several that wait for their answers, the first may be in the middle of its own.
		const isInAnswer = connection !== undefined && (connection.unanswered > 1 || runningAnswer(connection)?.headersSent === true);
		refuse(error, socket, isInAnswer);
	});
	const address = await startListening(server, {host, port, setting: 'LAYERCACHE_PORT'});
	return {
		address,
		renewCertificate: renew,
		async drain(seconds) {
			draining = true;
			for (const connection of connections.all()) {
				const running = runningAnswer(connection);
				if (running?.headersSent === false) running.setHeader('Connection', 'close');
			}
			cutUnfinished();
			await closed(server, seconds);
			// Work for clients that are gone, such as taking back what they had begun to upload, still needs the store.
			await Promise.race([work.done(), delay(lastWorkMs, undefined, {ref: false})]);
		},
	};
};

/** How much is still being done: a number, since no Set is to change with a request (docs/architecture.md, "What a request leaves behind"). */
const createWork = () => {
	let doing = 0;
	const idle = Promise.withResolvers<void>();
	let isAwaited = false;
	return {
		async doing(work: Promise<unknown>): Promise<void> {
			doing += 1;
			try {
				await work;
			} finally {
				doing -= 1;
				if (isAwaited && doing === 0) idle.resolve();
			}
		},
		/** Resolves when nothing is done any more; nothing new may begin. */
		done(): Promise<void> {
			isAwaited = true;
			if (doing === 0) idle.resolve();
			return idle.promise;
		},
	};
};

/** The address or port is not to be had; the message names the setting. */
export class CannotListen extends Error {
	override readonly name = 'CannotListen';
}

const createPlainServer = (options: ServerOptions): TlsServer => ({
	server: createServer(options),
	renew: () => undefined,
	cutUnfinished: () => undefined,
});

const lastWorkMs = 10_000;
// Of one connection. No client of a registry sends a second request before the first is answered. Each that waits costs some 10 KiB, and Node reads
// as many as come.
const mostUnanswered = 16;

/** What is no HTTP, or has more than fits into the headers, never becomes a request: answered here, then cut. */
const refuse = (error: NodeJS.ErrnoException, socket: Duplex, isInAnswer: boolean): void => {
	// In the middle of an answer, ours would be taken for its bytes.
	if (error.code === 'ECONNRESET' || !socket.writable || isInAnswer) return void socket.destroy();
	const [status, message] = refusals[error.code ?? ''] ?? ['400 Bad Request', 'this is not an HTTP request'];
	const body = refusalBody(message);
	const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
	socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
};

/** Where it ends is in doubt, so nothing that follows on its connection is served. */
const refuseFraming = (response: ServerResponse, message: string): void => {
	response.writeHead(400, {'Content-Type': 'application/json', Connection: 'close'}).end(refusalBody(message));
};

const refusalBody = (message: string) => JSON.stringify(formatErrors(new OciError('UNSUPPORTED', undefined, {message})));

const refusals: Readonly<Record<string, [status: string, message: string]>> = {
	HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the URL and the headers may have 32 KiB together'],
	ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the headers did not arrive in time'],
};

/** Answers with the port it got. `setting` is the one to change where a port is not to be had. Throws CannotListen. */
export const startListening = (server: Server, at: ListenAt): Promise<AddressInfo> =>
	new Promise((resolve, reject) => {
		server.once('error', (cause: NodeJS.ErrnoException) => reject(new CannotListen(whyNot(cause, at), {cause})));
		server.listen(at.port, at.host, () => resolve(server.address() as AddressInfo));
	});

type ListenAt = {host: string; port: number; setting: string};

const whyNot = ({code, message}: NodeJS.ErrnoException, {host, port, setting}: ListenAt): string => {
	const portTaken = `port ${port} of ${host} is taken by another program${port === 5000 ? ' (on macOS by AirPlay Receiver)' : ''}`;
	if (code === 'EADDRINUSE') return `${portTaken}: set ${setting} to a free one`;
	if (code === 'EACCES') return `port ${port} needs rights that this process has not: set ${setting} to one above 1023`;
	return `${host} is no address of this machine (${message}): set LAYERCACHE_HOST to one of them, or to 0.0.0.0 for all`;
};

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
