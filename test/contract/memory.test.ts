/** The memory store keeps the contract. */
import {createMemoryStore} from '../../src/storage/memory.ts';
import {objectStoreContract} from './objectStore.ts';

objectStoreContract({createStore: async () => createMemoryStore(), partBytes: 256 * 1024, givesBack: false});
