/** What the registry relies on, tried out on a store before it is used. Each proof throws StoreUnfit with what is missing. */
import {randomUUID} from 'node:crypto';
import {type Bytes, type ObjectFacts, type ObjectStore, PreconditionFailed, StoreUnfit} from './objectStore.ts';

/** Where a store is tried out, as it sees its keys. */
export const probeFolder = '_probe/';

const writers = 8;

/** Conditional writes: of several at once exactly one wins, and whoever holds an old ETag loses. */
export const proveConditions = async (store: ObjectStore, key: string): Promise<void> => {
	const created = await race(body => store.write(key, body, {ifAbsent: true}));
	const [first] = created;
	if (!first || created.length !== 1) throw new StoreUnfit(`${lacks} "write only if absent" (If-None-Match: *): ${won(created)}`);
	const replaced = await race(body => store.write(key, body, {ifMatch: first.etag}));
	if (replaced.length !== 1) throw new StoreUnfit(`${lacks} "write only if unchanged" (If-Match): ${won(replaced)}`);
};

/** An upload that breaks off leaves nothing behind. */
export const proveCutUpload = async (store: ObjectStore, key: string): Promise<void> => {
	const cut = new Error('cut');
	const body = async function* (): Bytes {
		yield Buffer.from('half of it');
		throw cut;
	};
	await store.upload(key, body(), {size: 20}).catch(error => {
		if (error !== cut) throw error;
	});
	if (await store.stat(key))
		throw new StoreUnfit('the store keeps what arrived of an upload that broke off: partial blobs would be served');
};

/** A removal that comes too late does nothing; one in time removes. */
export const proveExpiringRemoval = async (store: ObjectStore, key: string): Promise<void> => {
	await store.write(key, Buffer.from('x'));
	const now = (await store.now()).getTime();
	await store.removeUntil(key, new Date(now - 60_000));
	if (!(await store.stat(key)))
		throw new StoreUnfit('the store obeys a removal that has expired: collected blobs could vanish after they were pushed again');
	await store.removeUntil(key, new Date(now + 60_000));
	if (await store.stat(key)) throw new StoreUnfit('the store does not obey a removal that expires: nothing could ever be collected');
};

const lacks = 'the store does not keep the promise of';

const won = (winners: readonly unknown[]) => `${winners.length} of ${writers} writers at once were told that they had won, instead of one`;

const race = async (write: (body: Uint8Array) => Promise<ObjectFacts>) => {
	// All bodies differ, from those of other races too: equal bytes have equal ETags, and then two may rightly win.
	const attempts = Array.from({length: writers}, () => write(Buffer.from(randomUUID())));
	const winners: ObjectFacts[] = [];
	for (const result of await Promise.allSettled(attempts)) {
		if (result.status === 'fulfilled') winners.push(result.value);
		else if (!(result.reason instanceof PreconditionFailed)) throw result.reason;
	}
	return winners;
};
