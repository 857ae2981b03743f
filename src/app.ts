/** The composition root: settings become a store, a registry and a server. */
import {randomUUID} from 'node:crypto';
import {hostname} from 'node:os';
import type {Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {OciError} from 'oci-spec-types';
import {removeOldDays} from './audit/oldDays.ts';
import {openAudit} from './auditing.ts';
import {createRights} from './auth/rights.ts';
import {openAuthentication} from './authenticating.ts';
import {collecting, collectingEvents} from './collecting.ts';
import {composeAdministration} from './composedAdministration.ts';
import {composeRegistry} from './composedRegistry.ts';
import {isOpenToAll} from './config/authentication.ts';
import type {Settings} from './config/settings.ts';
import {abortAbandonedUploads} from './gc/abandonedUploads.ts';
import {removeLeftChunks} from './gc/leftChunks.ts';
import {removeLeftProbes} from './gc/leftProbes.ts';
import {type Sweep, startSweeper} from './gc/sweeper.ts';
import {createHttpAdministration} from './http/administration.ts';
import {createGates} from './http/gates.ts';
import {createKoaApp} from './http/koaApp.ts';
import {createRoom, type Room} from './http/room.ts';
import type {HttpServer} from './http/server.ts';
import {isAmong} from './lib/addressRanges.ts';
import {createElapsed} from './lib/elapsed.ts';
import {startServer} from './listening.ts';
import {type OpenOldStore, openOldStore} from './oldBuckets.ts';
import {examineServer} from './operations/doctor.ts';
import {createJobs} from './operations/jobs.ts';
import {withOperationsAudited} from './operations/withOperationsAudited.ts';
import {withVerificationsCounted} from './operations/withVerificationsCounted.ts';
import {openPolicy, registryForCallers} from './policyInForce.ts';
import {createReadiness} from './readiness.ts';
import {createRefRules} from './refs/refRules.ts';
import {createTombstonesAndGuard} from './registry/guard.ts';
import {openLayout} from './registry/layout.ts';
import type {Lifetimes} from './registry/lifetimes.ts';
import {looksEveryMs} from './registry/uploadTrust.ts';
import {lifetimesOf} from './serverLifetimes.ts';
import {createStore, diskLimits} from './settingsStore.ts';
import type {SharedFiles} from './sharedFiles.ts';
import {withMeasurements} from './storage/instrumented.ts';
import type {ObjectStore, StoreAbilities, UploadVerdict} from './storage/objectStore.ts';
import type {Log} from './telemetry/log.ts';
import {createMetrics, type Metrics} from './telemetry/metrics.ts';
import {trustUploads} from './trustingUploads.ts';
import {type OpenUpstream, openUpstream} from './upstreams.ts';
import {compactUsage} from './usage/compaction.ts';
import {startUsage} from './usage/startUsage.ts';
import {version} from './version.ts';

/** What a start finds out about the store. */
export type Found = {abilities: StoreAbilities; uploads?: UploadVerdict | undefined};

export type App = {
	server: HttpServer;
	found: Found;
	/** Reads the policy and its other files again, changed or not. */
	reload(): Promise<void>;
	/** Lets requests under way end, then closes the store. */
	stop(): Promise<void>;
};

export type AppOptions = {
	settings: Settings;
	log: Log;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed?: () => number;
	/** From 0 to 1, spreads what replicas do in the background. */
	random?: () => number;
	/** Waits so many milliseconds, for the end of a deletion and between the writes of a collector. */
	wait?: (ms: number) => Promise<unknown>;
	store?: ObjectStore;
	metrics?: Metrics;
	/** Whether this process looks for what was left behind; of those that serve one port, one does. */
	sweeps?: boolean;
	/** What another process has just found out about the store, and told: it is not tried out again. */
	found?: Found;
	/** Where several processes serve one port. */
	sharedFiles?: SharedFiles;
	/** What signs tokens where the settings have no key; the same for all of those processes. */
	drawnKey?: string;
	/** The buckets that the policy names besides; S3 by the settings where nothing is given. */
	openOldStore?: OpenOldStore;
	/** The registries elsewhere that the policy names; over HTTP where nothing is given. */
	openUpstream?: OpenUpstream;
	/** Where the audit goes with LAYERCACHE_AUDIT_FILE=-. */
	stdout?: Writable;
};

/** Reads the policy, probes the store, marks it, and listens. Throws SettingsInvalid, PolicyInvalid, StoreUnfit, StoreUnavailable, CannotListen. */
export const startApp = async (options: AppOptions): Promise<App> => {
	const {
		settings,
		log,
		clock,
		elapsed = createElapsed(),
		random = Math.random,
		wait = delay,
		store: given,
		metrics = createMetrics({version}),
		sweeps = true,
		found,
		sharedFiles,
		drawnKey,
		stdout = process.stdout,
		openOldStore: openOld = cache => openOldStore(cache, settings, metrics.recordS3Request),
		openUpstream: openElsewhere = (name, upstream) => openUpstream(name, upstream, {clock, elapsed, wait, random, metrics}),
	} = options;
	const [lifetimes, isOpen] = [lifetimesOf(settings), isOpenToAll(settings)];
	const surroundings = {settings, log, metrics};
	const policy = await openPolicy(surroundings, sharedFiles);
	const rules = createRefRules(policy.current);
	const observers = {onRequest: metrics.recordS3Request, memoryObserver: metrics.observerOf('memory')};
	const store = withMeasurements(given ?? createStore(settings, observers), metrics.recordOperation);
	// URLs are signed by the store's clock, which its first answer tells. Where it gives none, what follows says better why.
	const clockKnown = store.now().catch(() => undefined);
	const [abilities, uploads] = await Promise.all([
		found?.abilities ?? openStore(store),
		clockKnown.then(() => trustUploads(store, settings, {log, metrics, elapsed, known: found?.uploads})),
	]);
	if (!found) for (const warning of abilities.warnings) log.warn({warning}, 'store');

	const onRescued = () => metrics.recordCollected({did: 'rescued', objects: 1, bytes: 0});
	const {tombstones, guard} = createTombstonesAndGuard(store, {lifetimes, elapsed, wait, onRescued});
	const holder = `${hostname()} (process ${process.pid})`;
	const composed = composeRegistry(store, {
		...surroundings,
		...{abilities, uploads, rules, clock, elapsed, lifetimes, guard, random, holder},
		policy: policy.current,
		openOldStore: openOld,
		openUpstream: openElsewhere,
		looks: sweeps,
	});
	const witness = {replica: randomUUID(), startedAt: (await clockKnown) ?? new Date(clock()), elapsed};
	const usage = startUsage(store, {
		...witness,
		observer: metrics,
		onFailed: error => log.warn({error}, 'usage not stored; it is kept, and tried again in a minute'),
	});
	const authentication = await openAuthentication(store, {
		...{...surroundings, isOpen, sharedFiles, drawnKey, clock, elapsed},
		policy: policy.current,
	});
	const audit = await openAudit(store, {...surroundings, ...witness, stdout});
	const administration = composeAdministration(store, {
		...{lifetimes, tombstones, guard, clock, elapsed, wait, disk: diskLimits(settings)},
		...collectingEvents({log, metrics}, composed.forget),
		policy: policy.current,
		policyFile: settings.policy,
		collectEveryMs: settings.gcEveryMs,
		holder,
		examine: () => examineServer({settings, store, lifetimesOf, clock}),
		onLetGo({repo, tag, digest, reason, exclusiveBytes: bytes}) {
			log.info({repo, tag, digest, reason, bytes}, 'let go');
			metrics.recordRemoval('tag', 'by hand');
		},
		onProblem: (facts, message) => log.warn(facts, message),
	});
	const operations = withOperationsAudited(withVerificationsCounted(administration.operations, metrics), audit);
	const jobs = createJobs(store, operations, {clock, onFailed: (operation, error) => log.error({operation, error}, 'operation failed')});
	const looking = setInterval(uploads.renewIfDue, looksEveryMs).unref();
	const assertStoreAnswers = createReadiness(store);
	let draining = false;
	const rightsOf = createRights({policy: policy.current, isOpen: authentication.isOpen});
	const gates = createGates({...authentication, rightsOf, audit, settings});
	const koa = createKoaApp({
		registryFor: registryForCallers(composed, {policy: policy.current, rules, elapsed}, surroundings),
		...gates,
		audit,
		explainRef: composed.explainRef,
		administration: createHttpAdministration({...authentication, access: gates.access, operations, jobs, audit, clock, elapsed, version}),
		usage: usage.recorder,
		room: roomOf(settings, metrics),
		async assertReady() {
			if (draining) throw new OciError('UNAVAILABLE', undefined, {message: 'the server is stopping'});
			await assertStoreAnswers();
		},
		isTrusted: isAmong(settings.trustedProxies),
		publicUrl: settings.publicUrl,
		log,
		metrics,
	});
	const listening = await startServer(koa.callback(), {...surroundings, sharedFiles, clock});
	const collects =
		settings.gcEveryMs === undefined
			? []
			: [
					collecting(administration.collector, {
						...{elapsed, log, metrics},
						everyMs: settings.gcEveryMs,
						lastReport: async () => (await administration.collector.reports.read({limit: 1}))[0],
						afterwards: async () =>
							compactUsage(store, await store.now(), {onDamaged: (key, error) => log.warn({key, error}, 'usage not readable')}),
					}),
				];
	const sweeper = startSweeper(sweeps ? [...sweepsOf(store, lifetimes, settings), ...collects] : [], {
		onSwept(what, removed) {
			log.info({what, removed}, 'swept');
			metrics.recordSwept(what, removed);
		},
		onFailed: (what, error) => log.warn({what, error}, 'sweep failed'),
		random,
	});
	return {
		server: listening.server,
		found: {abilities, uploads: uploads.verdict()},
		async reload() {
			audit.reopen();
			await Promise.all([policy.reload(), authentication.reload(), listening.reload()]);
		},
		async stop() {
			draining = true;
			policy.stop();
			authentication.stop();
			sweeper.stop();
			clearInterval(looking);
			await listening.drain(settings.drainSeconds);
			await jobs.stop();
			await Promise.all([usage.stop(), audit.stop()]);
			await composed.close();
			await store.close();
		},
	};
};

const roomOf = ({requestsAtOnce, uploadsAtOnce, downloadsAtOnce}: Settings, {observerOf}: Metrics): Room =>
	createRoom({requests: requestsAtOnce, uploads: uploadsAtOnce, downloads: downloadsAtOnce, observerOf});

/** Proves that the store can be relied on and is ours. */
const openStore = async (store: ObjectStore): Promise<StoreAbilities> => {
	const abilities = await store.probe();
	await openLayout(store);
	return abilities;
};

// A request that began before its upload was over may still be writing; not after so long without a byte.
const sweepsOf = (store: ObjectStore, {longestUploadMs, idleUploadMs: idleMs}: Lifetimes, {auditKeepMs: keepMs}: Settings): Sweep[] => [
	{what: 'unfinished uploads', everyMs: idleMs / 4, run: () => abortAbandonedUploads(store, {idleMs})},
	{what: 'left probes', everyMs: idleMs, run: () => removeLeftProbes(store, {idleMs})},
	{what: 'left chunks', everyMs: idleMs, run: pause => removeLeftChunks(store, {endedMs: longestUploadMs + idleMs, idleMs, pause})},
	...(keepMs === undefined ? [] : [{what: 'old audit', everyMs: sixHoursMs, run: () => removeOldDays(store, {keepMs})}]),
];

const sixHoursMs = 6 * 3_600_000;
