/**
 * Memory in slabs of one size, lent in turn and used again: so that a busy process needs no more than it was given, however late its garbage
 * is collected. Who holds a lease must be able to go on without a further one.
 */
import {type Borrower, createLender, type LenderOptions} from './lender.ts';

export type SlabLease = {
	/** One more slab of the lease. Its bytes are whatever they were. */
	take(): Buffer;
	/** No more slabs are taken: those that are left go back. */
	close(): void;
	/** A slab goes back that was taken, though somebody may still read there: it is not used again. */
	drop(slab: Buffer): void;
	/** All slabs go back. */
	release(): void;
};

export type Slabs = {
	/** Waits until there is so much. Whoever asks for more than there is in all gets all of it. */
	lease(bytes: number, borrower: Borrower): Promise<SlabLease>;
	/** What a lease of so much can hold. */
	capacity(bytes: number): number;
	/** How many bytes are lent. */
	lent(): number;
};

export type SlabsOptions = {slabBytes: number; totalBytes: number} & Pick<LenderOptions, 'observer' | 'repeat'>;

export const createSlabs = ({slabBytes, totalBytes, ...options}: SlabsOptions): Slabs => {
	const total = Math.max(1, Math.floor(totalBytes / slabBytes));
	const lender = createLender({...options, total});
	const unused: Buffer[] = [];

	const countFor = (bytes: number) => Math.min(total, Math.ceil(bytes / slabBytes));

	return {
		capacity: bytes => Math.min(bytes, countFor(bytes) * slabBytes),

		async lease(bytes, borrower) {
			let left = countFor(bytes);
			const loan = await lender.borrow(left, borrower);
			const taken = new Set<Buffer>();
			return {
				take() {
					if (left === 0) throw new RangeError('the lease has no slab left');
					left -= 1;
					const slab = unused.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
					taken.add(slab);
					return slab;
				},
				close() {
					const rest = left;
					left = 0;
					loan.reduce(rest);
				},
				drop(slab) {
					if (taken.delete(slab)) loan.reduce(1);
				},
				release() {
					left = 0;
					unused.push(...taken);
					taken.clear();
					loan.release();
				},
			};
		},

		lent: () => lender.lent() * slabBytes,
	};
};
