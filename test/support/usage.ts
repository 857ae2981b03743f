/** What is written down of the use of a registry, read as retention and the reports do. */
import type {ExecutionContext} from 'ava';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {createUsageReader} from '../../src/usage/reader.ts';

/** A reader that looks each time. A document that cannot be read fails the test. */
export const readUsage = (t: ExecutionContext, store: ObjectStore, clock: () => number = Date.now) =>
	createUsageReader(store, {
		clock,
		elapsed: () => 0,
		lifetimeMs: 0,
		onDamaged: (key, error) => t.fail(`${key} cannot be read: ${error}`),
	});
