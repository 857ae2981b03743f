/** The collector: a cycle along all repositories, under a lease, that goes on where another was killed; and what its next cycles would do. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import {createPace} from '../lib/pace.ts';
import type {RepositoryInventory} from '../registry/inventory.ts';
import type {Lifetimes} from '../registry/lifetimes.ts';
import type {Removal} from '../registry/removal.ts';
import type {Tombstones} from '../registry/tombstones.ts';
import {walkRepositories} from '../registry/walk.ts';
import {createWalkMemory, type WalkMemory} from '../registry/walkMemory.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {collectRepository, nothingUnreferenced} from './collectRepository.ts';
import {foresee} from './foresee.ts';
import {createHands, type HandsOptions} from './hands.ts';
import {type Lease, type LeaseState, readLease, takeLease} from './lease.ts';
import type {StepLifetimes} from './nextStep.ts';
import type {Foreseen} from './plan.ts';
import {type Progress, readProgress, writeProgress} from './progress.ts';
import {type CycleReport, createReports, type RefSizes} from './report.ts';
import type {Retention} from './retention.ts';
import type {Deed} from './settle.ts';
import {createTally} from './tally.ts';

export type CollectorOptions = {
	lifetimes: StepLifetimes & Pick<Lifetimes, 'leaseMs'>;
	tombstones: Tombstones;
	tags: HandsOptions['tags'];
	/** Asked for anew with each cycle, and each preview. */
	retention: () => Retention;
	/** What each ref holds, for the report. */
	refSizes(inventory: RepositoryInventory): readonly {tag: Tag; bytes: number; exclusiveBytes: number}[];
	/** Who this is, for people. */
	holder: string;
	/** How often a cycle begins. */
	everyMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	wait: (ms: number) => Promise<unknown>;
	memory?: WalkMemory;
	onDeed?(deed: Deed): void;
	onRemoved?(removal: Removal): void;
	/** What this process remembers of it is worth nothing any more. */
	onDeleted?(repo: RepositoryName, key: string): void;
};

export type RunOptions = {
	/** Ends the cycle soon; what is done is done, and the next one goes on. */
	signal?: AbortSignal;
	onProgress?(progress: {repo: RepositoryName; repositories: number}): void;
	/** Does nothing where the last cycle ended less than this ago. */
	unlessWithinMs?: number;
};

/** `condemnedObjects`: in quarantine when it had ended. */
export type DoneCycle = {report: CycleReport; condemnedObjects: number};

/** `notDue`: somebody has done it at `endedAt`. `held`: somebody does it now. */
export type RunOutcome = DoneCycle | {report: undefined; because: 'notDue'; endedAt: Date} | {report: undefined; because: 'held'};

export type Collector = ReturnType<typeof createCollector>;

