/** A stream cut into parts, each in memory that all streams share. While that is used up, the stream is not read. */
import {LengthMismatch} from '../../lib/exactLength.ts';
import {createMetered} from '../../lib/metered.ts';
import type {Slabs} from '../../lib/slabs.ts';
import {spend} from '../../lib/spent.ts';
import {StoreUnavailable} from '../objectStore.ts';
import {type Arrival, createArrival} from './arrival.ts';
import {type Content, contentOf} from './content.ts';

/** Kept until whoever took the part releases it; who wants no more of a part that still comes, gives it up first. */
export type Part = Content & {isLast: boolean} & Pick<Arrival, 'giveUp' | 'release'>;

/** Fewer bytes a second than this, over so many seconds. */
export type SlowStream = {seconds: number; leastPerSecond: number};

export type Cutting = {
	/** Of the whole, where it is known: a stream of another length fails with LengthMismatch. */
	size: number | undefined;
	/** How long part `number`, from 1, may be at most. */
	sizeOf: (number: number) => number;
	slabs: Slabs;
	/** So many parts are out at once, until they are released. */
	atOnce: number;
	/** In whose name memory is taken. */
	sender: string;
	/** The pieces of the stream are ours: their memory goes back once they are copied. */
	isGiven: boolean;
	/** Whether parts are sent while they come. What comes slowly then need not be kept while others wait for memory. */
	sentComing: boolean;
	/** What is too slow to keep its memory while others wait. */
	slow: SlowStream;
	/** Whether S3 is to check the CRC of the parts. */
	withSums: boolean;
};

/**
 * Where the length is known, a part is given out with its first bytes, and the others come while the next part is asked for. Else it is given
 * out when the byte after it has come, or the end: so it is known of each how long it is, and whether it is the last. The last part is
 * whole only when the stream has ended as it should. No lease is held while another is waited for, except by parts that were given
 * out and are whole. A stream that is slow while others wait loses the memory of the part that comes: where that is sent while it comes, it
 * goes on without; else it is given up with StoreUnavailable.
 */
export async function* inParts(
	body: AsyncIterable<Uint8Array>,
	{size, sizeOf, slabs, atOnce, sender, isGiven, sentComing, slow, withSums}: Cutting,
): AsyncGenerator<Part> {
	const places = createPlaces(atOnce);
	let coming: Arrival | undefined;
	let number = 0;
	let seen = 0;
	let begun = 0;
	const metered = createMetered(body, {windowMs: slow.seconds * 1000, leastPerSecond: slow.leastPerSecond});
	/** Of the part that comes; one that is whole needs its memory until S3 has it. */
	const giveWay = () => {
		if (sentComing) return coming?.keepNoMore();
		const rate = `${slow.leastPerSecond} bytes a second`;
		metered.giveUp(new StoreUnavailable(`an upload brought less than ${rate} while others waited for its memory, and was given up`));
	};
	const begin = async () => {
		number += 1;
		await places.free();
		const limit = slabs.capacity(Math.min(sizeOf(number), size === undefined ? Number.POSITIVE_INFINITY : size - begun));
		begun += limit;
		const mine = number;
		const isSlow = () => mine === number && coming !== undefined && metered.isSlow();
		const lease = await slabs.lease(limit, {name: sender, isSlow, giveWay});
		return createArrival(lease, limit, {withSum: withSums});
	};
	let isOut = false;
	try {
		// Whoever brings a stream has seen its beginning: it is left where it is until there is memory for it.
		if (size !== undefined && size > 0) coming = await begin();
		for await (const chunk of metered) {
			seen += chunk.length;
			if (size !== undefined && seen > size) throw new LengthMismatch(size, seen);
			let isCopied = true;
			for (let rest = chunk; rest.length > 0; ) {
				if (size === undefined && coming?.isFull()) {
					coming.finish();
					const full = coming;
					coming = undefined;
					yield places.take(full, false);
				}
				coming ??= await begin();
				isCopied &&= coming.isKept();
				rest = await coming.add(rest);
				if (!isOut && size !== undefined) {
					isOut = true;
					yield places.take(coming, begun === size);
				}
				if (coming.isFull() && size !== undefined && begun < size) {
					coming.finish();
					coming = undefined;
					isOut = false;
				}
			}
			if (isGiven && isCopied) spend(chunk);
		}
		if (size !== undefined && seen !== size) throw new LengthMismatch(size, seen);
		coming?.finish();
		const last = coming;
		coming = undefined;
		if (seen === 0) yield {...contentOf(new Uint8Array()), isLast: true, giveUp() {}, release() {}};
		else if (last && size === undefined) yield places.take(last, true);
	} finally {
		// What is out is in the hands of whoever took it.
		if (!isOut) coming?.release();
	}
}

const createPlaces = (count: number) => {
	let taken = 0;
	let left = Promise.withResolvers<void>();
	return {
		async free() {
			while (taken >= count) await left.promise;
		},

		take(arrival: Arrival, isLast: boolean): Part {
			taken += 1;
			let isOut = true;
			const release = () => {
				if (!isOut) return;
				isOut = false;
				taken -= 1;
				left.resolve();
				left = Promise.withResolvers();
				arrival.release();
			};
			return {...arrival, size: arrival.size(), isLast, release};
		},
	};
};
