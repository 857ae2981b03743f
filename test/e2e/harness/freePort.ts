/** A port that was free a moment ago, for programs that cannot tell which one they got. */
import {once} from 'node:events';
import {createServer} from 'node:net';

const given = new Set<number>();

export const freePort = async (): Promise<number> => {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	const port = typeof address === 'object' && address ? address.port : 0;
	server.close();
	await once(server, 'close');
	if (given.has(port)) return freePort();
	given.add(port);
	return port;
};
