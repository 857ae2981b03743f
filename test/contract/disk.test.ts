/** The disk store keeps the contract. */
import {createDiskStore} from '../../src/storage/disk.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {objectStoreContract} from './objectStore.ts';

objectStoreContract({
	async createStore(t) {
		const store = createDiskStore({path: await temporaryFolder(t)});
		t.teardown(() => store.close());
		return store;
	},
	partBytes: 256 * 1024,
});
