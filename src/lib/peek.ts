/** A stream whose beginning is known before it is handed on. */

/** Waits for the first bytes of `body`. `all` is the whole of it, those included; it can be read once. */
export const peek = async (body: AsyncIterable<Uint8Array>): Promise<{isEmpty: boolean; all: AsyncIterable<Uint8Array>}> => {
	const iterator = body[Symbol.asyncIterator]();
	let first = await iterator.next();
	while (!first.done && first.value.length === 0) first = await iterator.next();
	return {isEmpty: first.done === true, all: resumed(first, iterator)};
};

/** Not a generator: a layer comes in thousands of pieces, and each would pass through it. */
const resumed = (first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> => {
	let held: IteratorResult<Uint8Array> | undefined = first;
	const iterator: AsyncIterator<Uint8Array> = {
		next() {
			if (!held) return rest.next();
			const result = held;
			// The end stays one, however often it is asked for.
			if (!result.done) held = undefined;
			return Promise.resolve(result);
		},
		async return(value) {
			await rest.return?.();
			return {done: true, value};
		},
	};
	return {[Symbol.asyncIterator]: () => iterator};
};
