/** A growing list of whole numbers below 2^32, four bytes each, that leaves nothing behind as it grows. */
export type NumberList = {
	add(number: number): void;
	count(): number;
	at(index: number): number;
	/** A view, which holds until the next one is added. */
	between(from: number, to: number): Uint32Array;
};

export const createNumberList = (): NumberList => {
	let numbers = new Uint32Array(firstNumbers);
	let count = 0;
	return {
		add(number) {
			// The old bytes are moved or freed at once, which V8 would do when it looks.
			if (count === numbers.length) numbers = new Uint32Array(numbers.buffer.transfer(numbers.byteLength * 2));
			numbers[count++] = number;
		},
		count: () => count,
		at: index => numbers[index] as number,
		between: (from, to) => numbers.subarray(from, to),
	};
};

const firstNumbers = 256;
