/** The registry that is kept in a store keeps the contract of every registry, in memory. */
import {createMemoryStore} from '../../src/storage/memory.ts';
import {storedRegistryOn} from '../support/registries.ts';
import {registryContract} from './registry.ts';

registryContract({
	async createRegistry() {
		let skippedMs = 0;
		const store = createMemoryStore({now: () => new Date(Date.now() + skippedMs)});
		return storedRegistryOn(store, {
			async wait(ms) {
				skippedMs += ms;
			},
		});
	},
});
