/** Streams of bytes, gathered. */

export class TooLarge extends Error {
	override readonly name = 'TooLarge';
}

/** All the bytes of a stream. Throws TooLarge as soon as there are more than `limit`. */
export const readAtMost = async (body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> => {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of body) {
		size += chunk.length;
		if (size > limit) throw new TooLarge(`more than ${limit} bytes`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks, size);
};

/** All the bytes of a stream that we wrote ourselves, and know to be small. */
export const readAll = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.concat(await Array.fromAsync(body));
