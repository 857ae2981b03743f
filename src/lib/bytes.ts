/** Streams of bytes, gathered. */

export class TooLarge extends Error {
	override readonly name = 'TooLarge';
}

/**
 * All the bytes of a stream. Throws TooLarge as soon as there are more than `limit`. In however many pieces they come, no more than twice as many are
 * held: a piece of one byte that is kept takes more than a hundred.
 */
export const readAtMost = async (body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> => {
	let held: Uint8Array = Buffer.alloc(0);
	let size = 0;
	for await (const chunk of body) {
		const before = size;
		size += chunk.length;
		if (size > limit) throw new TooLarge(`more than ${limit} bytes`);
		// Most come in one piece.
		if (before === 0) held = chunk;
		else {
			if (size > held.length) held = enlarged(held, Math.min(limit, Math.max(size, 2 * held.length)));
			held.set(chunk, before);
		}
	}
	return Buffer.concat([held], size);
};

const enlarged = (bytes: Uint8Array, length: number): Uint8Array => {
	const larger = Buffer.allocUnsafeSlow(length);
	larger.set(bytes);
	return larger;
};

/** All the bytes of a stream that we wrote ourselves, and know to be small. */
export const readAll = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.concat(await Array.fromAsync(body));
