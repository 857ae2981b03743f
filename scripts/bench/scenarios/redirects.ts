/** Layers asked for by GET and answered by a redirect: how many a second, and how late at the same load. */
import {randomBytes} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {hash} from '@node-rs/bcrypt';
import {startDistribution} from '../../../test/e2e/harness/distribution.ts';
import {type LayercacheOptions, startLayercache} from '../../../test/e2e/harness/layercache.ts';
import {createPush, push} from '../../../test/e2e/harness/pushClient.ts';
import type {RegistryServer} from '../../../test/e2e/harness/registryServer.ts';
import type {Scope} from '../../../test/e2e/harness/scope.ts';
import {temporaryFolder} from '../../../test/e2e/harness/temporaryFolder.ts';
import {offerLoad} from '../constantRate.ts';
import {cpuSeconds} from '../processTimes.ts';
import {roundsOf, type Scenario} from '../scenario.ts';
import {onStage, type Stage} from '../stage.ts';
import {median} from '../statistics.ts';
import {runRounds, type Trial} from '../trials.ts';
import {requestsPerSecond} from '../wrk.ts';

export const redirectsScenario: Scenario = {
	title: 'Redirecting downloads',
	method: [
		'GETs of ten layers in turn, each answered with 307 to a presigned URL, which is not followed. First as many as the',
		'server answers to `wrk -t1 -c16`. Then half of what Distribution answered at most (its median), offered at a constant',
		'rate by a Node client with 64 connections that does not wait for answers; each request is timed from the moment at',
		"which it was due, so its client's own delays (it wakes once a millisecond) are in the figures of all. Request logs",
		'are written to a file by all; layercache counts its metrics. "With identities" is layercache with LAYERCACHE_AUTH=required',
		'and its audit; each request brings a token of a user. Client and server share the two cores.',
	].join('\n'),
	figures: {
		getsPerSecond: {title: 'GETs per second', digits: 0, isBetterWhenHigher: true},
		p99Ms: {title: 'p99, ms', digits: 2},
		p50Ms: {title: 'p50, ms', digits: 2},
		worstMs: {title: 'worst, ms', digits: 1},
		offeredPerSecond: {title: 'offered per second', digits: 0},
		cpuShare: {title: "server's CPUs", digits: 2},
	},
	ratios: [
		{figure: 'getsPerSecond', bases: ['distribution', 'layercache']},
		{figure: 'p99Ms', bases: ['distribution']},
	],
	run: options =>
		onStage(async stage => {
			const servers = await startServers(stage);
			const seconds = options.isQuick ? 3 : 8;
			const serverOf = (name: string) => {
				const server = servers.get(name);
				if (!server) throw new Error(`no subject ${name}`);
				return server;
			};
			const common = {subjects: [...servers.keys()], rounds: roundsOf(options, 5), report: options.report};
			const atMost = await runRounds({
				...common,
				async measure(name) {
					const {registry, paths, headers} = serverOf(name);
					const {result, cpuShare} = await withCpuShare(registry, () =>
						requestsPerSecond(stage.scope, {url: registry.url, paths, headers, connections: 16, seconds}),
					);
					return {'as many as it answers': {getsPerSecond: result, cpuShare}};
				},
			});
			const perSecond = Math.round(median(getsOf(atMost, 'distribution')) / 2);
			const atSameLoad = await runRounds({
				...common,
				async measure(name) {
					const {registry, paths, headers} = serverOf(name);
					const {result, cpuShare} = await withCpuShare(registry, () =>
						offerLoad({url: registry.url, paths, headers, perSecond, seconds, connections: 64, expectedStatus: 307}),
					);
					return {[`${perSecond} a second`]: {...result, cpuShare}};
				},
			});
			return [...atMost, ...atSameLoad];
		}),
};

const layers = 10;
// Smaller ones come with the answer.
const layerBytes = 100_000;

interface Server {
	readonly registry: RegistryServer;
	readonly paths: readonly string[];
	readonly headers: Readonly<Record<string, string>>;
}

const startServers = async ({scope, minio}: Stage): Promise<Map<string, Server>> => {
	const storage = async () => ({kind: 's3', server: minio, bucket: await minio.createBucket()}) as const;
	const env = {
		...{LAYERCACHE_LOG: 'json', LAYERCACHE_LOG_LEVEL: 'info'},
		// Go's client would send its token to the same name, so nobody who has one is redirected there.
		LAYERCACHE_S3_PUBLIC_ENDPOINT: minio.endpoint.replace('127.0.0.1', 'localhost'),
	};
	const servers = new Map<string, Server>();
	const open = await storage();
	const layercache = await fill(await startLayercache(scope, {storage: open, env}));
	servers.set('layercache', layercache);
	servers.set('layercache, with identities', await startSecured(scope, {storage: open, env}, layercache.paths));
	servers.set(
		'layercache, 2 workers',
		await fill(await startLayercache(scope, {storage: await storage(), env: {...env, LAYERCACHE_WORKERS: '2'}})),
	);
	servers.set('distribution', await fill(await startDistribution(scope, await storage())));
	return servers;
};

/** On the bucket of another, so that there is something to ask for. */
const startSecured = async (scope: Scope, {storage, env}: LayercacheOptions, paths: readonly string[]): Promise<Server> => {
	const htpasswd = join(await temporaryFolder(scope, 'users'), 'htpasswd');
	await writeFile(htpasswd, `bench:${await hash('bench', 4)}\n`);
	const registry = await startLayercache(scope, {
		storage,
		env: {...env, LAYERCACHE_AUTH: 'required', LAYERCACHE_AUTH_HTPASSWD: htpasswd, LAYERCACHE_AUTH_KEY: randomBytes(32).toString('hex')},
	});
	const answer = await fetch(`${registry.url}/token?scope=repository:bench/cache:pull`, {
		headers: {Authorization: `Basic ${Buffer.from('bench:bench').toString('base64')}`},
	});
	const {token} = (await answer.json()) as {token: string};
	const headers = {Authorization: `Bearer ${token}`};
	await assertRedirected(registry, paths, headers);
	return {registry, paths, headers};
};

const fill = async (registry: RegistryServer): Promise<Server> => {
	const contents = Array.from({length: layers}, () => randomBytes(layerBytes));
	const pushed = createPush('bench/cache', 'cache', contents);
	await push(registry, pushed);
	const digests = [...pushed.blobs].filter(([, bytes]) => bytes.length === layerBytes).map(([digest]) => digest);
	const paths = digests.map(digest => `/v2/bench/cache/blobs/${digest}`);
	await assertRedirected(registry, paths, {});
	return {registry, paths, headers: {}};
};

const assertRedirected = async (registry: RegistryServer, paths: readonly string[], headers: Readonly<Record<string, string>>) => {
	for (const path of paths) {
		const {status} = await fetch(`${registry.url}${path}`, {redirect: 'manual', headers});
		if (status !== 307) throw new Error(`${registry.url}${path} is answered with ${status}, not with a redirect`);
	}
};

const withCpuShare = async <T>({pid}: RegistryServer, act: () => Promise<T>) => {
	const [cpuBefore, startedAt] = [await cpuSeconds(pid), performance.now()];
	const result = await act();
	return {result, cpuShare: ((await cpuSeconds(pid)) - cpuBefore) / ((performance.now() - startedAt) / 1000)};
};

const getsOf = (trials: readonly Trial[], subject: string) =>
	trials.filter(trial => trial.subject === subject).flatMap(({figures}) => figures.getsPerSecond ?? []);
