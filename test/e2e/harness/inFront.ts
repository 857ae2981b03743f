/** layercache in front of another registry, as a team has it: its images there, its caches here. */
import {startLayercache} from './layercache.ts';
import {policySetting} from './policy.ts';
import type {RegistryServer, Storage} from './registryServer.ts';
import type {Scope} from './scope.ts';

export interface InFrontOptions {
	readonly storage: Storage;
	/** What the policy says of the upstream: `url: …`, and who we are there. */
	readonly upstream: string;
	/** What the route says besides, such as `images: queued`. */
	readonly route?: string;
	readonly env?: NodeJS.ProcessEnv;
	readonly port?: number;
}

/** Routes `team/**`. */
export const startInFront = async (scope: Scope, {upstream, route = '', env = {}, ...options}: InFrontOptions): Promise<RegistryServer> => {
	const policy = `upstreams: {there: {${upstream}}}\nroutes: [{match: "team/**:*", upstream: there${route && `, ${route}`}}]\n`;
	return startLayercache(scope, {...options, env: {...env, ...(await policySetting(scope, policy))}});
};
