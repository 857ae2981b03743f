/** mediaTypes.ts against the image-spec's media-types.md and RFC 6838 section 4.2. */
import test from 'ava';
import {
	isForeignLayer,
	isImageMediaType,
	isIndexMediaType,
	isManifestMediaType,
	mediaTypeSchema,
	mediaTypes,
	parseMediaType,
} from '../src/index.ts';

const longest = `${'1'.repeat(127)}/${'1'.repeat(127)}`;

const contentTypes: readonly (readonly [header: string | undefined, mediaType: string | undefined])[] = [
	[undefined, undefined],
	['', undefined],
	['application/vnd.oci.image.manifest.v1+json', mediaTypes.ociManifest],
	// "The registry SHOULD ignore parameters on the `Content-Type` header."
	['application/vnd.oci.image.manifest.v1+json; charset=utf-8', mediaTypes.ociManifest],
	[' application/vnd.oci.image.index.v1+json ;', mediaTypes.ociIndex],
	// Types are case-insensitive, but one that we do not know must be answered as it was pushed.
	['Application/VND.oci.image.index.v1+JSON', mediaTypes.ociIndex],
	['application/vnd.Example.v1+json', 'application/vnd.Example.v1+json'],
	['application/vnd.oci.image.layer.v1.tar+gzip', mediaTypes.ociLayerGzip],
	[longest, longest],
	[`${longest}1`, undefined],
	['application', undefined],
	['application/', undefined],
	['/json', undefined],
	['.foo/bar', undefined],
	['foo/.bar', undefined],
	['a/b/c', undefined],
	['a/b c', undefined],
	['*/*', undefined],
	['text/html, application/json', undefined],
];
for (const [header, mediaType] of contentTypes) {
	test(`Content-Type ${header?.slice(0, 60)} is ${mediaType?.slice(0, 60)}`, t => t.is(parseMediaType(header), mediaType));
}

test('what is a manifest, an index, a foreign layer', t => {
	const named = (is: (mediaType: string) => boolean) =>
		Object.entries(mediaTypes)
			.filter(([, type]) => is(type))
			.map(([name]) => name);
	t.deepEqual(named(isImageMediaType), ['ociManifest', 'dockerManifest']);
	t.deepEqual(named(isIndexMediaType), ['ociIndex', 'dockerManifestList']);
	t.deepEqual(named(isManifestMediaType), ['ociManifest', 'ociIndex', 'dockerManifest', 'dockerManifestList']);
	t.deepEqual(
		named(isForeignLayer),
		Object.keys(mediaTypes).filter(name => name.includes('Foreign')),
	);
});

test('every type in the table is one', t => {
	for (const mediaType of Object.values(mediaTypes)) {
		t.true(mediaTypeSchema.safeParse(mediaType).success);
		t.is(parseMediaType(mediaType.toUpperCase()), mediaType);
	}
});
