/** Bytes that come into slabs of memory, and are read from there while they come, from the beginning and as often as one likes. */
import {crc32} from 'node:zlib';
import type {SlabLease} from '../../lib/slabs.ts';
import {type Content, formatCrc32} from './content.ts';

export type Arrival = Content & {
	isFull(): boolean;
	/** Keeps what there is room for, and answers the rest. */
	add(bytes: Uint8Array): Uint8Array;
	/** That was all. */
	finish(): void;
	/** No more will come: whoever reads, waits or adds gets this error, unless all is there. */
	giveUp(error: Error): void;
	/** The memory goes back, and nobody reads there any more. */
	release(): void;
};

/**
 * `lease` has room for `limit` bytes; only what is shorter in the end has another size than that. Readers get slab after slab, each when it
 * is full: small pieces cost everyone more. The last one they get when all is finished, not before: so nobody has read the whole of what
 * turns out to be wrong at its end.
 */
export const createArrival = (lease: SlabLease, limit: number, {withSum}: {withSum: boolean}): Arrival => {
	const slabs: Buffer[] = [];
	let came = 0;
	let room = 0;
	let shown = 0;
	let crc = 0;
	let isWhole = false;
	let failure: Error | undefined;
	let news = Promise.withResolvers<void>();

	const tell = () => {
		const {resolve} = news;
		news = Promise.withResolvers();
		resolve();
	};

	const pieceAt = (start: number) => {
		const slabBytes = (slabs[0] as Buffer).length;
		const slab = slabs[Math.floor(start / slabBytes)] as Buffer;
		const offset = start % slabBytes;
		return slab.subarray(offset, Math.min(slabBytes, offset + shown - start));
	};

	return {
		get size() {
			return isWhole ? came : limit;
		},

		async *bytes() {
			for (let read = 0; ; ) {
				if (failure) throw failure;
				if (read < shown) {
					const piece = pieceAt(read);
					read += piece.length;
					yield piece;
				} else if (isWhole) return;
				else await news.promise;
			}
		},

		isWhole: () => isWhole,

		async whole() {
			while (!isWhole) {
				if (failure) throw failure;
				await news.promise;
			}
		},

		crc32: () => (isWhole && withSum ? formatCrc32(crc) : undefined),

		isFull: () => came === limit,

		add(bytes) {
			if (failure) throw failure;
			if (room === 0) {
				const slab = lease.take();
				slabs.push(slab);
				room = slab.length;
			}
			const slab = slabs.at(-1) as Buffer;
			const taken = bytes.subarray(0, Math.min(room, limit - came));
			slab.set(taken, slab.length - room);
			// Now, while these bytes are in the processor's cache.
			if (withSum) crc = crc32(taken, crc);
			room -= taken.length;
			came += taken.length;
			if (room === 0 && came < limit) {
				shown = came;
				tell();
			}
			return bytes.subarray(taken.length);
		},

		finish() {
			isWhole = true;
			shown = came;
			tell();
		},

		giveUp(error) {
			if (!isWhole) failure ??= error;
			tell();
		},

		release() {
			failure ??= new Error('these bytes are no longer kept');
			tell();
			lease.release();
		},
	};
};
