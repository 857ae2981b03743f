/** The connections of a server on which HTTP is spoken, and what is known of each: one record, as long as it lasts. */
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {networkOf} from '../lib/addressRanges.ts';

export type Connection = {
	socket: Pick<Socket, 'bytesRead' | 'bytesWritten' | 'destroy'>;
	address: string;
	/** By which it is counted. */
	network: string;
	/** How many came, and how many of them are not answered yet. */
	requests: number;
	unanswered: number;
	/** Missing where there was none, or all of it had come when it was answered. */
	last?: {request: Pick<IncomingMessage, 'complete'>; response: Answer} | undefined;
	/** Nothing more of it is served, though the parser may have read on already. */
	isEnded: boolean;
	/** What was seen when it was last looked at. */
	seen: {requests: number; read: number; written: number; isQuiet: boolean};
	/** When it was seen that something had moved, and that headers came. */
	movedAt: number;
	beganAt?: number | undefined;
};

type Answer = Pick<ServerResponse, 'closed' | 'headersSent' | 'setHeader'>;

export type Connections = {
	of(socket: Duplex): Connection | undefined;
	all(): Iterable<Connection>;
	count(): number;
	/** A request came. Undefined where nothing more of its connection is served. */
	begin(request: IncomingMessage, response: ServerResponse): Connection | undefined;
	/** It is being ended, and counts no more. */
	forget(connection: Connection): void;
};

type ConnectionObserver = {opened(connection: Connection): void; answered(): void};

/** `event` tells of the connections that speak HTTP. No Map changes with a request (docs/architecture.md, "What a request leaves behind"). */
export const watchConnections = (
	server: Server,
	event: 'connection' | 'secureConnection',
	observer: (connections: Connections) => ConnectionObserver,
): Connections => {
	const open = new Map<unknown, Connection>();

	const connections: Connections = {
		of: socket => open.get(socket),
		all: () => open.values(),
		count: () => open.size,
		begin(request, response) {
			const connection = open.get(request.socket);
			if (!connection || connection.isEnded) return undefined;
			connection.requests += 1;
			connection.unanswered += 1;
			connection.last = {request, response};
			response.on('close', answered);
			return connection;
		},
		forget: ({socket}) => void open.delete(socket),
	};
	const {opened, answered: tellAnswered} = observer(connections);

	function answered(this: ServerResponse) {
		const connection = open.get(this.req.socket);
		if (connection) {
			connection.unanswered -= 1;
			// Let go now, and not when the next request comes.
			if (connection.last?.response === this && this.req.complete) connection.last = undefined;
		}
		tellAnswered();
	}

	server.on(event, (socket: Socket) => {
		const connection = newConnection(socket, socket.remoteAddress ?? '', performance.now());
		open.set(socket, connection);
		socket.once('close', () => open.delete(socket));
		opened(connection);
	});
	return connections;
};

export const newConnection = (socket: Connection['socket'], address: string, now: number): Connection => ({
	socket,
	address,
	network: networkOf(address),
	requests: 0,
	unanswered: 0,
	last: undefined,
	isEnded: false,
	seen: {requests: 0, read: 0, written: 0, isQuiet: true},
	movedAt: now,
	beganAt: undefined,
});

export const isAnswered = ({last}: Connection): boolean => last === undefined || last.response.closed;

/** The answer to the last request, where it is not over. */
export const runningAnswer = (connection: Connection): Answer | undefined =>
	isAnswered(connection) ? undefined : connection.last?.response;
