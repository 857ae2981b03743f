/** The server that the tests are about. `E2E_AGAINST=distribution` puts CNCF Distribution in its place, to compare. */
import {env} from 'node:process';
import {startDistribution} from './distribution.ts';
import {startLayercache} from './layercache.ts';
import type {RegistryServer, Storage} from './registryServer.ts';
import type {Scope} from './scope.ts';

export const startRegistry = (scope: Scope, storage: Storage): Promise<RegistryServer> =>
	env.E2E_AGAINST === 'distribution' ? startDistribution(scope, storage) : startLayercache(scope, {storage});
