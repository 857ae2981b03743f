/** What a manifest needs, and what it says in a referrers list (distribution-spec, "Push" and "Listing Referrers"). */
import test from 'ava';
import {annotationsOf, artifactTypeOf, mediaTypes, parseManifest, references, subjectOf} from '../src/index.ts';
import {bytesOf, child, config, image, index, layer, subject} from './documents.ts';

const needs = (document: unknown, contentType?: string) =>
	references(parseManifest(bytesOf(document), contentType)).map(({descriptor, as}) => [as, descriptor.mediaType]);

test('an image needs its config and layers as blobs, duplicates and all', t => {
	t.deepEqual(needs({...image, layers: [layer, layer]}), [
		['blob', mediaTypes.ociConfig],
		['blob', mediaTypes.ociLayerGzip],
		['blob', mediaTypes.ociLayerGzip],
	]);
});

test('foreign layers are needed nowhere', t => {
	const foreign = [mediaTypes.ociForeignLayer, mediaTypes.ociForeignLayerGzip, mediaTypes.dockerForeignLayerGzip];
	t.deepEqual(needs({...image, layers: foreign.map(mediaType => ({...layer, mediaType}))}), [['blob', mediaTypes.ociConfig]]);
	t.deepEqual(needs({...index, manifests: [{...layer, mediaType: mediaTypes.ociForeignLayer}]}), []);
});

test('an index needs manifests as manifests, and other children wherever they are', t => {
	const children = [
		child,
		{...child, mediaType: mediaTypes.dockerManifestList},
		layer,
		{...config, mediaType: 'application/vnd.buildkit.cacheconfig.v0'},
	];
	t.deepEqual(needs({...index, manifests: children}), [
		['manifest', mediaTypes.ociManifest],
		['manifest', mediaTypes.dockerManifestList],
		['either', mediaTypes.ociLayerGzip],
		['either', 'application/vnd.buildkit.cacheconfig.v0'],
	]);
});

// "A registry MUST initially accept an otherwise valid manifest with a `subject` field that references a manifest that does not exist in the repository"
test('a subject is not needed', t => {
	t.deepEqual(needs({...image, subject, layers: []}), [['blob', mediaTypes.ociConfig]]);
	t.deepEqual(needs({...index, subject, manifests: []}), []);
	t.deepEqual(needs({subject}, 'application/vnd.example'), []);
});

// "Listing Referrers", sentence by sentence
const artifact = 'application/vnd.example+type';
const artifactTypes: readonly (readonly [title: string, document: unknown, expected: string | undefined])[] = [
	['"set to the value of the `artifactType` in the image manifest"', {...image, artifactType: artifact}, artifact],
	['"… or index, if present"', {...index, artifactType: artifact}, artifact],
	['"missing in the image manifest": the config\'s media type', image, mediaTypes.ociConfig],
	['"empty … in the image manifest": the config\'s media type', {...image, artifactType: ''}, mediaTypes.ociConfig],
	['"missing in an index": omitted', index, undefined],
	['"empty … in an index": omitted', {...index, artifactType: ''}, undefined],
];
for (const [title, document, expected] of artifactTypes) {
	test(`artifactType ${title}`, t => t.is(artifactTypeOf(parseManifest(bytesOf(document))), expected));
}

test('subject and annotations are those of the document', t => {
	for (const document of [image, index]) {
		const manifest = parseManifest(bytesOf({...document, subject, annotations: {a: 'b'}}));
		t.deepEqual<unknown, unknown>(subjectOf(manifest), subject);
		t.deepEqual(annotationsOf(manifest), {a: 'b'});
		const bare = parseManifest(bytesOf(document));
		t.is(subjectOf(bare), undefined);
		t.is(annotationsOf(bare), undefined);
	}
});
