/** A stream that its reader can leave at any moment, also in the middle of waiting for the next chunk: a generator could not. */
export type Destroyable = AsyncIterable<Uint8Array> & {destroy(): void};

export const createDestroyable = (next: () => Promise<IteratorResult<Uint8Array>>, destroy: () => void): Destroyable => {
	const iterator: AsyncIterator<Uint8Array> = {
		next,
		async return() {
			destroy();
			return {done: true, value: undefined};
		},
	};
	return {[Symbol.asyncIterator]: () => iterator, destroy};
};
