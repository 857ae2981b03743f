/** The registry that is kept in a store keeps the contract of every registry, on disk. */
import {setTimeout as delay} from 'node:timers/promises';
import {createDiskStore} from '../../src/storage/disk.ts';
import {usualLifetimes} from '../support/guard.ts';
import {storedRegistryOn} from '../support/registries.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {registryContract} from './registry.ts';

registryContract({
	async createRegistry(t) {
		const store = createDiskStore({path: await temporaryFolder(t)});
		t.teardown(() => store.close());
		// Its clock is the machine's: whoever pushes what was just deleted waits for the end of the deletion.
		const lifetimes = {...usualLifetimes, deleteWindowMs: 2000, deleteSlackMs: 100};
		return storedRegistryOn(store, {wait: ms => delay(ms), lifetimes});
	},
});
