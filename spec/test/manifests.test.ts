/** manifests.ts against the image-spec's manifest.md and image-index.md; the first two tables are its own, schema/{manifest,imageindex}_test.go. */
import test from 'ava';
import {mediaTypes, parseManifest} from '../src/index.ts';
import {bytesOf, child, config, image, index, layer, subject} from './documents.ts';
import {refused} from './refused.ts';

type Case = readonly [title: string, valid: boolean, document: unknown];

const imageCases: readonly Case[] = [
	['mediaType does not match pattern', false, {...image, config: {...config, mediaType: 'invalid'}}],
	['config.size is a string, expected integer', false, {...image, config: {...config, size: '1470'}}],
	['layers.size is string, expected integer', false, {...image, layers: [{...layer, size: '675598'}]}],
	['valid manifest with optional fields', true, {...image, layers: [layer, layer, layer], annotations: {key1: 'value1', key2: 'value2'}}],
	['valid manifest with only required fields', true, {schemaVersion: 2, config, layers: [layer]}],
	// The schema says minItems 1; the text, "For portability, `layers` SHOULD have at least one entry"; the conformance suite pushes such an image.
	['empty layer, expected at least one: allowed here', true, {...image, layers: []}],
	['subject field with a valid descriptor', true, {...image, subject}],
	['subject field with invalid value (something that is not a descriptor)', false, {...image, subject: '.nope'}],
	['push bounds of algorithm field in digest too far', false, {...image, layers: [{...layer, digest: 'sha256+foo+-b:c86f7763'}]}],
	[
		'valid manifest for an artifact with a dedicated config',
		true,
		{
			...image,
			config: {...config, mediaType: 'application/vnd.example.config+json'},
			layers: [{...layer, mediaType: 'application/vnd.example.data+type'}],
		},
	],
	[
		'valid manifest for an artifact using the empty config and artifactType',
		true,
		{...image, artifactType: 'application/vnd.example+type', config: {...config, mediaType: mediaTypes.ociEmpty}},
	],
	['schemaVersion missing', false, {...image, schemaVersion: undefined}],
	['schemaVersion 1', false, {...image, schemaVersion: 1}],
	['schemaVersion as a string', false, {...image, schemaVersion: '2'}],
	['config missing', false, {...image, config: undefined}],
	['layers missing', false, {...image, layers: undefined}],
	['layers as an object', false, {...image, layers: {}}],
	['what Go writes for no layers', true, {...image, layers: null}],
	['duplicate layers, as BuildKit sends them', true, {...image, layers: [layer, layer]}],
	['unknown fields', true, {...image, 'org.example': {}}],
	['an empty artifactType', true, {...image, artifactType: ''}],
	['an artifactType that is no media type', false, {...image, artifactType: 'foo/.bar'}],
	['annotations that are no strings', false, {...image, annotations: {a: {}}}],
	['an index inside (CVE-2021-41190)', false, {...image, manifests: [child]}],
	['an empty index inside', false, {...image, manifests: []}],
	['no object', false, []],
	['null', false, null],
	['a string', false, 'blablabla'],
];
for (const [title, valid, document] of imageCases) {
	test(`image: ${title}`, t => {
		const act = () => parseManifest(bytesOf(document), mediaTypes.ociManifest);
		if (valid) t.like(act(), {kind: 'image', mediaType: mediaTypes.ociManifest});
		else refused(t, act, {code: 'MANIFEST_INVALID', status: 400});
	});
}

const indexCases: readonly Case[] = [
	['mediaType does not match pattern', false, {...index, manifests: [{...child, mediaType: 'invalid'}]}],
	['manifest.size is string, expected integer', false, {...index, manifests: [{...child, size: '7682'}]}],
	['manifest.digest is missing, expected required', false, {...index, manifests: [{...child, digest: undefined}]}],
	[
		'in the optional field platform platform.architecture is missing, expected required',
		false,
		{...index, manifests: [{...child, platform: {os: 'linux'}}]},
	],
	['empty referenced manifest media type', false, {...index, manifests: [{...child, mediaType: ''}]}],
	['valid image index, with optional fields', true, {...index, annotations: {'com.example.key1': 'value1'}}],
	['valid image index, with required fields only', true, {schemaVersion: 2, manifests: [{...child, platform: undefined}]}],
	[
		'valid image index, with customized media type of referenced manifest',
		true,
		{...index, manifests: [{...child, mediaType: 'application/customized.manifest+json'}]},
	],
	['valid image index with artifactType and manifests', true, {...index, artifactType: 'application/vnd.example+type'}],
	['valid image index with a subject field', true, {...index, subject}],
	['invalid subject field', false, {...index, subject: 'nope'}],
	// "the size of the array MAY be zero"
	['no manifests', true, {...index, manifests: []}],
	['what Go writes for no manifests', true, {...index, manifests: null}],
	['manifests missing', false, {...index, manifests: undefined}],
	[
		"layers as children: BuildKit's older cache form",
		true,
		{...index, manifests: [layer, {...config, mediaType: 'application/vnd.buildkit.cacheconfig.v0'}]},
	],
	['an image inside (CVE-2021-41190)', false, {...index, config, layers: [layer]}],
	['layers alone inside', false, {...index, layers: []}],
	['a config alone inside', false, {...index, config: {}}],
];
for (const [title, valid, document] of indexCases) {
	test(`index: ${title}`, t => {
		const act = () => parseManifest(bytesOf(document), mediaTypes.ociIndex);
		if (valid) t.like(act(), {kind: 'index', mediaType: mediaTypes.ociIndex});
		else refused(t, act, {code: 'MANIFEST_INVALID', status: 400});
	});
}

