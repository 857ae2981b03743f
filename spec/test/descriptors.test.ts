/** descriptors.ts against the image-spec's descriptor.md; the first table is its own, schema/descriptor_test.go. */
import test from 'ava';
import {descriptorSchema} from '../src/index.ts';

const digest = 'sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270';
const plain = {mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 7682, digest};
const text = {mediaType: 'text/plain', size: 34, digest: 'sha256:2690af59371e9eca9453dc29882643f46e5ca47ec2862bd517b5e17351325153'};
const longest = '1'.repeat(127);

const imageSpecCases: readonly (readonly [title: string, valid: boolean, descriptor: unknown])[] = [
	['valid descriptor', true, plain],
	['mediaType missing', false, {size: 7682, digest}],
	['mediaType does not match pattern (no subtype)', false, {...plain, mediaType: 'application'}],
	['mediaType does not match pattern (invalid first type character)', false, {...plain, mediaType: '.foo/bar'}],
	['mediaType does not match pattern (invalid first subtype character)', false, {...plain, mediaType: 'foo/.bar'}],
	['mediaType has type and subtype as long as possible', true, {...plain, mediaType: `${longest}/${longest}`}],
	['mediaType does not match pattern (type too long)', false, {...plain, mediaType: `${longest}1/bar`}],
	['mediaType does not match pattern (subtype too long)', false, {...plain, mediaType: `foo/${longest}1`}],
	['size missing', false, {mediaType: plain.mediaType, digest}],
	['size is a string, expected integer', false, {...plain, size: '7682'}],
	['digest missing', false, {mediaType: plain.mediaType, size: 7682}],
	['digest does not match pattern (no algorithm)', false, {...plain, digest: digest.slice(6)}],
	['digest does not match pattern (no hash)', false, {...plain, digest: 'sha256'}],
	['digest does not match pattern (invalid algorithm characters)', false, {...plain, digest: digest.replace('sha', 'SHA')}],
	[
		'digest does not match pattern (characters needs to be lower for sha256)',
		false,
		{...plain, digest: `sha256:${digest.slice(7).toUpperCase()}`},
	],
	['valid URL entry', true, {...plain, urls: ['https://example.com/foo']}],
	['urls does not match format (invalid url characters)', false, {...plain, urls: ['value']}],
	['artifactType is present and an IANA compliant value', true, {...plain, artifactType: plain.mediaType}],
	['artifactType does not match pattern (invalid first subtype character)', false, {...plain, artifactType: 'foo/.bar'}],
	['data field is present and has base64 content', true, {...text, data: 'aHR0cHM6Ly9naXRodWIuY29tL29wZW5jb250YWluZXJzCg=='}],
	['data without its padding', false, {...text, data: 'aHR0cHM6Ly9naXRodWIuY29tL29wZW5jb250YWluZXJzCg'}],
	['repeated separators in algorithm', false, {...plain, digest: 'sha256+foo+-b:c86f7763'}],
];
for (const [title, valid, descriptor] of imageSpecCases) {
	test(`image-spec: ${title}`, t => t.is(descriptorSchema.safeParse(descriptor).success, valid));
}

// "Implementations SHOULD allow digests with unrecognized algorithms to pass validation": not a registry, which must verify and find what it stores.
for (const unregistered of [
	'sha256+b64:c86f7763',
	'sha256.foo-bar:c86f7763',
	'multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8',
]) {
	test(`refused, although the image-spec lets it pass: ${unregistered}`, t =>
		t.false(descriptorSchema.safeParse({...plain, digest: unregistered}).success));
}

const ourCases: readonly (readonly [title: string, valid: boolean, descriptor: unknown])[] = [
	['a size of 0', true, {...plain, size: 0}],
	['the largest size', true, {...plain, size: Number.MAX_SAFE_INTEGER}],
	['a negative size', false, {...plain, size: -1}],
	['a size with a fraction', false, {...plain, size: 1.5}],
	['a size that no number holds exactly', false, {...plain, size: 2 ** 53}],
	['an infinite size', false, {...plain, size: Number.POSITIVE_INFINITY}],
	['annotations', true, {...plain, annotations: {a: '', 'org.example': 'b'}}],
	['annotations that are no strings', false, {...plain, annotations: {a: 1}}],
	['annotations that are a list', false, {...plain, annotations: ['a']}],
	['what Go writes for an absent map or slice', true, {...plain, annotations: null, urls: null, platform: null}],
	['urls that are no strings', false, {...plain, urls: [1]}],
	['a platform', true, {...plain, platform: {os: 'linux', architecture: 'arm64', variant: 'v8', 'os.features': ['a'], features: []}}],
	['a platform without architecture', false, {...plain, platform: {os: 'linux'}}],
	['the empty descriptor', true, {mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 2, data: 'e30='}],
	['empty data of nothing', true, {...plain, size: 0, data: ''}],
	['data longer than size', false, {...plain, size: 1, data: 'e30='}],
	['data shorter than size', false, {...plain, size: 3, data: 'e30='}],
	['data that is not base64', false, {...plain, size: 3, data: 'e_0-'}],
	['no object', false, []],
	['null', false, null],
];
for (const [title, valid, descriptor] of ourCases) {
	test(`${valid ? 'taken' : 'refused'}: ${title}`, t => t.is(descriptorSchema.safeParse(descriptor).success, valid));
}

test('unknown fields are kept', t => {
	t.like(descriptorSchema.parse({...plain, 'org.example': [1]}), {...plain, 'org.example': [1]});
});

test('four megabytes of data are checked in linear time', t => {
	const data = 'A'.repeat(4 << 20);
	t.true(descriptorSchema.safeParse({...plain, size: (data.length / 4) * 3, data}).success);
	t.false(descriptorSchema.safeParse({...plain, size: 3, data: `${data}!AAA`}).success);
});
