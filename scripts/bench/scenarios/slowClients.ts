/** Fifty exports beside two hundred clients that take their time, and alone. */
import {randomBytes} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {createExports, exportAll} from '../../../test/e2e/harness/exports.ts';
import {startLayercache} from '../../../test/e2e/harness/layercache.ts';
import {peakMiB} from '../../../test/e2e/harness/processMemory.ts';
import {createPush, push} from '../../../test/e2e/harness/pushClient.ts';
import {sha256} from '../../../test/e2e/harness/registryClient.ts';
import type {RegistryServer} from '../../../test/e2e/harness/registryServer.ts';
import {type SlowKind, slowKinds, startSlowCrowd} from '../../../test/e2e/harness/slowCrowd.ts';
import {cpuSeconds} from '../processTimes.ts';
import {roundsOf, type Scenario} from '../scenario.ts';
import {onStage, type Stage} from '../stage.ts';
import {median} from '../statistics.ts';
import {runRounds} from '../trials.ts';

export const slowClientsScenario: Scenario = {
	title: 'Slow clients',
	method: [
		'A plain HTTP client makes 50 exports of 10 MB at once, each as BuildKit does: four layers, a config, the manifest. Beside',
		'them 200 connections from another address do what slow or hostile clients do, 64 bytes four times a second: send a layer',
		'of 10 MB from its first byte on, or after its first 200 kB; read a streamed blob; send headers. A mix of all four also',
		'comes from the address of the exports themselves. Each crowd has a server of its own, which streams everything. It was',
		'there until that had nothing more to do, since slow readers are fast until the buffers of the system are full. The peak is',
		'the VmHWM of the server since it started.',
	].join('\n'),
	figures: {
		seconds: {title: 'until all have ended, s', digits: 2},
		medianSeconds: {title: 'median export, s', digits: 2},
		serverPeakMiB: {title: "server's peak, MiB", digits: 0},
		cut: {title: 'slow ones cut', digits: 0},
	},
	ratios: [{figure: 'seconds', bases: ['alone']}],
	run: options =>
		onStage(async stage => {
			const servers = new Map<string, Server>();
			for (const name of Object.keys(crowds)) servers.set(name, await startServer(stage));
			return runRounds({
				subjects: Object.keys(crowds),
				rounds: roundsOf(options, 5),
				report: options.report,
				async measure(name) {
					const server = servers.get(name);
					if (!server) throw new Error(`no subject ${name}`);
					const {registry, blob} = server;
					const {kinds, from} = crowds[name] ?? {kinds: [], from: exportersAddress};
					const crowd = await startSlowCrowd({url: registry.url, count: kinds.length === 0 ? 0 : slowOnes, kinds, from, blob});
					try {
						await untilIdle(registry.pid);
						const times = await exportAll(registry, createExports(exports));
						return {
							[`${exports} × 10 MB`]: {
								seconds: Math.max(...times),
								medianSeconds: median(times),
								serverPeakMiB: await peakMiB(registry.pid),
								cut: crowd.cut(),
							},
						};
					} finally {
						crowd.end();
					}
				},
			});
		}),
};

const exports = 50;
const slowOnes = 200;
const readBytes = 64_000_000;
const exportersAddress = '127.0.0.1';
const otherAddress = '127.0.0.2';

const crowds: Readonly<Record<string, {kinds: readonly SlowKind[]; from: string}>> = {
	alone: {kinds: [], from: otherAddress},
	'slow uploads': {kinds: ['uploads'], from: otherAddress},
	'uploads that stop': {kinds: ['begunUploads'], from: otherAddress},
	'slow readers': {kinds: ['readers'], from: otherAddress},
	'slow headers': {kinds: ['headers'], from: otherAddress},
	'a mix': {kinds: slowKinds, from: otherAddress},
	'a mix of the same address': {kinds: slowKinds, from: exportersAddress},
};

interface Server {
	readonly registry: RegistryServer;
	/** The path of a blob to read. */
	readonly blob: string;
}

const startServer = async ({scope, minio}: Stage): Promise<Server> => {
	const registry = await startLayercache(scope, {
		storage: {kind: 's3', server: minio, bucket: await minio.createBucket()},
		env: {LAYERCACHE_REDIRECT_DOWNLOADS: 'never', LAYERCACHE_REDIRECT_UPLOADS: 'never'},
	});
	const bytes = randomBytes(readBytes);
	await push(registry, createPush('bench/large', 'large', [bytes]));
	return {registry, blob: `/v2/bench/large/blobs/${sha256(bytes)}`};
};

/** Until it has hardly used the processor for a second. */
const untilIdle = async (pid: number): Promise<void> => {
	const deadline = performance.now() + 60_000;
	for (let before = await cpuSeconds(pid), busy = true; busy && performance.now() < deadline; ) {
		await delay(1000);
		const now = await cpuSeconds(pid);
		busy = now - before > 0.1;
		before = now;
	}
};
