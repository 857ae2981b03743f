/** digests.ts against the image-spec's descriptor.md, "Digests". */
import {createHash} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {
	digestAlgorithm,
	digestHex,
	digestOf,
	digestSchema,
	emptyDigest,
	formatDigest,
	isDigest,
	parseDigest,
	parseDigestAlgorithm,
} from '../src/index.ts';
import {refused} from './refused.ts';

const hex64 = '6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b';

for (const text of [`sha256:${hex64}`, `sha512:${hex64}${hex64}`]) {
	test(`taken: ${text.slice(0, 20)}…`, t => {
		t.is(String(parseDigest(text)), text);
		t.true(isDigest(text));
		t.true(digestSchema.safeParse(text).success);
	});
}

const malformed: readonly (readonly [why: string, text: string])[] = [
	['no algorithm', `:${hex64}`],
	['no hash', 'sha256'],
	['no hash after the colon', 'sha256:'],
	['"Note that [A-F] MUST NOT be used here"', `sha256:${hex64.toUpperCase()}`],
	['one digit short', `sha256:${hex64.slice(1)}`],
	['one digit long', `sha256:${hex64}0`],
	['a line feed at its end', `sha256:${hex64}\n`],
	['a blank after the colon', `sha256: ${hex64}`],
	['the length of sha256 after sha512', `sha512:${hex64}`],
	['traversal', `sha256:../../${hex64.slice(6)}`],
	['what the conformance suite sends', 'sha256:baddigeststring'],
];
for (const [why, text] of malformed) {
	test(`refused as malformed: ${why}`, t => {
		refused(t, () => parseDigest(text), {code: 'DIGEST_INVALID', status: 400, message: 'malformed digest'});
		t.false(digestSchema.safeParse(text).success);
	});
}

// "Some example digest strings": they match the grammar, but nobody here can compute them.
const unsupported = [
	'multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8',
	'sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564',
	`SHA256:${hex64}`,
	'md5:d41d8cd98f00b204e9800998ecf8427e',
	'__proto__:x',
];
for (const text of unsupported) {
	test(`refused as unsupported: ${text}`, t => {
		const error = refused(t, () => parseDigest(text), {code: 'DIGEST_INVALID', status: 400, message: 'unsupported digest algorithm'});
		t.like(error.detail, {reason: 'unsupported algorithm', supported: ['sha256', 'sha512']});
	});
}

test('a missing digest is refused', t => {
	for (const missing of [undefined, null, '', 7, {}])
		refused(t, () => parseDigest(missing), {code: 'DIGEST_INVALID', message: 'a digest is missing'});
});

test('an algorithm is one of two', t => {
	t.is(parseDigestAlgorithm('sha256'), 'sha256');
	t.is(parseDigestAlgorithm('sha512'), 'sha512');
	for (const text of ['', 'md5', 'SHA256', 'sha256:', undefined]) refused(t, () => parseDigestAlgorithm(text), {code: 'DIGEST_INVALID'});
});

test('a detail does not repeat a long digest', t => {
	const error = refused(t, () => parseDigest(`sha256:${'f'.repeat(1e6)}`), {code: 'DIGEST_INVALID'});
	t.true(JSON.stringify(error.detail).length < 500);
});

test('the digest of nothing is the well-known one', t => {
	t.is(String(emptyDigest), 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('the digest of {} is the one that "Guidance for an Empty Descriptor" names', t => {
	t.is(String(digestOf(Buffer.from('{}'))), 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
});

test('formatting refuses hex of another length', t => {
	refused(t, () => formatDigest('sha512', hex64), {code: 'DIGEST_INVALID'});
});

test('a digest is its algorithm and its hex', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.uint8Array(), fc.constantFrom('sha256', 'sha512'), (bytes, algorithm) => {
				const digest = digestOf(bytes, algorithm);
				return (
					digestHex(digest) === createHash(algorithm).update(bytes).digest('hex') &&
					digestAlgorithm(digest) === algorithm &&
					formatDigest(digestAlgorithm(digest), digestHex(digest)) === digest &&
					parseDigest(digest) === digest
				);
			}),
		),
	);
});
