/** A stream that fails when it has not exactly the length that was announced. */
export async function* withExactLength(body: AsyncIterable<Uint8Array>, size: number | undefined): AsyncGenerator<Uint8Array> {
	let seen = 0;
	for await (const chunk of body) {
		seen += chunk.length;
		if (size !== undefined && seen > size) throw new LengthMismatch(size, seen);
		yield chunk;
	}
	if (size !== undefined && seen !== size) throw new LengthMismatch(size, seen);
}

export class LengthMismatch extends Error {
	override readonly name = 'LengthMismatch';
	constructor(announced: number, seen: number) {
		super(`${announced} bytes were announced, but there were ${seen > announced ? 'more' : `only ${seen}`}`);
	}
}