const {mediaType: _image, ...imageWithoutType} = image;
const {mediaType: _index, ...indexWithoutType} = index;
const dockerImage = {...image, mediaType: mediaTypes.dockerManifest};
const dockerList = {...index, mediaType: mediaTypes.dockerManifestList};

// What the Content-Type says, what the field says, and what the manifest then is; undefined is MANIFEST_INVALID.
const typeCases: readonly (readonly [
	title: string,
	document: unknown,
	contentType: string | undefined,
	expected: {kind: string; mediaType: string} | undefined,
])[] = [
	['both agree', image, mediaTypes.ociManifest, {kind: 'image', mediaType: mediaTypes.ociManifest}],
	[
		'parameters and case do not matter',
		image,
		'Application/vnd.oci.image.manifest.v1+JSON; charset=utf-8',
		{kind: 'image', mediaType: mediaTypes.ociManifest},
	],
	['the field alone', image, undefined, {kind: 'image', mediaType: mediaTypes.ociManifest}],
	['the field alone, and an empty Content-Type', index, '', {kind: 'index', mediaType: mediaTypes.ociIndex}],
	['the Content-Type alone', imageWithoutType, mediaTypes.dockerManifest, {kind: 'image', mediaType: mediaTypes.dockerManifest}],
	['neither, and the shape of an image', imageWithoutType, undefined, {kind: 'image', mediaType: mediaTypes.ociManifest}],
	['neither, and the shape of an index', indexWithoutType, undefined, {kind: 'index', mediaType: mediaTypes.ociIndex}],
	['neither, and no shape', {schemaVersion: 2}, undefined, undefined],
	['neither, and both shapes', {...imageWithoutType, manifests: []}, undefined, undefined],
	["Docker's image", dockerImage, mediaTypes.dockerManifest, {kind: 'image', mediaType: mediaTypes.dockerManifest}],
	["Docker's list", dockerList, mediaTypes.dockerManifestList, {kind: 'index', mediaType: mediaTypes.dockerManifestList}],
	['they disagree', image, mediaTypes.dockerManifest, undefined],
	['they disagree on the kind', image, mediaTypes.ociIndex, undefined],
	['an image that calls itself something else', {...image, mediaType: 'application/json'}, mediaTypes.ociManifest, undefined],
	['an image hidden behind an unknown type', image, 'application/vnd.example.v1+json', undefined],
	['a field that is no media type', {...image, mediaType: 'image'}, undefined, undefined],
	['a field that is no string', {...image, mediaType: 7}, mediaTypes.ociManifest, undefined],
	['a Content-Type that is no media type', image, 'manifest', undefined],
	['an unknown type', {any: 'thing'}, 'application/vnd.Example.v1+json', {kind: 'other', mediaType: 'application/vnd.Example.v1+json'}],
	[
		'an unknown type in the field',
		{mediaType: 'application/vnd.example.v1+json'},
		undefined,
		{kind: 'other', mediaType: 'application/vnd.example.v1+json'},
	],
	[
		"Docker's schema 1",
		{schemaVersion: 1, fsLayers: []},
		mediaTypes.dockerManifestSchema1Signed,
		{kind: 'other', mediaType: mediaTypes.dockerManifestSchema1Signed},
	],
];
for (const [title, document, contentType, expected] of typeCases) {
	test(`media type: ${title}`, t => {
		const act = () => parseManifest(bytesOf(document), contentType);
		if (expected) t.like(act(), expected);
		else refused(t, act, {code: 'MANIFEST_INVALID', status: 400});
	});
}

