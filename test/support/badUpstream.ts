/** A registry that misbehaves in front of layercache, and our way to it: what was waited for is noted instead. */
import type {ExecutionContext} from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import type {Credentials, RemoteOptions} from '../../src/upstream/upstream.ts';
import {startApp} from './app.ts';
import {remoteRegistryAt} from './registries.ts';
import {startUpstreamDouble} from './upstreamDouble.ts';

export const repo = parseRepositoryName('team/app');

export const startUpstream = async (t: ExecutionContext, options: Partial<RemoteOptions> = {}) => {
	const {url} = await startApp(t);
	const double = await startUpstreamDouble(t, url);
	const waits: number[] = [];
	// What ages from 0 on never does, for lru-cache.
	const time = {ms: 1000};
	const registry = remoteRegistryAt(t, double.url, {
		elapsed: () => time.ms,
		async wait(ms) {
			waits.push(ms);
			time.ms += ms;
		},
		random: () => 0.5,
		...options,
	});
	/** The same registry, past what misbehaves. */
	const behind = remoteRegistryAt(t, url);
	return {double, registry, behind, waits, time};
};

export const ci = {username: 'ci', password: 'canary-password'};

/** Credentials that count how often they were renewed, each time to the next of `passwords`. */
export const credentialsOf = (username: string, ...passwords: string[]): Credentials & {renewals: number} => {
	const credentials = {
		renewals: 0,
		get: async () => ({username, password: passwords[Math.min(credentials.renewals, passwords.length - 1)] ?? ''}),
		renew() {
			credentials.renewals += 1;
		},
	};
	return credentials;
};
