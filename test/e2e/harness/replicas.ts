/** Two processes on one bucket behind haproxy, as documented. */
import {freePort} from './freePort.ts';
import {startHaproxy} from './haproxy.ts';
import {startLayercache} from './layercache.ts';
import type {RegistryServer, Storage} from './registryServer.ts';
import type {Scope} from './scope.ts';

export interface Replicas {
	readonly replicas: readonly RegistryServer[];
	/** Where clients go; any request may reach either. */
	readonly proxy: RegistryServer;
	/** Another process at the address of one that ended. */
	start(index: number, settings?: NodeJS.ProcessEnv): Promise<RegistryServer>;
}

export const startReplicas = async (scope: Scope, storage: Storage, settings: NodeJS.ProcessEnv = {}): Promise<Replicas> => {
	const ports = [await freePort(), await freePort()];
	const start = (index: number, more: NodeJS.ProcessEnv = {}) =>
		startLayercache(scope, {
			storage,
			port: ports[index] as number,
			env: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.0/8', LAYERCACHE_AUTH: 'none', ...settings, ...more},
		});
	const replicas = await Promise.all(ports.map((_, index) => start(index)));
	const proxy = await startHaproxy(
		scope,
		replicas.map(({host}) => host),
	);
	return {replicas, proxy, start};
};
