/** Bytes for tests: made from a seed, so that a failure can be repeated. */
import {Buffer} from 'node:buffer';
import type {Bytes} from '../../src/storage/objectStore.ts';

/** Bytes that differ with the seed and do not repeat soon. */
export const someBytes = (size: number, seed = 1): Buffer => {
	const bytes = Buffer.allocUnsafe(size);
	let state = (seed * 2654435761 + 1) >>> 0;
	for (let at = 0; at < size; at += 1) {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		bytes[at] = state >>> 24;
	}
	return bytes;
};

/** A body of these bytes in chunks, then what `end` does. */
export async function* bodyOf(
	bytes: Uint8Array,
	{chunkBytes = 64 * 1024, end = async () => {}}: {chunkBytes?: number; end?: () => Promise<void>} = {},
): Bytes {
	for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
	await end();
}

/** The same in pieces of its own memory, which may be given away. `pieces` gets each of them. */
export async function* ownPieces(body: Bytes, pieces: Uint8Array[] = []): Bytes {
	for await (const bytes of body) {
		const piece = Uint8Array.from(bytes);
		pieces.push(piece);
		yield piece;
	}
}

/** How many bytes are left of pieces, some of which may have been given back. */
export const bytesLeft = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, {length}) => sum + length, 0);

export const collect = async (body: Bytes): Promise<Buffer> => {
	const chunks: Uint8Array[] = [];
	for await (const chunk of body) chunks.push(chunk);
	return Buffer.concat(chunks);
};
