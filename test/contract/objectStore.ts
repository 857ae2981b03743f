/** The contract of every store: each sentence of `src/storage/objectStore.ts` as tests. A store's test file calls this with a way to make one. */
import type {ExecutionContext} from 'ava';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {copyingContract} from './objectStore/copying.ts';
import {documentContract} from './objectStore/documents.ts';
import {keyContract} from './objectStore/keys.ts';
import {listingContract} from './objectStore/listing.ts';
import {readingContract} from './objectStore/reading.ts';
import {removingContract} from './objectStore/removing.ts';
import {uploadContract} from './objectStore/uploads.ts';

export type StoreUnderTest = {
	/** A new, empty store, torn down with the test. */
	createStore(t: ExecutionContext): Promise<ObjectStore>;
	/** Bodies longer than this are stored in several parts. */
	partBytes: number;
	/** Whether it gives the memory of pieces back that were given away; one that keeps them cannot. */
	givesBack?: boolean;
	/** What this server is known not to do; those tests are skipped. Give the reason where it is set. */
	cannot?: readonly Incapability[];
};

export type Incapability =
	/** Keys that are the beginning of other keys: `a` beside `a/b`. */
	| 'keys below keys'
	/** Parts such as `.`, `..` and empty ones. */
	| 'odd parts'
	/** Parts longer than 255 bytes. */
	| 'long parts';

export const objectStoreContract = (store: StoreUnderTest): void => {
	documentContract(store);
	keyContract(store);
	readingContract(store);
	uploadContract(store);
	listingContract(store);
	removingContract(store);
	copyingContract(store);
};
