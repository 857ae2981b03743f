/** How the registry that clients see is put together: the one in the store, and around it what each policy adds. */
import {toleratesMissingLayer} from './cache/cacheDocument.ts';
import {type ComposeUpstreamsOptions, composeUpstreams} from './composedUpstreams.ts';
import type {Policy} from './config/policy.ts';
import type {Settings} from './config/settings.ts';
import type {ExplainRef} from './http/refs.ts';
import {createOldBuckets, type OpenOldStore} from './oldBuckets.ts';
import {createRefAnswers, type DerivedEvent} from './refs/refAnswers.ts';
import type {RefRules} from './refs/refBehaviour.ts';
import {withDerivedDocuments} from './refs/withDerivedDocuments.ts';
import {withMergingTags} from './refs/withMergingTags.ts';
import {createDerivedPointers} from './registry/derivedPointers.ts';
import type {Guard} from './registry/guard.ts';
import {createHeads} from './registry/heads.ts';
import type {Lifetimes} from './registry/lifetimes.ts';
import type {Registry} from './registry/registry.ts';
import {createStoredRegistry, type StoredRegistry} from './registry/storedRegistry.ts';
import type {UploadTrust} from './registry/uploadTrust.ts';
import {withoutRedirects} from './registry/withoutRedirects.ts';
import {withRedirectedUploads} from './registry/withRedirectedUploads.ts';
import {believedMsOf} from './serverLifetimes.ts';
import type {ObjectStore, StoreAbilities} from './storage/objectStore.ts';
import type {Log} from './telemetry/log.ts';
import type {Metrics} from './telemetry/metrics.ts';
import {createOldRefExplanations} from './typeS3/explainOldRef.ts';
import {createOldRepositories} from './typeS3/oldRepositories.ts';
import {createTypeS3Copies} from './typeS3/typeS3Copies.ts';
import {withOldBuckets} from './typeS3/withOldBuckets.ts';
import {withTypeS3Copies} from './typeS3/withTypeS3Copies.ts';

export type ComposeOptions = Omit<ComposeUpstreamsOptions, 'policy'> & {
	settings: Settings;
	/** The policy that is in force now. */
	policy: () => Policy;
	openOldStore: OpenOldStore;
	abilities: StoreAbilities;
	uploads: UploadTrust;
	rules: RefRules;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	lifetimes: Lifetimes;
	guard: Guard;
	log: Log;
	metrics: Metrics;
};

/** `pushed`: the same without what importers get instead of what was pushed. */
export type Composed = {
	registry: Registry;
	pushed: Registry;
	explainRef: ExplainRef;
	/** Of an object that the collector deletes. */
	forget: StoredRegistry['forget'];
	close(): Promise<void>;
};

export const composeRegistry = (store: ObjectStore, options: ComposeOptions): Composed => {
	const {settings, policy, abilities, uploads, rules, clock, elapsed, lifetimes, guard, log, metrics} = options;
	const lifetimeMs = lifetimes.indexMs;
	const limitBytes = settings.importLimitBytes;

	const stored = createStoredRegistry(store, {
		clock,
		elapsed,
		urlLifeSeconds: settings.urlLifeSeconds,
		lifetimes,
		guard,
		toleratesMissing: toleratesMissingLayer,
	});
	const streamed = settings.redirectDownloads === 'never' || !abilities.presignedGet;
	const redirecting = withRedirectedUploads(streamed ? withoutRedirects(stored) : stored, uploads);
	const merging = withMergingTags(redirecting, createHeads(store, guard), rules);
	const answers = createRefAnswers(merging, {
		rules,
		pointers: createDerivedPointers(store, guard),
		limitBytes,
		lifetimeMs,
		elapsed,
		onDerived: event => tellDerived(event, log, metrics),
	});
	const deriving = withDerivedDocuments(merging, answers, {limitBytes, onTooLarge: metrics.recordTooLarge});
	const copying = withTypeS3Copies(deriving, createTypeS3Copies(store, guard), {
		...{rules, elapsed},
		onFailed: facts => log.warn(facts, 'cache not written for type=s3'),
	});
	const {bucketOf, close} = createOldBuckets(options.openOldStore, {
		lifetimeMs: believedMsOf(settings),
		elapsed,
		urlLifeSeconds: settings.redirectDownloads === 'never' ? undefined : settings.urlLifeSeconds,
		limitBytes,
		onProblem: facts => log.warn(facts, 'old bucket'),
	});
	const repositories = createOldRepositories(() => policy().s3Caches);
	const owned = withOldBuckets(copying, {
		...{repositories, bucketOf},
		documents: stored,
		onMissing: ({missing, ...facts}) =>
			log.warn({...facts, missing: missing.slice(0, loggedEntries), missingCount: missing.length}, 'cache repaired'),
	});
	const explainOld = createOldRefExplanations(repositories, bucketOf);
	const explainRef: ExplainRef = async (repo, tag, lends) => (await explainOld(repo, tag)) ?? answers.explain(repo, tag, lends);
	const upstreams = composeUpstreams(store, owned, options);
	return {
		registry: upstreams.registry,
		pushed: merging,
		explainRef,
		forget: stored.forget,
		async close() {
			await upstreams.close();
			await close();
		},
	};
};

const tellDerived = (event: DerivedEvent, log: Log, metrics: Metrics): void => {
	metrics.recordDerived(event);
	const {repo, tag, digest, ways, sources, missing, made} = event;
	const facts = {repo, tag, digest, ways, sources: sources.slice(0, loggedEntries), count: sources.length, made};
	if (missing.length === 0) log.info(facts, 'cache derived');
	else log.warn({...facts, missing: missing.slice(0, loggedEntries), missingCount: missing.length}, 'cache repaired');
};

const loggedEntries = 10;
