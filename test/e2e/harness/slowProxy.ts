/** A line to a server that carries so many bytes a second, and no more, from each client. */
import {connect, createServer, type Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {listenOnLoopback} from '../../support/loopback.ts';
import type {Scope} from './scope.ts';

/** Its host and port, for image references. */
export const startSlowProxy = async (scope: Scope, target: string, bytesPerSecond: number): Promise<string> => {
	const {hostname, port} = new URL(target);
	const open = new Set<Socket>();
	const server = createServer(client => {
		const onward = connect(Number(port), hostname);
		const end = () => {
			for (const socket of [client, onward]) socket.destroy();
			open.delete(client);
		};
		open.add(client);
		for (const socket of [client, onward]) socket.on('error', end).on('close', end);
		onward.pipe(client);
		carry(client, onward, bytesPerSecond).catch(end);
	});
	const closeable = Object.assign(server, {
		closeAllConnections() {
			for (const socket of open) socket.destroy();
		},
	});
	return new URL(await listenOnLoopback(scope, closeable)).host;
};

const carry = async (from: Socket, to: Socket, bytesPerSecond: number) => {
	for await (const chunk of from as AsyncIterable<Buffer>) {
		to.write(chunk);
		await delay((chunk.length / bytesPerSecond) * 1000);
	}
	to.end();
};
