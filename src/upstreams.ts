/** The registries elsewhere that the policy names: each opened when it is first asked, with the credentials and the habits that it has. */
import type {Upstream} from './config/upstreams.ts';
import type {Metrics} from './telemetry/metrics.ts';
import {createEcrApi} from './upstream/ecrApi.ts';
import {createEcrCredentials} from './upstream/ecrCredentials.ts';
import {createEcrQuirks} from './upstream/ecrQuirks.ts';
import {createPasswordFile} from './upstream/passwordFile.ts';
import {createRemoteRegistry} from './upstream/remoteRegistry.ts';
import type {RemoteOptions, RemoteRegistry} from './upstream/upstream.ts';
import {version} from './version.ts';

export type OpenUpstream = (name: string, upstream: Upstream) => RemoteRegistry;

export type Upstreams = {
	/** The same one each time for the same entry: connections, tokens and limits are shared. */
	registryOf(name: string, upstream: Upstream): RemoteRegistry;
	/** What is under way fails. */
	close(): Promise<void>;
};

export const createUpstreams = (open: OpenUpstream): Upstreams => {
	const opened = new Map<string, RemoteRegistry>();
	return {
		registryOf(name, upstream) {
			const key = JSON.stringify([name, upstream]);
			const registry = opened.get(key) ?? open(name, upstream);
			opened.set(key, registry);
			return registry;
		},
		async close() {
			await Promise.all(Array.from(opened.values(), registry => registry.close()));
		},
	};
};

type Surroundings = Pick<RemoteOptions, 'clock' | 'elapsed' | 'wait' | 'random'> & {
	metrics: Pick<Metrics, 'recordUpstreamRequest' | 'recordUpstreamBytes'>;
};

/** Over HTTP, with the credentials that the policy names. */
export const openUpstream = (name: string, upstream: Upstream, {metrics, ...surroundings}: Surroundings): RemoteRegistry => {
	const {url, username, passwordFile, ecr} = upstream;
	const api = ecr && createEcrApi(ecr, url.host);
	const registry = createRemoteRegistry({
		...surroundings,
		origin: url,
		userAgent: `layercache/${version}`,
		observer: {
			requested: facts => metrics.recordUpstreamRequest({upstream: name, ...facts}),
			transferred: facts => metrics.recordUpstreamBytes({upstream: name, ...facts}),
		},
		...(username !== undefined && passwordFile !== undefined && {credentials: createPasswordFile(username, passwordFile, url.host)}),
		...(ecr && api && {credentials: createEcrCredentials(api, surroundings.clock), quirks: createEcrQuirks(ecr, api)}),
	});
	return {
		...registry,
		async close() {
			await registry.close();
			api?.close();
		},
	};
};
