/** How many connections a server may have, and how long the headers of a request may take. */
import type {Server} from 'node:http';
import {type Connection, type Connections, isAnswered} from './connections.ts';

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
 * Ends what is over these limits, from when it is called until the server closes. A silent connection may be one of BuildKit's, which opens an
 * upload before its layer is there: it is ended only where another needs its place. What it answers hears of each new connection.
 */
export const limitConnections = (server: Server, connections: Connections, limits: ConnectionLimits): ((opened: Connection) => void) => {
	const {headerSeconds, onEnded} = limits;
	const watch = setInterval(() => {
		const now = performance.now();
		for (const connection of connections.all()) {
			if (!isLate(connection, now, headerSeconds * 1000)) continue;
			onEnded('headers');
			connections.forget(connection);
			server.emit('clientError', Object.assign(new Error('slow headers'), {code: 'ERR_HTTP_REQUEST_TIMEOUT'}), connection.socket);
		}
	}, watchEveryMs);
	watch.unref();
	server.once('close', () => clearInterval(watch));

	return opened => {
		const crowd = crowdAround(opened, connections, limits);
		if (!crowd) return;
		const others = crowd.filter(other => other !== opened);
		const ended = mostIdle(others, performance.now()) ?? opened;
		onEnded(ended === opened ? 'refused' : 'idle');
		connections.forget(ended);
		ended.socket.destroy();
	};
};

const watchEveryMs = 1000;

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
	connections: Connections,
	{most, mostPerAddress, isShared}: ConnectionLimits,
): Connection[] | undefined => {
	if (connections.count() <= Math.min(most, mostPerAddress)) return undefined;
	const all = [...connections.all()];
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
