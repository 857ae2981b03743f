/** A stream whose beginning is known before it is handed on. */

/** Waits for the first bytes of `body`. `all` is the whole of it, those included; it can be read once. */
export const peek = async (body: AsyncIterable<Uint8Array>): Promise<{isEmpty: boolean; all: AsyncIterable<Uint8Array>}> => {
	const iterator = body[Symbol.asyncIterator]();
	let first = await iterator.next();
	while (!first.done && first.value.length === 0) first = await iterator.next();
	return {isEmpty: first.done === true, all: resumed(first, iterator)};
};

async function* resumed(first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
	try {
		for (let next = first; !next.done; next = await rest.next()) yield next.value;
	} finally {
		await rest.return?.();
	}
}
