/** What operations need to be run: composed for a server in app.ts, and for a command on the store itself. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import type {AuditReader} from '../audit/reader.ts';
import type {StaticTokens} from '../auth/staticTokens.ts';
import type {Policy} from '../config/policy.ts';
import type {Reports} from '../gc/report.ts';
import type {TogetherDecision} from '../gc/retention.ts';
import type {RepositoryUsage} from '../refs/refUse.ts';
import type {RepositorySummary} from '../refs/summaries.ts';
import type {RepositoryInventory} from '../registry/inventory.ts';
import type {Lifetimes} from '../registry/lifetimes.ts';
import type {Removal} from '../registry/removal.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import type {Queue} from '../upstream/queue.ts';
import type {UsageReader} from '../usage/usage.ts';
import type {Collection} from './collection.ts';
import type {Finding} from './doctor.ts';

export type Administration = {
	store: ObjectStore;
	/** Everything that is there, as it was at most some moments ago. */
	survey(context: SurveyContext): Promise<Survey>;
	/** What was seen is not believed any more: something was just changed. */
	forgetSurvey(): void;
	/** Each repository as it is now, in turn. */
	walk(): AsyncIterable<RepositoryInventory>;
	/** One repository as it is now; undefined where nothing lies there. */
	inventory(repo: RepositoryName): Promise<RepositoryInventory | undefined>;
	usage: UsageReader;
	/** The same as retention decides by it. */
	usageOf(repo: RepositoryName): Promise<RepositoryUsage | undefined>;
	/** The one that is in force. */
	policy(): Policy;
	/** Missing where there is none. */
	policyFile?: string | undefined;
	/** What several repositories together hold too much of: budgets, and a disk that is full. `gone` goes anyway. */
	decideTogether(summaries: readonly RepositorySummary[], gone: readonly Removal[], now: Date): Promise<TogetherDecision>;
	/** Deletes a ref, and all pushes to it; false where it is no longer what it was then. */
	letGo(removal: Removal): Promise<boolean>;
	/** By hand, whatever the policy says. Says whether that changed anything; undefined where there is no such tag. */
	protect(repo: RepositoryName, tag: Tag, isProtected: boolean): Promise<{changed: boolean} | undefined>;
	collection: Collection;
	reports: Reports;
	/** What is still to be handed over to upstreams. */
	handOvers: Queue;
	staticTokens: StaticTokens;
	/** What all servers have written down of who did what. */
	audit: AuditReader;
	lifetimes: Lifetimes;
	/** How often a cycle of the collector begins; undefined where never. */
	collectEveryMs: number | undefined;
	examine(): AsyncIterable<Finding>;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export type SurveyContext = {onProgress(progress: {done: number; of: string}): void; signal: AbortSignal};

/** By the store's clock. */
export type Survey = {asOf: Date; repositories: readonly RepositorySummary[]};
