/** A longer way to S3: toxiproxy before it, which holds back what passes by half of the round trip in each direction. */

import {startDaemon} from '../../test/e2e/harness/daemon.ts';
import {freePort} from '../../test/e2e/harness/freePort.ts';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';
import type {Scope} from '../../test/e2e/harness/scope.ts';
import {answers} from '../../test/e2e/harness/until.ts';
import {tool} from '../tools.ts';

/** The same server at an address that is so far away; at 0 ms it is the server itself, without a proxy. Its `client` stays near. */
export const atDistance = async (scope: Scope, server: S3Server, roundTripMs: number): Promise<S3Server> => {
	if (roundTripMs === 0) return server;
	const command = await tool('toxiproxy');
	const [apiPort, port] = [await freePort(), await freePort()];
	const api = `http://127.0.0.1:${apiPort}`;
	await startDaemon(scope, {
		name: 'toxiproxy',
		command,
		args: ['-host', '127.0.0.1', '-port', String(apiPort)],
		env: {LOG_LEVEL: 'error'},
		isReady: answers(`${api}/version`),
	});
	const {host} = new URL(server.endpoint);
	await post(`${api}/proxies`, {name: 's3', listen: `127.0.0.1:${port}`, upstream: host, enabled: true});
	for (const stream of ['upstream', 'downstream'])
		await post(`${api}/proxies/s3/toxics`, {name: stream, type: 'latency', stream, attributes: {latency: roundTripMs / 2, jitter: 0}});
	// Signatures cover the Host, so everyone has to know the server by this address alone.
	return {...server, endpoint: `http://127.0.0.1:${port}`};
};

const post = async (url: string, body: unknown) => {
	const answer = await fetch(url, {method: 'POST', body: JSON.stringify(body)});
	if (!answer.ok) throw new Error(`toxiproxy: ${answer.status} ${await answer.text()}`);
};
