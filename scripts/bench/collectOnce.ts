/**
 * A process that collects, as a server does it without a policy, and tells what that took: one line of JSON a cycle.
 *
 *     node scripts/bench/collectOnce.ts '{"endpoint": …, "bucket": …, "accessKey": …, "secretKey": …, "cycles": 2}'
 */
import {argv, exit, resourceUsage, stdout} from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {createCollector} from '../../src/gc/collector.ts';
import {gcKeys} from '../../src/gc/gcKeys.ts';
import {createElapsed} from '../../src/lib/elapsed.ts';
import {decideRetention} from '../../src/refs/retention.ts';
import {summarize} from '../../src/refs/summaries.ts';
import {createGuard} from '../../src/registry/guard.ts';
import {createLifetimes} from '../../src/registry/lifetimes.ts';
import {createTags} from '../../src/registry/tags.ts';
import {createTombstones} from '../../src/registry/tombstones.ts';
import {createS3Store} from '../../src/storage/s3/s3Store.ts';

export interface CollectOrder {
	readonly endpoint: string;
	readonly bucket: string;
	readonly accessKey: string;
	readonly secretKey: string;
	readonly cycles: number;
	readonly graceMs?: number;
	readonly quarantineMs?: number;
	/** Between two cycles. */
	readonly pauseMs?: number;
	/** Does not wait until the lease of one that was killed has expired. */
	readonly takesOver?: boolean;
}

export interface CollectedCycle {
	readonly seconds: number;
	readonly requests: Readonly<Record<string, number>>;
	/** The most that this process has had so far. */
	readonly peakMiB: number;
	readonly resumed: boolean;
	readonly repositories: number;
	readonly blobs: number;
	readonly condemned: number;
	readonly deleted: number;
}

const dayMs = 86_400_000;

const main = async ({endpoint, bucket, accessKey, secretKey, cycles, pauseMs = 0, takesOver, ...given}: CollectOrder) => {
	let requests: Record<string, number> = {};
	const store = createS3Store({
		...{bucket, endpoint: new URL(endpoint), region: 'us-east-1', forcePathStyle: true},
		credentials: {accessKeyId: accessKey, secretAccessKey: secretKey},
		onRequest({operation}) {
			requests[operation] = (requests[operation] ?? 0) + 1;
		},
	});
	const elapsed = createElapsed();
	const lifetimes = createLifetimes({graceMs: given.graceMs ?? 3 * dayMs, quarantineMs: given.quarantineMs ?? 3 * dayMs, indexMs: 0});
	const tombstones = createTombstones(store, {lifetimes, elapsed});
	const {quarantineMs} = lifetimes;
	const collector = createCollector(store, {
		...{lifetimes, tombstones, elapsed, wait: delay, holder: 'bench', everyMs: dayMs},
		tags: createTags(store, createGuard(store, tombstones, {lifetimes, elapsed, wait: delay})),
		retention: () => ({
			async decide(inventory) {
				const ground = {usage: undefined, rules: [], now: inventory.startedAt, quarantineMs};
				return {removals: decideRetention(inventory, ground), untaggedMs: 0};
			},
			decideTogether: async () => ({removals: [], budgets: []}),
		}),
		refSizes: inventory => summarize(inventory, undefined, []).refs,
	});
	if (takesOver) await store.remove([gcKeys.lease]);
	for (let cycle = 0; cycle < cycles; cycle++) {
		if (cycle > 0) await delay(pauseMs);
		requests = {};
		const startedAt = performance.now();
		const {report} = await collector.run();
		if (!report) throw new Error('somebody else collects');
		const told: CollectedCycle = {
			seconds: (performance.now() - startedAt) / 1000,
			requests,
			peakMiB: resourceUsage().maxRSS / 1024,
			resumed: report.resumed,
			...{repositories: report.totals.repositories, blobs: report.totals.blobs},
			...{condemned: report.did.condemned.objects, deleted: report.did.deleted.objects},
		};
		stdout.write(`${JSON.stringify(told)}\n`);
	}
	await store.close();
	exit(0);
};

await main(JSON.parse(argv[2] ?? ''));
