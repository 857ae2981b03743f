/** Who collects now: a document that is renewed while its holder lives. Two holders do no harm, they only do the same work twice. */
import {z} from 'zod';
import {readDocument, type StoredDocument, writeDocument} from '../registry/documents.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {gcKeys} from './gcKeys.ts';

export type LeaseState = {holder: string; renewedAt: Date; expired: boolean};

export type Lease = {
	/** Renews it when it is time. Throws LeaseLost when somebody else has taken it. */
	keep(): Promise<void>;
	release(): Promise<void>;
};

/** Somebody else collects: this cycle ends where it is. */
export class LeaseLost extends Error {
	override readonly name = 'LeaseLost';
}

export const readLease = async (store: ObjectStore, leaseMs: number): Promise<LeaseState | undefined> => {
	const found = await readDocument(store, gcKeys.lease, leaseSchema);
	if (!found || found.value.released) return undefined;
	return {holder: found.value.holder, renewedAt: renewedAtOf(found), expired: isExpired(found, leaseMs)};
};

export type LeaseOptions = {
	/** A name for people. */
	holder: string;
	leaseMs: number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

/** Undefined where somebody else holds it. */
export const takeLease = async (store: ObjectStore, {holder, leaseMs, elapsed}: LeaseOptions): Promise<Lease | undefined> => {
	const write = (released: boolean, over: StoredDocument<LeaseDocument> | undefined) =>
		writeDocument(store, gcKeys.lease, leaseSchema, {holder, released}, over?.etag);

	const found = await readDocument(store, gcKeys.lease, leaseSchema);
	if (found && !found.value.released && !isExpired(found, leaseMs)) return undefined;
	const taken = await write(false, found);
	if (!taken) return undefined;
	let held = taken;
	let renewedAt = elapsed();
	let renewal: Promise<void> | undefined;

	const renew = async () => {
		const renewed = await write(false, held);
		if (!renewed) throw new LeaseLost('another server has taken over the collection');
		held = renewed;
		renewedAt = elapsed();
	};

	return {
		async keep() {
			if (elapsed() - renewedAt < leaseMs / 3) return;
			// Many ask at once, and only one of their swaps would be the first.
			renewal ??= renew().finally(() => {
				renewal = undefined;
			});
			await renewal;
		},
		async release() {
			await write(true, held);
		},
	};
};

const leaseSchema = z.object({holder: z.string(), released: z.boolean()});
type LeaseDocument = z.infer<typeof leaseSchema>;

const renewedAtOf = ({modified, answeredAt}: StoredDocument<LeaseDocument>) => modified ?? answeredAt;
const isExpired = (found: StoredDocument<LeaseDocument>, leaseMs: number) =>
	found.answeredAt.getTime() - renewedAtOf(found).getTime() > leaseMs;
