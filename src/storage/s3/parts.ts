/** A stream cut into parts, each gathered in memory that all streams share. While that is used up, the stream is not read. */
import {crc32} from 'node:zlib';
import {LengthMismatch} from '../../lib/exactLength.ts';
import type {SlabLease, Slabs} from '../../lib/slabs.ts';
import {unlessStalled} from '../../lib/unlessStalled.ts';
import {StoreUnavailable} from '../objectStore.ts';
import {type Content, formatCrc32} from './objects.ts';

/** Its bytes in pieces, which can be read again and again until whoever took the part releases it. */
export type Part = Content & {isLast: boolean; release(): void};

export type Cutting = {
	/** Of the whole, where it is known: a stream of another length fails with LengthMismatch. */
	size: number | undefined;
	/** How long part `number`, from 1, may be at most. */
	sizeOf: (number: number) => number;
	slabs: Slabs;
	/** So long a stream may stand still in the middle of a part, while others wait for memory. */
	stallSeconds: number;
	/** Whether S3 is to check the CRC of the parts. */
	withSums: boolean;
};

/**
 * A part is given out when the byte after it has come, or the end: so it is known of each whether it is the last. No lease is held while
 * another is waited for, except by parts that were given out. A stream that stands still is given up with StoreUnavailable.
 */
export async function* inParts(
	body: AsyncIterable<Uint8Array>,
	{size, sizeOf, slabs, stallSeconds, withSums}: Cutting,
): AsyncGenerator<Part> {
	let part: Gathering | undefined;
	let number = 1;
	let seen = 0;
	const patient = unlessStalled(body, {
		seconds: stallSeconds,
		hurts: () => part !== undefined && slabs.isWanted(),
		error: () => new StoreUnavailable(`an upload stood still for ${stallSeconds} s while others waited for its memory, and was given up`),
	});
	try {
		for await (const chunk of patient) {
			seen += chunk.length;
			if (size !== undefined && seen > size) throw new LengthMismatch(size, seen);
			for (let rest = chunk; rest.length > 0; ) {
				if (part?.isFull()) {
					const full = part;
					part = undefined;
					yield full.finish(false);
					number += 1;
				}
				if (!part) {
					const partBytes = slabs.capacity(sizeOf(number));
					part = gather(await slabs.lease(partBytes), partBytes, withSums);
				}
				rest = part.add(rest);
			}
		}
		if (size !== undefined && seen !== size) throw new LengthMismatch(size, seen);
		const last = part;
		part = undefined;
		yield last ? last.finish(true) : {pieces: [], size: 0, isLast: true, release() {}};
	} finally {
		part?.release();
	}
}

type Gathering = ReturnType<typeof gather>;

const gather = (lease: SlabLease, limit: number, withSum: boolean) => {
	const slabs: Buffer[] = [];
	let size = 0;
	let room = 0;
	let crc = 0;
	return {
		isFull: () => size === limit,
		/** Copies what fits, and answers the rest. */
		add(bytes: Uint8Array): Uint8Array {
			if (room === 0) {
				const slab = lease.take();
				slabs.push(slab);
				room = slab.length;
			}
			const slab = slabs.at(-1) as Buffer;
			const taken = bytes.subarray(0, Math.min(room, limit - size));
			slab.set(taken, slab.length - room);
			// Now, while these bytes are in the processor's cache.
			if (withSum) crc = crc32(taken, crc);
			room -= taken.length;
			size += taken.length;
			return bytes.subarray(taken.length);
		},
		finish(isLast: boolean): Part {
			const pieces = slabs.map((slab, at) => (at === slabs.length - 1 ? slab.subarray(0, slab.length - room) : slab));
			return {pieces, size, ...(withSum && {crc32: formatCrc32(crc)}), isLast, release: lease.release};
		},
		release: lease.release,
	};
};
