/**
 * Memory in slabs of one size, lent in turn and used again: so that a busy process needs no more than it was given, however late its garbage
 * is collected. First come, first served, so that nobody starves; who holds a lease must be able to go on without a further one.
 */
export type SlabLease = {
	/** One more slab of the lease. Its bytes are whatever they were. */
	take(): Buffer;
	/** All slabs go back. */
	release(): void;
};

export type Slabs = {
	/** Waits until there is so much. Whoever asks for more than there is in all gets all of it. */
	lease(bytes: number): Promise<SlabLease>;
	/** Whether someone waits for what others hold. */
	isWanted(): boolean;
	/** What a lease of so much can hold. */
	capacity(bytes: number): number;
};

export const createSlabs = ({slabBytes, totalBytes}: {slabBytes: number; totalBytes: number}): Slabs => {
	const total = Math.max(1, Math.floor(totalBytes / slabBytes));
	const waiting: {count: number; grant(): void}[] = [];
	const unused: Buffer[] = [];
	let free = total;

	const countFor = (bytes: number) => Math.min(total, Math.ceil(bytes / slabBytes));

	const serve = () => {
		for (let first = waiting[0]; first && first.count <= free; first = waiting[0]) {
			waiting.shift();
			free -= first.count;
			first.grant();
		}
	};

	const leaseOf = (count: number): SlabLease => {
		const taken: Buffer[] = [];
		let isHeld = true;
		return {
			take() {
				if (!isHeld || taken.length === count) throw new RangeError('the lease has no slab left');
				const slab = unused.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
				taken.push(slab);
				return slab;
			},
			release() {
				if (!isHeld) return;
				isHeld = false;
				unused.push(...taken);
				free += count;
				serve();
			},
		};
	};

	return {
		isWanted: () => waiting.length > 0,

		capacity: bytes => Math.min(bytes, countFor(bytes) * slabBytes),

		lease(bytes) {
			const count = countFor(bytes);
			return new Promise(resolve => {
				waiting.push({count, grant: () => resolve(leaseOf(count))});
				serve();
			});
		},
	};
};
