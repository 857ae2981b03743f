/** What it cost to send or fetch a cache: requests at MinIO, processor time of server and builders, memory of the server. */
import type {Buildkitd} from '../../test/e2e/harness/buildkitd.ts';
import {peakMiB} from '../../test/e2e/harness/processMemory.ts';
import type {RegistryServer} from '../../test/e2e/harness/registryServer.ts';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';
import {type FilledBuilder, sendCache} from './cacheTransfer.ts';
import {cpuSeconds, forgetPeaks} from './processTimes.ts';
import {secondsOf, spanOver} from './rawProgress.ts';
import {countRequests, difference, formatCounts, total} from './s3Requests.ts';
import {storedBytes} from './storedBytes.ts';
import type {Place} from './subjects.ts';
import type {Figures} from './trials.ts';

export interface Paid<T> {
	readonly result: T;
	readonly costs: Figures;
	/** S3's requests by what they asked for, in words. */
	readonly requests: string;
}

export interface Payers {
	readonly minio: S3Server;
	readonly builders: readonly Buildkitd[];
	readonly server: RegistryServer | undefined;
}

export const costsOf = async <T>({minio, builders, server}: Payers, act: () => Promise<T>): Promise<Paid<T>> => {
	const cpuOf = async (daemons: readonly {pid: number}[]) => {
		let sum = 0;
		for (const {pid} of daemons) sum += await cpuSeconds(pid);
		return sum;
	};
	const servers = server ? [server] : [];
	for (const {pid} of servers) await forgetPeaks(pid);
	const before = {requests: await countRequests(minio), servers: await cpuOf(servers), builders: await cpuOf(builders)};
	const result = await act();
	const requests = difference(await countRequests(minio), before.requests);
	return {
		result,
		costs: {
			s3Requests: total(requests),
			...(server && {serverCpuSeconds: (await cpuOf(servers)) - before.servers, serverPeakMiB: await peakMiB(server.pid)}),
			builderCpuSeconds: (await cpuOf(builders)) - before.builders,
		},
		requests: formatCounts(requests),
	};
};

/** Each builder to its own place, all at once: from the first that began to the last that ended. */
export const measureSending = async (
	minio: S3Server,
	transfers: readonly {readonly builder: FilledBuilder; readonly place: Place}[],
	report: (line: string) => void,
): Promise<Figures> => {
	const payers = {minio, builders: transfers.map(({builder}) => builder), server: transfers[0]?.place.server};
	const {result, costs, requests} = await costsOf(payers, () =>
		Promise.all(transfers.map(({builder, place}) => sendCache(builder, place.cacheTo))),
	);
	report(`  ${requests}`);
	for (const {builder, place} of transfers) {
		const stored = await storedBytes(minio, place.bucket, place.prefix);
		if (stored < builder.layerBytes) throw new Error(`only ${stored} of ${builder.layerBytes} bytes are in the bucket`);
	}
	return {sendingSeconds: secondsOf(spanOver(result)), ...costs};
};
