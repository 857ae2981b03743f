/** No parser throws anything but an OciError, whatever it is given, nor takes more than linear time. */
import test from 'ava';
import fc from 'fast-check';
import {
	descriptorSchema,
	digestSchema,
	mediaTypeSchema,
	OciError,
	parseContentRange,
	parseDigest,
	parseManifest,
	parseMediaType,
	parsePage,
	parseRange,
	parseReference,
	parseRepositoryName,
	parseRequest,
	parseScopes,
	parseTag,
	parseUploadId,
	repositoryNameSchema,
	tagSchema,
	uploadIdSchema,
} from '../src/index.ts';
import {bytesOf, image, index} from './documents.ts';

const url = (path: string): URL | undefined => URL.parse(`http://registry/${path}`) ?? undefined;

/** Everything that reads text from outside. */
const parsers: Readonly<Record<string, (text: string) => unknown>> = {
	parseDigest,
	parseRepositoryName,
	parseTag,
	parseReference,
	parseMediaType,
	parseRange,
	parseContentRange,
	parseUploadId,
	parseScopes: text => parseScopes([text, text]),
	parsePage: text => parsePage(new URLSearchParams(text)),
	'parsePage n': text => parsePage(new URLSearchParams({n: text, last: text})),
	'parseManifest body': text => parseManifest(Buffer.from(text), 'application/vnd.oci.image.index.v1+json'),
	'parseManifest Content-Type': text => parseManifest(bytesOf(image), text),
	'parseManifest field': text => parseManifest(bytesOf({...image, mediaType: text})),
	'parseRequest name': text => url(`v2/${text}/manifests/v1`) && parseRequest('GET', url(`v2/${text}/manifests/v1`) as URL),
	'parseRequest tail': text => url(`v2/a/${text}`) && parseRequest('GET', url(`v2/a/${text}`) as URL),
	'parseRequest query': text =>
		parseRequest('POST', new URL(`http://registry/v2/a/blobs/uploads/?mount=${encodeURIComponent(text.toWellFormed())}&${text}`)),
	'parseRequest method': text => parseRequest(text, new URL('http://registry/v2/')),
	digestSchema: text => digestSchema.safeParse(text),
	repositoryNameSchema: text => repositoryNameSchema.safeParse(text),
	tagSchema: text => tagSchema.safeParse(text),
	uploadIdSchema: text => uploadIdSchema.safeParse(text),
	mediaTypeSchema: text => mediaTypeSchema.safeParse(text),
	'descriptorSchema data': text => descriptorSchema.safeParse({data: text}),
};

const pieces = fc.constantFrom(
	...'aA0/.:_-%?&=+ \n\0é',
	'%2f',
	'%00',
	'..',
	'sha256:',
	'bytes=',
	'blobs',
	'uploads',
	'manifests',
	'__proto__',
	'\ud800',
);
const texts = fc.oneof(fc.string({unit: pieces}), fc.string(), fc.string({unit: 'binary'}));

const long = 1_000_000;
const hostile: Readonly<Record<string, string>> = {
	a: 'a'.repeat(long),
	a_: 'a_'.repeat(long / 2),
	a__: 'a__'.repeat(long / 3),
	'a-': 'a-'.repeat(long / 2),
	dashes: `a${'-'.repeat(long)}`,
	'a/': 'a/'.repeat(long / 2),
	slashes: '/'.repeat(long),
	digits: '9'.repeat(long),
	'a range': `${'9'.repeat(long / 2)}-${'9'.repeat(long / 2)}`,
	'percent signs': '%'.repeat(long),
	'encoded slashes': '%2f'.repeat(long / 3),
	'sha256:': 'sha256:'.repeat(long / 7),
	blanks: ' '.repeat(long),
	colons: ':'.repeat(long),
	commas: ','.repeat(long),
	'scope-like': 'repository:a:pull '.repeat(long / 18),
	actions: `repository:a:${'pull,'.repeat(long / 5)}`,
	base64: `${'A'.repeat(long)}=!`,
	brackets: '['.repeat(long),
	objects: '{"a":'.repeat(long / 5),
};

const attempt = (parse: (text: string) => unknown, text: string): void => {
	try {
		parse(text);
	} catch (error) {
		if (!(error instanceof OciError)) throw error;
		if (JSON.stringify(error.detail ?? '').length > 5000) throw new Error('the detail grows with the input');
	}
};

for (const [name, parse] of Object.entries(parsers)) {
	test(`${name} throws nothing but OciErrors`, t => {
		t.notThrows(() =>
			fc.assert(
				fc.property(texts, text => attempt(parse, text)),
				{numRuns: 500},
			),
		);
	});

	test(`${name} takes a megabyte of anything in linear time`, t => {
		for (const [what, text] of Object.entries(hostile)) {
			const start = performance.now();
			t.notThrows(() => attempt(parse, text), what);
			// Linear is some 10 ms; quadratic would be minutes.
			t.true(performance.now() - start < 5000, what);
		}
	});
}

test('a manifest with anything anywhere throws nothing but OciErrors', t => {
	const keys = ['mediaType', 'config', 'layers', 'manifests', 'subject', 'annotations', 'artifactType', 'schemaVersion', '__proto__'];
	const edits = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue(), {noNullPrototype: true});
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.constantFrom(image, index), edits, fc.option(texts, {nil: undefined}), (document, edit, contentType) =>
				attempt(() => parseManifest(bytesOf({...document, ...edit}), contentType), ''),
			),
			{numRuns: 2000},
		),
	);
});

test('a manifest of any bytes throws nothing but OciErrors', t => {
	t.notThrows(() =>
		fc.assert(fc.property(fc.uint8Array(), bytes => attempt(() => parseManifest(bytes, 'application/vnd.oci.image.manifest.v1+json'), ''))),
	);
});
