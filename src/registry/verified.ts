/** Streams that fail unless their bytes are those that were promised. */
import {createHash} from 'node:crypto';
import {type Digest, digestAlgorithm, formatDigest, OciError} from 'oci-spec-types';
import {LengthMismatch, withExactLength} from '../lib/exactLength.ts';
import type {Bytes} from './registry.ts';

/** The same bytes as `body`. Throws DIGEST_INVALID before the last of them is handed on, so no reader ever has the whole of a wrong blob. */
export async function* verified(body: Bytes, digest: Digest): Bytes {
	const hash = createHash(digestAlgorithm(digest));
	let held: Uint8Array | undefined;
	for await (const chunk of body) {
		hash.update(chunk);
		if (held) yield held;
		held = chunk;
	}
	const actual = formatDigest(digestAlgorithm(digest), hash.digest('hex'));
	if (actual !== digest) throw new OciError('DIGEST_INVALID', {expected: digest, actual});
	if (held) yield held;
}

/** The same bytes as `body`. Throws SIZE_INVALID as soon as there are more than `size`, and at the end if there are fewer. */
export async function* sized(body: Bytes, size: number | undefined): Bytes {
	try {
		yield* withExactLength(body, size);
	} catch (error) {
		if (error instanceof LengthMismatch) throw new OciError('SIZE_INVALID', {reason: error.message}, {cause: error});
		throw error;
	}
}
