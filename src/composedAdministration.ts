/** What an administrator can do, put together over a store: for the server, and for commands that work on the store itself. */

import {randomBytes} from 'node:crypto';
import type {RepositoryName} from 'oci-spec-types';
import {createAuditReader} from './audit/reader.ts';
import {createStaticTokens} from './auth/staticTokens.ts';
import type {Policy} from './config/policy.ts';
import {type Collector, type CollectorOptions, createCollector} from './gc/collector.ts';
import {keeping} from './gc/retention.ts';
import type {Administration} from './operations/administration.ts';
import type {Collection} from './operations/collection.ts';
import type {Finding} from './operations/doctor.ts';
import {OperationError} from './operations/operation.ts';
import {createOperations, type Operations} from './operations/operations.ts';
import {createRuns} from './operations/runs/runs.ts';
import {createSurveys} from './operations/survey.ts';
import {createDecideTogether, createPolicyRetention, createUsageOf, type DiskLimits, leavingBytesOf} from './policyRetention.ts';
import {summarize} from './refs/summaries.ts';
import type {Guard} from './registry/guard.ts';
import {createHeads, type Heads} from './registry/heads.ts';
import type {Lifetimes} from './registry/lifetimes.ts';
import type {Removal} from './registry/removal.ts';
import {createTags, type Tags} from './registry/tags.ts';
import type {Tombstones} from './registry/tombstones.ts';
import {walkRepositories} from './registry/walk.ts';
import {createWalkMemory} from './registry/walkMemory.ts';
import type {ObjectStore} from './storage/objectStore.ts';
import {createQueue} from './upstream/queue.ts';
import {createUsageReader} from './usage/reader.ts';

export type AdministrationOptions = Pick<CollectorOptions, 'onDeed' | 'onRemoved' | 'onDeleted'> & {
	/** The one that is in force now, and the file that it is from. */
	policy: () => Policy;
	policyFile: string | undefined;
	lifetimes: Lifetimes;
	tombstones: Tombstones;
	guard: Guard;
	/** Of a disk store. */
	disk?: DiskLimits | undefined;
	/** How often a cycle of the collector begins; undefined where never. */
	collectEveryMs: number | undefined;
	/** Who collects, for people. */
	holder: string;
	/** Looks at all that a server needs, as doctor does. */
	examine: () => AsyncIterable<Finding>;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	wait: (ms: number) => Promise<unknown>;
	/** Hears of each ref that an administrator lets go. */
	onLetGo?: (removal: Removal) => void;
	/** Something that is not there, or cannot be read, and that operations can do without. */
	onProblem: (facts: object, message: string) => void;
};

export type ComposedAdministration = {operations: Operations; collector: Collector};

export const composeAdministration = (store: ObjectStore, options: AdministrationOptions): ComposedAdministration => {
	const {policy, policyFile, lifetimes, disk, collectEveryMs, holder, examine, clock, elapsed, wait, onProblem} = options;
	const {tombstones, guard, onDeed, onRemoved, onDeleted} = options;
	const [tags, heads] = [createTags(store, guard), createHeads(store, guard)];
	const handOvers = createQueue(store, {holder});
	const usage = createUsageReader(store, {clock, elapsed, onDamaged: (key, error) => onProblem({key, error}, 'usage not readable')});
	const usageOf = createUsageOf(usage, {onFailed: error => onProblem({error}, 'usage not readable')});
	const memory = createWalkMemory();
	const walk = () => walkRepositories(store, {memory});
	const surveys = createSurveys({walk, usageOf, rules: () => policy().refs, now: () => store.now(), elapsed});

	const everyMs = collectEveryMs ?? usualEveryMs;
	const leavingBytes = leavingBytesOf({read: wanted => collector.reports.read(wanted)}, {quarantineMs: lifetimes.quarantineMs, everyMs});
	const decideTogether = createDecideTogether(policy, disk && {...disk, leavingBytes});
	const decidesTogether = () => policy().budget.length > 0 || (disk?.freePercent ?? 0) > 0;
	const collector = createCollector(store, {
		...{lifetimes, tombstones, tags, holder, elapsed, wait, memory, onDeed, onRemoved, onDeleted},
		retention: () =>
			keeping(
				createPolicyRetention({policy, usageOf, quarantineMs: lifetimes.quarantineMs, decideTogether, decidesTogether}),
				handOvers.digestsOf,
			),
		refSizes: inventory => summarize(inventory, undefined, policy().refs).refs,
		everyMs,
	});

	const administration: Administration = {
		...{store, handOvers, walk, usage, usageOf, policy, policyFile, lifetimes, collectEveryMs, examine, elapsed},
		survey: surveys.survey,
		forgetSurvey: surveys.forget,
		async inventory(repo) {
			for await (const inventory of walkRepositories(store, {memory, only: repo})) return inventory;
			return undefined;
		},
		decideTogether,
		async letGo(removal) {
			const gone = await letGo(tags, heads, removal);
			if (gone) options.onLetGo?.(removal);
			return gone;
		},
		protect: tags.protect,
		collection: collectionOf(collector, () => store.now()),
		reports: collector.reports,
		audit: createAuditReader(store),
		staticTokens: createStaticTokens(store, {bytes: randomBytes}),
	};
	return {operations: createOperations(createRuns(administration)), collector};
};

// What a preview reckons with where cycles are begun by hand alone.
const usualEveryMs = 3_600_000;

/** As it was when it was decided: what was pushed since is not meant. Of a merging tag all pushes go. */
const letGo = async (tags: Tags, heads: Heads, {repo, tag, digest, pushedAt}: Removal): Promise<boolean> => {
	if (!tag || !pushedAt) return false;
	const pushes = await heads.of(repo, tag);
	if (pushes.some(push => push.pushedAt > pushedAt)) return false;
	const isAsSeen = (now: {digest: string; pushedAt: string; protected?: boolean | undefined}) =>
		!now.protected && (pushes.length > 0 || now.digest === digest) && Date.parse(now.pushedAt) <= pushedAt.getTime();
	const removed = await tags.remove(repo, tag, isAsSeen);
	// Protected meanwhile, or pushed to: then its heads are not meant either.
	if (!removed && (await tags.read(repo, tag))) return false;
	return (await heads.remove(repo, tag)) || removed;
};

const collectionOf = (collector: Collector, now: () => Promise<Date>): Collection => ({
	async preview({onProgress, signal}) {
		const asOf = await now();
		const removals: Removal[] = [];
		const planned: Awaited<ReturnType<Collection['preview']>>['planned'][number][] = [];
		for await (const foreseen of collector.preview({onProgress: tellProgress(onProgress)})) {
			signal.throwIfAborted();
			removals.push(...foreseen.removals);
			planned.push(...foreseen.deletions);
		}
		return {asOf, removals, planned};
	},

	async run({onProgress, signal}) {
		const {report} = await collector.run({signal, onProgress: tellProgress(onProgress)});
		if (report) return report;
		throw new OperationError('busy', 'another server collects just now', '`layercache gc status` tells who, and how far it has come');
	},

	async status() {
		const {lease, progress} = await collector.status();
		return {
			...(lease && {lease}),
			...(progress &&
				!progress.endedAt && {
					running: {
						startedAt: new Date(progress.startedAt),
						...(progress.after && {repository: progress.after}),
						repositories: progress.repositories,
					},
				}),
		};
	},
});

const tellProgress =
	(onProgress: (progress: {done: number; of: string}) => void) =>
	({repositories}: {repo: RepositoryName; repositories: number}) =>
		onProgress({done: repositories, of: 'repositories'});
