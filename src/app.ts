/** The composition root: settings become a store, a registry and a server. */
import {setTimeout as delay} from 'node:timers/promises';
import {OciError} from 'oci-spec-types';
import {toleratesMissingLayer} from './cache/cacheManifest.ts';
import type {Settings} from './config/settings.ts';
import {trustedProxies} from './http/client.ts';
import {createKoaApp} from './http/koaApp.ts';
import {type HttpServer, listen} from './http/server.ts';
import {openLayout} from './registry/layout.ts';
import type {Registry} from './registry/registry.ts';
import {createStoredRegistry} from './registry/storedRegistry.ts';
import {withoutRedirects} from './registry/withoutRedirects.ts';
import {createDiskStore} from './storage/disk.ts';
import {withMeasurements} from './storage/instrumented.ts';
import {createMemoryStore} from './storage/memory.ts';
import {type ObjectStore, type StoreAbilities, StoreUnavailable} from './storage/objectStore.ts';
import {createS3Store} from './storage/s3/s3Store.ts';
import type {S3Request} from './storage/s3/settings.ts';
import type {Log} from './telemetry/log.ts';
import {createMetrics} from './telemetry/metrics.ts';
import {version} from './version.ts';

export type App = {
	server: HttpServer;
	/** Lets requests under way end, then closes the store. */
	stop(): Promise<void>;
};

/** `clock`: milliseconds since 1970. */
export type AppOptions = {settings: Settings; log: Log; clock: () => number; store?: ObjectStore};

/** Probes the store, marks it, and listens. Throws StoreUnfit, StoreUnavailable, CannotListen. */
export const startApp = async ({settings, log, clock, store: given}: AppOptions): Promise<App> => {
	const metrics = createMetrics({version});
	const store = withMeasurements(given ?? createStore(settings, metrics.recordS3Request), metrics.recordOperation);
	const abilities = await openStore(store);
	for (const warning of abilities.warnings) log.warn({warning}, 'store');

	const registry = createRegistry(store, settings, abilities, clock);
	let draining = false;
	const koa = createKoaApp({
		registryFor: () => registry,
		async assertReady() {
			if (draining) throw new OciError('UNAVAILABLE', undefined, {message: 'the server is stopping'});
			await answersInTime(store);
		},
		isTrusted: trustedProxies(settings.trustedProxies),
		publicUrl: settings.publicUrl,
		log,
		metrics,
	});
	const server = await listen(koa.callback(), settings);
	return {
		server,
		async stop() {
			draining = true;
			await server.drain(settings.drainSeconds);
			await store.close();
		},
	};
};

/** A probe that hangs tells its caller nothing. */
const answersInTime = async (store: ObjectStore) => {
	const late = delay(readyWithinMs, undefined, {ref: false}).then(() => {
		throw new StoreUnavailable(`the store did not answer within ${readyWithinMs / 1000} s`);
	});
	await Promise.race([store.now(), late]);
};

const readyWithinMs = 5000;

/** Proves that the store can be relied on and is ours. */
const openStore = async (store: ObjectStore): Promise<StoreAbilities> => {
	const abilities = await store.probe();
	await openLayout(store);
	return abilities;
};

/** The store that the settings name; nothing is asked of it yet. `onRequest` hears of each request to S3. */
export const createStore = (settings: Settings, onRequest?: (request: S3Request) => void): ObjectStore => {
	switch (settings.store) {
		case 'memory':
			return createMemoryStore();
		case 'disk':
			return createDiskStore({path: settings.diskPath});
		case 's3':
			return createS3Store({
				// parseSettings lets no `s3` without a bucket through.
				bucket: settings.s3Bucket as string,
				prefix: settings.s3Prefix,
				region: settings.s3Region,
				endpoint: settings.s3Endpoint,
				forcePathStyle: settings.s3ForcePathStyle ?? settings.s3Endpoint !== undefined,
				publicEndpoint: settings.s3PublicEndpoint,
				onRequest,
			});
	}
};

// No upload takes longer, so what is older was given up (design: the quarantines exceed it).
const longestUploadMs = 48 * 3_600_000;

const createRegistry = (store: ObjectStore, settings: Settings, abilities: StoreAbilities, clock: () => number): Registry => {
	const stored = createStoredRegistry(store, {
		clock,
		urlLifeSeconds: settings.urlLifeSeconds,
		longestUploadMs,
		toleratesMissing: toleratesMissingLayer,
	});
	return settings.redirectDownloads === 'never' || !abilities.presignedGet ? withoutRedirects(stored) : stored;
};
