/** Digests: `sha256:<64 hex>` and `sha512:<128 hex>`, the registered algorithms (image-spec, descriptor.md, "Digests"). */
import {hash} from 'node:crypto';
import {z} from 'zod';
import {OciError} from './errors.ts';
import {excerpt} from './excerpts.ts';

// "the encoded portion MUST match /[a-f0-9]{64}/. Note that [A-F] MUST NOT be used here."
const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;
const algorithms = ['sha256', 'sha512'] as const;

/** A digest of a registered algorithm. Others pass the spec's grammar, but a registry that cannot compute them can never verify what it stores. */
export const digestSchema = z
	.string()
	.regex(digestPattern, 'must be sha256:<64 hex digits> or sha512:<128 hex digits>, in lower case')
	.brand<'Digest'>();
export const digestAlgorithmSchema = z.enum(algorithms);

export type Digest = z.infer<typeof digestSchema>;
export type DigestAlgorithm = z.infer<typeof digestAlgorithmSchema>;

/** True for a digest that `parseDigest` takes. */
export const isDigest = (text: string): text is Digest => digestPattern.test(text);

/** True for an algorithm that digests here may have. */
export const isDigestAlgorithm = (text: string): text is DigestAlgorithm => text === 'sha256' || text === 'sha512';

/** Text to a digest. Throws DIGEST_INVALID: "if the client provided digest is invalid or uses an unsupported algorithm, the registry SHOULD respond with a response code 400". */
export const parseDigest = (text: unknown): Digest => {
	if (typeof text === 'string' && isDigest(text)) return text;
	throw digestInvalid(text);
};

/** Text to an algorithm. Throws DIGEST_INVALID. */
export const parseDigestAlgorithm = (text: unknown): DigestAlgorithm => {
	if (typeof text === 'string' && isDigestAlgorithm(text)) return text;
	throw unsupportedAlgorithm(typeof text === 'string' ? text : '');
};

export const digestAlgorithm = (digest: Digest): DigestAlgorithm => (digest.startsWith('sha256:') ? 'sha256' : 'sha512');

/** What follows the colon. */
export const digestHex = (digest: Digest): string => digest.slice(7);

/** The inverse of `digestAlgorithm` and `digestHex`. Throws DIGEST_INVALID when `hex` has another length or upper case. */
export const formatDigest = (algorithm: DigestAlgorithm, hex: string): Digest => parseDigest(`${algorithm}:${hex}`);

/** The digest of these bytes. */
export const digestOf = (bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest =>
	formatDigest(algorithm, hash(algorithm, bytes, 'hex'));

/** sha256 of zero bytes. */
export const emptyDigest: Digest = digestOf(new Uint8Array());

const digestInvalid = (text: unknown): OciError => {
	if (typeof text !== 'string' || text === '') return new OciError('DIGEST_INVALID', {reason: 'missing'}, {message: 'a digest is missing'});
	const algorithm = text.slice(0, Math.max(text.indexOf(':'), 0));
	if (algorithm !== '' && !isDigestAlgorithm(algorithm)) return unsupportedAlgorithm(algorithm);
	return new OciError('DIGEST_INVALID', {digest: excerpt(text), reason: 'malformed'}, {message: 'malformed digest'});
};

const unsupportedAlgorithm = (algorithm: string): OciError =>
	new OciError(
		'DIGEST_INVALID',
		{algorithm: excerpt(algorithm), reason: 'unsupported algorithm', supported: algorithms},
		{message: 'unsupported digest algorithm'},
	);
