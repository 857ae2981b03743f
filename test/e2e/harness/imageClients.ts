/** crane, regctl and skopeo, set up for a plain-HTTP registry and without the settings of whoever runs the tests. */
import {env} from 'node:process';
import {tool} from '../../../scripts/tools.ts';
import {type ExecResult, exec, succeed} from './exec.ts';
import type {RegistryServer} from './registryServer.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';

export interface ImageClient {
	/** Its standard output; throws where the client fails. */
	run(...args: string[]): Promise<string>;
	/** For calls that may fail. */
	attempt(...args: string[]): Promise<ExecResult>;
}

type ClientName = 'crane' | 'regctl' | 'skopeo';

export const imageClient = async (scope: Scope, name: ClientName, registry: RegistryServer): Promise<ImageClient> => {
	const command = await tool(name);
	const home = await temporaryFolder(scope, name);
	const options = {env: {...env, HOME: home, DOCKER_CONFIG: home, REGCTL_CONFIG: `${home}/regctl.json`}};
	// crane takes localhost and 127.0.0.1 as plain HTTP by itself; skopeo is told in each call.
	if (name === 'regctl') await succeed(command, ['registry', 'set', '--tls=disabled', registry.host], options);
	return {
		run: (...args) => succeed(command, args, options),
		attempt: (...args) => exec(command, args, options),
	};
};
