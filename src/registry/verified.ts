/** Streams that fail unless their bytes are those that were promised. */
import {createHash} from 'node:crypto';
import {type Digest, digestAlgorithm, formatDigest, OciError} from 'oci-spec-types';
import {LengthMismatch, withExactLength} from '../lib/exactLength.ts';
import type {Bytes} from './registry.ts';

/**
 * The same bytes as `body`. Throws DIGEST_INVALID before the last of them is handed on, so no reader ever has the whole of a wrong blob; and
 * SIZE_INVALID as soon as there are more than `size`, or at the end if there are fewer.
 */
export async function* verified(body: Bytes, digest: Digest, size?: number): Bytes {
	const hash = createHash(digestAlgorithm(digest));
	let seen = 0;
	let held: Uint8Array | undefined;
	// In one pass: each generator that a layer goes through costs something for every 64 KiB.
	for await (const chunk of body) {
		// Behind the last byte it would let go of what is held.
		if (chunk.length === 0) continue;
		seen += chunk.length;
		if (size !== undefined && seen > size) throw sizeInvalid(new LengthMismatch(size, seen));
		hash.update(chunk);
		// Where more must come, it is handed on while it is in the processor's cache.
		if (size !== undefined && seen < size) yield chunk;
		else {
			if (held) yield held;
			held = chunk;
		}
	}
	if (size !== undefined && seen !== size) throw sizeInvalid(new LengthMismatch(size, seen));
	const actual = formatDigest(digestAlgorithm(digest), hash.digest('hex'));
	if (actual !== digest) throw new OciError('DIGEST_INVALID', {expected: digest, actual});
	if (held) yield held;
}

/** The same bytes as `body`. Throws SIZE_INVALID as soon as there are more than `size`, and at the end if there are fewer. */
export async function* sized(body: Bytes, size: number | undefined): Bytes {
	try {
		yield* withExactLength(body, size);
	} catch (error) {
		if (error instanceof LengthMismatch) throw sizeInvalid(error);
		throw error;
	}
}

const sizeInvalid = (cause: LengthMismatch) => new OciError('SIZE_INVALID', {reason: cause.message}, {cause});
