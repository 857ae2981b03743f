/** Sixteen pushes of 100 MiB at once by a client that costs little: throughput, processor and memory. */
import {startDistribution} from '../../../test/e2e/harness/distribution.ts';
import {startLayercache} from '../../../test/e2e/harness/layercache.ts';
import {peakMiB} from '../../../test/e2e/harness/processMemory.ts';
import type {RegistryServer} from '../../../test/e2e/harness/registryServer.ts';
import {cpuSeconds} from '../processTimes.ts';
import {type Body, createBodies, createRawClient} from '../rawClient.ts';
import {roundsOf, type Scenario} from '../scenario.ts';
import {onStage, type Stage} from '../stage.ts';
import {removeStored, storedBytes} from '../storedBytes.ts';
import {runRounds} from '../trials.ts';
import {startZot} from '../zot.ts';

export const pushesScenario: Scenario = {
	title: 'Sixteen pushes at once',
	method: [
		`A plain HTTP client pushes 16 blobs of 100 MiB at once, each by POST and PUT. "Straight into MinIO" is the same client`,
		'with one presigned PUT a blob, whose payload MinIO is not asked to verify: no registry can be faster on this machine,',
		'where client, server and MinIO share the cores. The peak is the sum of the VmHWM of all processes of the server since',
		'it started, so it can only rise from round to round; the last round is shown by its maximum.',
	].join('\n'),
	figures: {
		mibPerSecond: {title: 'MiB/s', digits: 0, isBetterWhenHigher: true},
		serverCpuSeconds: {title: "server's CPU, s", digits: 2},
		serverPeakMiB: {title: "server's peak, MiB", digits: 0},
	},
	ratios: [{figure: 'mibPerSecond', bases: ['distribution', 'straight into MinIO']}],
	run: options =>
		onStage(async stage => {
			const pushers = await startPushers(stage, options.zot);
			return runRounds({
				subjects: pushers.map(({name}) => name),
				rounds: roundsOf(options, 5),
				report: options.report,
				async measure(name, round) {
					const pusher = pushers.find(one => one.name === name);
					if (!pusher) throw new Error(`no subject ${name}`);
					const {server, bucket} = pusher;
					const bodies = createBodies(pushes, blobMiB * mebibyte);
					// New connections each time: one from the last turn may have been closed as idle by now.
					const client = createRawClient(pushes);
					const cpuBefore = server ? await cpuSeconds(server.pid) : 0;
					const startedAt = performance.now();
					await Promise.all(bodies.map((body, index) => pusher.push(client, body, `round-${round}-${index}`))).catch(async cause => {
						throw new Error(`${name}: ${cause}\n${(await server?.log())?.slice(-3000) ?? ''}`, {cause});
					});
					const seconds = (performance.now() - startedAt) / 1000;
					client.close();
					const costs = server && {
						serverCpuSeconds: (await cpuSeconds(server.pid)) - cpuBefore,
						serverPeakMiB: await peakMiB(server.pid),
					};
					const stored = await storedBytes(stage.minio, bucket, pusher.prefix);
					if (stored < pushes * blobMiB * mebibyte) throw new Error(`only ${stored} bytes are in the bucket`);
					await removeStored(stage.minio, bucket, pusher.prefix);
					return {[`${pushes} × ${blobMiB} MiB, 0 ms`]: {mibPerSecond: (pushes * blobMiB) / seconds, ...costs}};
				},
			});
		}),
};

const pushes = 16;
const blobMiB = 100;
const mebibyte = 1024 ** 2;

type RawClient = ReturnType<typeof createRawClient>;

interface Pusher {
	readonly name: string;
	readonly server: RegistryServer | undefined;
	readonly bucket: string;
	/** Of the blobs. */
	readonly prefix: string;
	push(client: RawClient, body: Body, name: string): Promise<void>;
}

const startPushers = async ({scope, minio}: Stage, zot: string | undefined): Promise<Pusher[]> => {
	const registry = async (name: string, prefix: string, start: (bucket: string) => Promise<RegistryServer>): Promise<Pusher> => {
		const bucket = await minio.createBucket();
		const server = await start(bucket);
		// A repository for each blob, as if sixteen builders pushed.
		return {name, server, bucket, prefix, push: (client, body, repository) => client.pushBlob(server.url, `bench/${repository}`, body)};
	};
	const bucket = await minio.createBucket();
	return [
		await registry('layercache', 'repos/', bucket => startLayercache(scope, {storage: {kind: 's3', server: minio, bucket}})),
		await registry('distribution', 'docker/registry/v2/blobs/', bucket => startDistribution(scope, {kind: 's3', server: minio, bucket})),
		...(zot ? [await registry('zot', 'zot/bench/', bucket => startZot(scope, zot, minio, bucket))] : []),
		{
			name: 'straight into MinIO',
			server: undefined,
			bucket,
			prefix: '',
			push: (client, body, key) => client.putObject(minio, bucket, key, body),
		},
	];
};