test('the parsed JSON is kept, unknown fields included', t => {
	const manifest = parseManifest(bytesOf({...image, 'org.example': [1], layers: [{...layer, extra: true}]}));
	t.like(manifest, {kind: 'image', config, layers: [{...layer, extra: true}], document: {'org.example': [1], schemaVersion: 2}});
});

test('bytes of an unknown type may be anything', t => {
	t.deepEqual(parseManifest(Uint8Array.of(0xff, 0, 1), 'application/octet-stream'), {kind: 'other', mediaType: 'application/octet-stream'});
});

test('what an unknown type says about referrers is kept if it makes sense', t => {
	const document = {subject, artifactType: 'application/vnd.example', annotations: {a: 'b'}, blobs: [1]};
	const {blobs: _, ...facts} = document;
	t.like(parseManifest(bytesOf(document), 'application/vnd.oci.artifact.manifest.v1+json'), {kind: 'other', ...facts});
	t.deepEqual(parseManifest(bytesOf({subject: 7, artifactType: {}, annotations: []}), 'application/x'), {
		kind: 'other',
		mediaType: 'application/x',
	});
});

const noJson: readonly (readonly [why: string, bytes: Uint8Array])[] = [
	['nothing', new Uint8Array()],
	['what the conformance suite of 1.1.1 sends', Buffer.from('blablabla')],
	['half a document', Buffer.from('{"schemaVersion":2,')],
	['a byte order mark', Buffer.concat([Uint8Array.of(0xef, 0xbb, 0xbf), bytesOf(image)])],
	['bytes that are not UTF-8', Buffer.concat([bytesOf(image).subarray(0, -1), Uint8Array.of(0xff), Buffer.from('}')])],
	['a comment', Buffer.from('{} // manifest')],
];
for (const [why, bytes] of noJson) {
	test(`no JSON: ${why}`, t => {
		refused(t, () => parseManifest(bytes, mediaTypes.ociManifest), {
			code: 'MANIFEST_INVALID',
			status: 400,
			message: 'manifest invalid: is not JSON',
		});
	});
}

test('an error names the path of every problem', t => {
	const error = refused(
		t,
		() => parseManifest(bytesOf({...image, config: {...config, size: -1}, layers: [layer, {...layer, digest: 'sha256:x'}]})),
		{
			code: 'MANIFEST_INVALID',
		},
	);
	t.regex(error.message, /^manifest invalid: config\.size /);
	const {problems} = error.detail as {problems: {path: string}[]};
	t.deepEqual(
		problems.map(({path}) => path),
		['config.size', 'layers.1.digest'],
	);
});

test('four megabytes of wrong descriptors are reported as a few problems', t => {
	const bytes = Buffer.from(`{"schemaVersion":2,"manifests":[${'0,'.repeat(2 << 20)}0]}`);
	const error = refused(t, () => parseManifest(bytes, mediaTypes.ociIndex), {code: 'MANIFEST_INVALID'});
	t.true(JSON.stringify(error.detail).length < 2000);
});

test('four megabytes of brackets are no harm', t => {
	const nested = Buffer.from(`${'['.repeat(2 << 20)}${']'.repeat(2 << 20)}`);
	refused(t, () => parseManifest(nested, mediaTypes.ociManifest), {code: 'MANIFEST_INVALID'});
	t.is(parseManifest(nested, 'application/json').kind, 'other');
	refused(t, () => parseManifest(Buffer.from('{"a":'.repeat(1 << 19)), mediaTypes.ociManifest), {code: 'MANIFEST_INVALID'});
});

test('__proto__ in a document changes no prototype', t => {
	const poison = '"__proto__":{"polluted":true,"config":null}';
	const text = JSON.stringify({...image, annotations: {}})
		.replaceAll('{', `{${poison},`)
		.replaceAll(`${poison},}`, `${poison}}`);
	t.throws(() => parseManifest(Buffer.from(text)), {message: /annotations/});
	const manifest = parseManifest(Buffer.from(text.replace(/"annotations":\{[^}]*\}\}/, '"annotations":{"__proto__":"x"}')));
	for (const value of [manifest, manifest.annotations, 'document' in manifest && manifest.document, {}])
		t.false('polluted' in Object(value));
	t.is(({} as {polluted?: unknown}).polluted, undefined);
});

test('of duplicate keys the last counts, as in the readers of clients', t => {
	const text = JSON.stringify(image).replace('"schemaVersion":2', '"schemaVersion":1,"schemaVersion":2');
	t.is(parseManifest(Buffer.from(text)).kind, 'image');
});
