/** A server of the test's own on a free port of 127.0.0.1; its connections are cut when the test ends. */
import {once} from 'node:events';
import type {AddressInfo, Server} from 'node:net';

type Cuttable = Server & {closeAllConnections(): void};

/** Answers where it listens, without a slash at its end. */
export const listenOnLoopback = async (scope: {teardown(act: () => Promise<void>): void}, server: Cuttable): Promise<string> => {
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	scope.teardown(async () => {
		server.close();
		server.closeAllConnections();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
