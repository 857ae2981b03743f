/** A server that does nothing but collect, one cycle after the other, as the bench sees it: through its log, the kernel and the store. */
import {startLayercache} from '../../test/e2e/harness/layercache.ts';
import {peakMiB} from '../../test/e2e/harness/processMemory.ts';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';
import type {Scope} from '../../test/e2e/harness/scope.ts';
import {until} from '../../test/e2e/harness/until.ts';

export interface ServedCycle {
	readonly seconds: number;
	/** Of all processes of the server, since it was started. */
	readonly peakMiB: number;
	/** What the store was asked since the cycle before, or since the start. */
	readonly requests: number;
	readonly repositories: number;
	/** Went on where another was killed. */
	readonly resumed: boolean;
}

export interface CollectingServer {
	/** Waits until one more has been done. */
	nextCycle(): Promise<ServedCycle>;
	kill9(): Promise<void>;
	stop(): Promise<unknown>;
}

/** On the double of a large bucket, which counts what it is asked. */
export const startCollectingServer = async (scope: Scope, store: S3Server): Promise<CollectingServer> => {
	let counted = await countsOf(store);
	const server = await startLayercache(scope, {
		storage: {kind: 's3', server: store, bucket: 'bucket'},
		env: {LAYERCACHE_REDIRECT_UPLOADS: 'never', LAYERCACHE_GC_EVERY: '5s'},
	});
	const cycles = async () => (await server.log()).split('\n').filter(line => line.includes(cycleDone));
	let seen = 0;
	return {
		async nextCycle() {
			await until('a cycle to be done', async () => (await cycles()).length > seen, {seconds: 3600});
			const before = counted;
			counted = await countsOf(store);
			const {seconds, repositories, resumed = false} = JSON.parse((await cycles())[seen++] ?? '');
			return {seconds, repositories, resumed, peakMiB: await peakMiB(server.pid), requests: counted - before};
		},
		kill9: server.kill9,
		stop: server.stop,
	};
};

const cycleDone = '"msg":"garbage collected"';

const countsOf = async ({endpoint}: S3Server): Promise<number> => {
	const counts = JSON.parse(await (await fetch(`${endpoint}/_counts`)).text()) as Readonly<Record<string, number>>;
	return Object.values(counts).reduce((sum, count) => sum + count, 0);
};
