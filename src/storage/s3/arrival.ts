/** Bytes that come into slabs of memory, and are read from there while they come, from the beginning and as often as one likes. */
import {crc32} from 'node:zlib';
import type {SlabLease} from '../../lib/slabs.ts';
import {StoreUnavailable} from '../objectStore.ts';
import {type Content, formatCrc32} from './content.ts';

export type Arrival = Omit<Content, 'size'> & {
	/** Once it is whole its own; before that the most that it can be. */
	size(): number;
	isFull(): boolean;
	/** Whether what is added now is copied. Else it is handed on as it is. */
	isKept(): boolean;
	/** Keeps what there is room for, and answers the rest. Waits for the reader where nothing is kept any more. */
	add(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
	/** That was all. */
	finish(): void;
	/** Nothing is kept any more but what was not read yet: it can be read once, by whoever reads now or first. */
	keepNoMore(): void;
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
	const pieces = createPieces(lease);
	let came = 0;
	let shown = 0;
	let crc = 0;
	let isWhole = false;
	let isKept = true;
	let failure: Error | undefined;
	let news = Promise.withResolvers<void>();
	/** How far whoever reads has come; undefined while nobody does. */
	let read: number | undefined;
	let hasBeenRead = false;

	const tell = () => {
		const {resolve} = news;
		news = Promise.withResolvers();
		resolve();
	};

	const fail = (error: Error) => {
		if (!isWhole) failure ??= error;
		tell();
	};

	const show = () => {
		if (came === limit) return;
		shown = came;
		tell();
	};

	/** Of what comes now, nothing is kept: the reader takes it from the hand that brings it. */
	const pass = async (bytes: Uint8Array): Promise<void> => {
		pieces.append(bytes);
		show();
		while (came < limit && (read ?? 0) < came) {
			if (failure) throw failure;
			await news.promise;
		}
	};

	return {
		size: () => (isWhole ? came : limit),

		async *bytes() {
			if (!isKept && (hasBeenRead || pieces.begin() > 0)) throw notKept();
			hasBeenRead = true;
			let at = 0;
			read = 0;
			try {
				for (;;) {
					if (failure) throw failure;
					if (at < shown) {
						const piece = pieces.at(at, shown);
						at += piece.length;
						yield piece;
						// Asked for more, so it is done with this one.
						read = at;
						if (!isKept) {
							pieces.forget(at);
							tell();
						}
					} else if (isWhole) return;
					else await news.promise;
				}
			} finally {
				read = undefined;
				if (!isKept) fail(notKept());
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
		isKept: () => isKept,

		add(bytes) {
			if (failure) throw failure;
			const taken = bytes.subarray(0, isKept ? Math.min(pieces.room(), limit - came) : limit - came);
			// Now, while these bytes are in the processor's cache.
			if (withSum) crc = crc32(taken, crc);
			came += taken.length;
			const rest = bytes.subarray(taken.length);
			if (!isKept) return pass(taken).then(() => rest);
			pieces.fill(taken);
			if (pieces.isFull()) show();
			return rest;
		},

		finish() {
			isWhole = true;
			shown = came;
			tell();
		},

		keepNoMore() {
			if (isWhole || !isKept) return;
			isKept = false;
			lease.close();
			pieces.forget(read ?? 0);
			// Its reader has failed, and another was to begin when all is there.
			if (read === undefined && hasBeenRead) fail(notKept());
			show();
		},

		giveUp: fail,

		release() {
			failure ??= new Error('these bytes are no longer kept');
			tell();
			lease.release();
		},
	};
};

const notKept = () =>
	new StoreUnavailable('an upload was slow while others waited for its memory, gave it up, and could not be repeated when S3 refused it');

type Piece = {start: number; bytes: Uint8Array; slab?: Buffer};

/** Slabs, and what was never put into one, in the order in which they came. */
const createPieces = (lease: SlabLease) => {
	const pieces: Piece[] = [];
	let end = 0;
	let room = 0;
	return {
		begin: () => pieces[0]?.start ?? end,
		/** Of the last slab, or a new one. */
		room() {
			if (room > 0) return room;
			const slab = lease.take();
			room = slab.length;
			pieces.push({start: end, bytes: slab.subarray(0, 0), slab});
			return room;
		},
		isFull: () => room === 0,
		fill(bytes: Uint8Array) {
			const last = pieces.at(-1) as Piece & {slab: Buffer};
			last.slab.set(bytes, last.slab.length - room);
			room -= bytes.length;
			end += bytes.length;
			last.bytes = last.slab.subarray(0, last.slab.length - room);
		},
		append(bytes: Uint8Array) {
			pieces.push({start: end, bytes});
			end += bytes.length;
		},
		/** What is there from `start` on, in one piece, and up to `shown` at most. */
		at(start: number, shown: number): Uint8Array {
			const piece = pieces.find(({start: first, bytes}) => start < first + bytes.length) as Piece;
			return piece.bytes.subarray(start - piece.start, Math.min(piece.bytes.length, shown - piece.start));
		},
		/** All that lies before `position`. */
		forget(position: number) {
			for (let first = pieces[0]; first && first.start + first.bytes.length <= position && first.bytes.length > 0; first = pieces[0]) {
				pieces.shift();
				if (first.slab) lease.drop(first.slab);
			}
		},
	};
};