export const createCollector = (store: ObjectStore, options: CollectorOptions) => {
	const {lifetimes, tombstones, tags, elapsed, wait, onDeed = () => {}, onRemoved = () => {}, onDeleted = () => {}} = options;
	const memory = options.memory ?? createWalkMemory();
	const {leaseMs} = lifetimes;
	const reports = createReports(store);

	const cycle = async (lease: Lease, last: Progress | undefined, {signal, onProgress}: RunOptions): Promise<DoneCycle> => {
		const resumed = last && !last.endedAt ? last : undefined;
		const retention = options.retention();
		const tally = createTally();
		const refs: RefSizes['refs'] = [];
		const waitForTurn = createPace({perSecond: writesPerSecond, elapsed, wait});
		const attend = async () => {
			signal?.throwIfAborted();
			await lease.keep();
		};
		const pace = async () => {
			await attend();
			await waitForTurn(1);
		};
		const hands = createHands(store, {tombstones, tags, pace, onDeleted});

		const startedAt = await store.now();
		const progress: Progress = {startedAt: startedAt.toISOString(), repositories: 0, ...resumed, carried: last?.carried ?? []};
		let wroteAt = elapsed();
		await writeProgress(store, progress);
		const carriedFor = Map.groupBy(progress.carried.map(parseCarried), ({repo}) => repo);

		for await (const inventory of walkRepositories(attended(store, attend), {memory, after: resumed?.after})) {
			const {repo} = inventory;
			await attend();
			const decision = await retention.decide(inventory);
			const removals = [...decision.removals, ...(carriedFor.get(repo) ?? [])];
			const standing =
				inventory.damaged.length > 0
					? nothingUnreferenced
					: await collectRepository(inventory, {
							...{hands, lifetimes, memory},
							decision: {...decision, removals},
							onDeed(deed) {
								tally.did(deed);
								onDeed(deed);
							},
							onRemoved(removal) {
								tally.removed(removal);
								onRemoved(removal);
							},
						});
			tally.saw(inventory, standing);
			for (const {tag, bytes, exclusiveBytes} of options.refSizes(inventory)) refs.push({repo, tag, bytes, exclusiveBytes});
			for (const table of [inventory.blobs, inventory.tombstones.blobs]) table.release?.();
			progress.after = repo;
			progress.repositories += 1;
			onProgress?.({repo, repositories: progress.repositories});
			if (elapsed() - wroteAt > betweenNotesMs) {
				wroteAt = elapsed();
				await writeProgress(store, progress);
			}
		}

		// What was seen before a cycle was killed is not known any more: the next whole one decides.
		const {removals: together, budgets} = resumed ? {removals: [], budgets: []} : await retention.decideTogether();
		for (const removal of together) {
			if (!removal.tag || !removal.digest || !removal.pushedAt) continue;
			if (!(await hands.deleteTag(removal.repo, removal.tag, {digest: removal.digest, pushedAt: removal.pushedAt}))) continue;
			tally.removed(removal);
			onRemoved(removal);
		}
		const endedAt = await store.now();
		const report = tally.report(startedAt, endedAt, {resumed: resumed !== undefined, budgets});
		await reports.write(report, {at: endedAt.toISOString(), refs});
		await writeProgress(store, {...progress, after: undefined, endedAt: endedAt.toISOString(), carried: together.map(formatCarried)});
		if (!resumed) memory.forgetUnasked();
		return {report, condemnedObjects: tally.condemned()};
	};

	return {
		reports,

		/** One cycle, or the rest of one. Rejects where the store is away, or somebody else has taken over: the next one goes on. */
		async run(given: RunOptions = {}): Promise<RunOutcome> {
			if (given.unlessWithinMs !== undefined) {
				const last = await readProgress(store);
				const endedAt = last?.endedAt === undefined ? undefined : new Date(last.endedAt);
				const agoMs = endedAt ? (await store.now()).getTime() - endedAt.getTime() : Number.POSITIVE_INFINITY;
				if (endedAt && agoMs < given.unlessWithinMs) return {report: undefined, because: 'notDue', endedAt};
			}
			const lease = await takeLease(store, {holder: options.holder, leaseMs, elapsed});
			if (!lease) return {report: undefined, because: 'held'};
			try {
				return await cycle(lease, await readProgress(store), given);
			} finally {
				// It expires anyway; a store that is away has been told of.
				await lease.release().catch(() => undefined);
			}
		},

		/** A repository at a time, what the next cycles will do if nobody pushes or imports meanwhile. Changes nothing. */
		async *preview({only, onProgress}: {only?: RepositoryName} & RunOptions = {}): AsyncGenerator<Foreseen & {repo: RepositoryName}> {
			const retention = options.retention();
			const carried = Map.groupBy((await readProgress(store))?.carried.map(parseCarried) ?? [], ({repo}) => repo);
			let repositories = 0;
			for await (const inventory of walkRepositories(store, {memory, only})) {
				const {repo} = inventory;
				onProgress?.({repo, repositories: ++repositories});
				if (inventory.damaged.length > 0) continue;
				const decide: Retention['decide'] = async seen => {
					const decision = await retention.decide(seen);
					return {...decision, removals: [...decision.removals, ...(carried.get(repo) ?? [])]};
				};
				yield {repo, ...(await foresee(inventory, {lifetimes, decide, tombstone: tombstones.read, everyMs: options.everyMs}))};
			}
		},

		async status(): Promise<{lease: LeaseState | undefined; progress: Progress | undefined}> {
			const [lease, progress] = await Promise.all([readLease(store, leaseMs), readProgress(store)]);
			return {lease, progress};
		},
	};
};

// What S3 does not notice, and a disk neither: a terabyte in layers of 10 MB goes in a quarter of an hour.
const writesPerSecond = 300;

// A killed cycle repeats so much at most.
const betweenNotesMs = 5000;

/** A walk of hours keeps the lease, and ends when it is told to. */
const attended = (store: ObjectStore, attend: () => Promise<void>): ObjectStore => ({
	...store,
	async read(...given) {
		await attend();
		return store.read(...given);
	},
	async *list(...given) {
		let rows = 0;
		for await (const entry of store.list(...given)) {
			if (++rows % rowsOfPage === 0) await attend();
			yield entry;
		}
	},
});

const rowsOfPage = 1000;

const formatCarried = ({repo, tag, digest, pushedAt, reason, exclusiveBytes}: Removal): Progress['carried'][number] => ({
	...{repo, kind: 'tag', tag: tag as Tag, digest, reason, exclusiveBytes},
	pushedAt: pushedAt?.toISOString(),
});

const parseCarried = ({pushedAt, ...removal}: Progress['carried'][number]): Removal => ({
	...removal,
	pushedAt: pushedAt === undefined ? undefined : new Date(pushedAt),
});
