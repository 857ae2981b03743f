/** olareg, a small registry that knows referrers, in memory: another side for the contract of registries. */
import {tool} from '../../../scripts/tools.ts';
import {startDaemon} from './daemon.ts';
import {freePort} from './freePort.ts';
import type {RegistryServer} from './registryServer.ts';
import type {Scope} from './scope.ts';
import {answers} from './until.ts';

export const startOlareg = async (scope: Scope): Promise<RegistryServer> => {
	const command = await tool('olareg');
	const port = await freePort();
	const host = `127.0.0.1:${port}`;
	const url = `http://${host}`;
	const daemon = await startDaemon(scope, {
		name: 'olareg',
		command,
		args: ['serve', '--addr', '127.0.0.1', '--port', String(port), '--store-type', 'mem', '--api-delete', '--api-blob-delete'],
		env: {},
		isReady: answers(`${url}/v2/`),
	});
	return {...daemon, url, host};
};
