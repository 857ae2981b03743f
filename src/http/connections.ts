/** The connections of a server: how many there may be, and how long the headers of a request may take. */
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {networkOf} from '../lib/addressRanges.ts';

export type ConnectionLimits = {
	/** In all, and of one address; of IPv6 of one network of 64 bits. */
	most: number;
	mostPerAddress: number;
	/** Addresses that many clients share, such as a proxy's: only the limit of all applies. */
	isShared: (address: string) => boolean;
	/** Headers are whole so long after their first byte. */
	headerSeconds: number;
	onEnded: (why: ConnectionEnd) => void;
};

/** `headers`: they took too long; `idle`: another needed the place; `refused`: there was no place. */
export type ConnectionEnd = 'headers' | 'idle' | 'refused';

/**
 * Ends what is over these limits. A silent connection may be one of BuildKit's, which opens an upload before its layer is there: it is ended
 * only where another needs its place. `event` tells of the connections that speak HTTP.
 */
export const limitConnections = (server: Server, event: 'connection' | 'secureConnection', limits: ConnectionLimits): void => {
	const {headerSeconds, onEnded} = limits;
	const open = new Map<Connection['socket'], Connection>();

	server.on(event, (socket: Socket) => {
		const address = socket.remoteAddress ?? '';
		const connection: Connection = {socket, address, network: networkOf(address), ...newConnection(performance.now())};
		open.set(socket, connection);
		socket.once('close', () => open.delete(socket));
		const crowd = crowdAround(connection, open, limits);
		if (!crowd) return;
		const ended =
			mostIdle(
				crowd.filter(other => other !== connection),
				performance.now(),
			) ?? connection;
		onEnded(ended === connection ? 'refused' : 'idle');
		open.delete(ended.socket);
		ended.socket.destroy();
	});

	/** What was answered is let go, and not kept until the next request comes. */
	function answered(this: ServerResponse) {
		const connection = open.get(this.req.socket);
		if (connection?.last?.response === this && this.req.complete) connection.last = undefined;
	}

	server.on('request', (request, response) => {
		const connection = open.get(request.socket);
		if (!connection) return;
		connection.requests += 1;
		connection.last = {request, response};
		response.on('close', answered);
	});

	const watch = setInterval(() => {
		const now = performance.now();
		for (const [socket, connection] of open) {
			if (!isLate(connection, now, headerSeconds * 1000)) continue;
			onEnded('headers');
			open.delete(socket);
			server.emit('clientError', Object.assign(new Error('slow headers'), {code: 'ERR_HTTP_REQUEST_TIMEOUT'}), socket);
		}
	}, watchEveryMs);
	watch.unref();
	server.once('close', () => clearInterval(watch));
};

export type Connection = {
	socket: Pick<Socket, 'bytesRead' | 'bytesWritten' | 'destroy'>;
	address: string;
	/** By which it is counted. */
	network: string;
	requests: number;
	/** Missing where there was none, or all of it had come when it was answered. */
	last?: {request: Pick<IncomingMessage, 'complete'>; response: Pick<ServerResponse, 'closed'>} | undefined;
	/** What was seen when it was last looked at. */
	seen: {requests: number; read: number; written: number; isQuiet: boolean};
	/** When it was seen that something had moved, and that headers came. */
	movedAt: number;
	beganAt?: number | undefined;
};

export const newConnection = (now: number): Pick<Connection, 'requests' | 'seen' | 'movedAt'> => ({
	requests: 0,
	seen: {requests: 0, read: 0, written: 0, isQuiet: true},
	movedAt: now,
});
const watchEveryMs = 1000;

const isAnswered = ({last}: Connection) => last === undefined || last.response.closed;

/** Whether headers come, and have come for too long. Notes what it sees: it is asked again and again. */
export const isLate = (connection: Connection, now: number, headerMs: number): boolean => {
	const {requests, last, seen} = connection;
	const {bytesRead: read, bytesWritten: written} = connection.socket;
	if (read !== seen.read || written !== seen.written) connection.movedAt = now;
	// What has come beside an answer, or behind it, may be the rest of a body.
	const isQuiet = isAnswered(connection) && last?.request.complete !== false;
	if (requests !== seen.requests) connection.beganAt = undefined;
	else if (isQuiet && seen.isQuiet && read > seen.read) connection.beganAt ??= now;
	connection.seen = {requests, read, written, isQuiet};
	return connection.beganAt !== undefined && now - connection.beganAt >= headerMs;
};

/** The connections of which one has to go, this one among them; undefined where there is room. */
const crowdAround = (
	{address, network}: Connection,
	open: ReadonlyMap<unknown, Connection>,
	{most, mostPerAddress, isShared}: ConnectionLimits,
): Connection[] | undefined => {
	if (open.size <= Math.min(most, mostPerAddress)) return undefined;
	const all = [...open.values()];
	const same = all.filter(other => other.network === network);
	if (same.length > mostPerAddress && !isShared(address)) return same;
	return all.length > most ? all : undefined;
};

/**
 * One whose headers are coming, else one that has been used, else one on which somebody may be about to speak; of those that are busy
 * one on which nothing moves at all. Of two the one that has been quiet for longer.
 */
export const mostIdle = (connections: readonly Connection[], now: number): Connection | undefined => {
	const [first] = connections
		.map(connection => ({connection, rank: rankOf(connection, now)}))
		.filter(({rank}) => rank !== undefined)
		.sort((one, other) => Number(one.rank) - Number(other.rank) || one.connection.movedAt - other.connection.movedAt);
	return first?.connection;
};

const rankOf = (connection: Connection, now: number): number | undefined => {
	if (!isAnswered(connection)) return now - connection.movedAt >= standstillMs ? 3 : undefined;
	if (connection.beganAt !== undefined) return 0;
	return connection.requests > 0 ? 1 : 2;
};

const standstillMs = 60_000;
