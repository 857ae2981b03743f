/** An HTTPS server at whose port plain HTTP is told that it came to the wrong door, instead of being cut off. */
import {createServer as createPlainServer, type Server, type ServerOptions} from 'node:http';
import {createServer} from 'node:https';
import type {Socket} from 'node:net';
import type {SecureVersion} from 'node:tls';
import type {Certificate} from './certificate.ts';
import {refusePlainHttp} from './plainHttp.ts';

export type TlsOptions = {
	certificate: Certificate;
	minVersion: SecureVersion;
	/** So many connections may not speak HTTP yet; for another the oldest of them is ended. */
	mostUnfinished?: number;
};

export type TlsServer = {
	server: Server;
	/** New connections get this one; those that are open go on with what they have. */
	renew(certificate: Certificate): void;
	/** Cuts the connections that do not speak HTTP yet, of which the server's own ends know nothing. */
	cutUnfinished(): void;
};

export const createTlsServer = (
	options: ServerOptions,
	{certificate, minVersion, mostUnfinished = Number.POSITIVE_INFINITY}: TlsOptions,
): TlsServer => {
	const server = createServer({...options, ...certificate.context, minVersion, handshakeTimeout: handshakeMs});
	const plain = createPlainServer({...options, headersTimeout: handshakeMs}, refusePlainHttp);
	plain.timeout = handshakeMs;
	// What fails in a handshake never becomes HTTP: no answer to HTTP fits it.
	server.removeAllListeners('tlsClientError').on('tlsClientError', (_, socket) => socket.destroy());

	const unfinished = new Map<string, Socket>();
	const secures = server.listeners('connection') as ((socket: Socket) => void)[];
	server.removeAllListeners('connection').on('connection', (socket: Socket) => {
		const peer = peerOf(socket);
		const [oldest] = unfinished.size < mostUnfinished ? [] : unfinished;
		if (oldest) {
			unfinished.delete(oldest[0]);
			oldest[1].destroy();
		}
		unfinished.set(peer, socket);
		socket.once('close', () => unfinished.delete(peer));
		firstByteOf(socket, byte => {
			if (byte !== handshakeByte) return void plain.emit('connection', socket);
			for (const secure of secures) secure.call(server, socket);
		});
	});
	server.on('secureConnection', socket => unfinished.delete(peerOf(socket)));
	return {
		server,
		renew: ({context}) => server.setSecureContext({...context, minVersion}),
		cutUnfinished() {
			for (const socket of unfinished.values()) socket.destroy();
		},
	};
};

// Clients that mean to speak do so at once, or within the time that a lost packet takes a few times.
const handshakeMs = 30_000;

// RFC 8446 5.1: the first record of a connection is a handshake. No method of HTTP begins so.
const handshakeByte = 0x16;

/** Hands it over as it came, with this byte still to be read. */
const firstByteOf = (socket: Socket, use: (byte: number) => void): void => {
	const leave = () => socket.destroy();
	const look = () => {
		const first: Buffer | null = socket.read(1);
		if (first === null) return void socket.once('readable', look);
		socket.setTimeout(0);
		socket.off('error', leave).off('timeout', leave).off('end', leave);
		socket.unshift(first);
		use(first[0] ?? 0);
	};
	socket.on('error', leave).on('timeout', leave).on('end', leave);
	socket.setTimeout(handshakeMs);
	look();
};

/** Of one listening socket no two connections have the same. */
const peerOf = ({remoteAddress, remotePort}: Socket) => `${remoteAddress} ${remotePort}`;
