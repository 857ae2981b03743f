/** The guard of a store by usual lifetimes, for tests in which nothing is condemned. */
import {createGuard, type Guard} from '../../src/registry/guard.ts';
import {createLifetimes} from '../../src/registry/lifetimes.ts';
import {createTombstones} from '../../src/registry/tombstones.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';

const dayMs = 24 * 3_600_000;

export const usualLifetimes = createLifetimes({graceMs: 3 * dayMs, quarantineMs: 3 * dayMs, indexMs: 0});

export const guardOf = (store: ObjectStore): Guard => {
	const options = {lifetimes: usualLifetimes, elapsed: () => performance.now(), wait: async () => undefined};
	return createGuard(store, createTombstones(store, options), options);
};
