/** Registries for tests: the one that is kept in a store, and another one spoken to over HTTP. */
import {toleratesMissingLayer} from '../../src/cache/cacheDocument.ts';
import {createElapsed} from '../../src/lib/elapsed.ts';
import {createTombstonesAndGuard} from '../../src/registry/guard.ts';
import type {Lifetimes} from '../../src/registry/lifetimes.ts';
import type {Registry} from '../../src/registry/registry.ts';
import {createStoredRegistry} from '../../src/registry/storedRegistry.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {createRemoteRegistry} from '../../src/upstream/remoteRegistry.ts';
import type {RemoteOptions, RemoteRegistry} from '../../src/upstream/upstream.ts';
import {usualLifetimes} from './guard.ts';

type Scope = {teardown(act: () => Promise<void>): void};

/** `wait`: so many milliseconds, for the end of a deletion; the store's clock has to follow. */
export const storedRegistryOn = (
	store: ObjectStore,
	{wait, lifetimes = usualLifetimes}: {wait: (ms: number) => Promise<unknown>; lifetimes?: Lifetimes},
): Registry => {
	const elapsed = createElapsed();
	const {guard} = createTombstonesAndGuard(store, {lifetimes, elapsed, wait, onRescued: () => undefined});
	const toleratesMissing = toleratesMissingLayer;
	return createStoredRegistry(store, {clock: Date.now, elapsed, urlLifeSeconds: 60, lifetimes, guard, toleratesMissing});
};

/** Nobody waits: what is refused for a passing reason is asked again at once. */
export const remoteRegistryAt = (t: Scope, url: string, options: Partial<RemoteOptions> = {}): RemoteRegistry => {
	const registry = createRemoteRegistry({
		origin: new URL(url),
		userAgent: 'layercache/test',
		clock: Date.now,
		elapsed: () => performance.now(),
		wait: async () => undefined,
		random: Math.random,
		...options,
	});
	t.teardown(registry.close);
	return registry;
};
