/** What the collector takes from a stored manifest, beside what a push makes of the same bytes. */
import test from 'ava';
import {digestOf, mediaTypes, OciError, parseManifest, references, subjectOf} from 'oci-spec-types';
import {readLinks} from '../../src/registry/manifestLinks.ts';

const descriptor = (name: string, mediaType: string = mediaTypes.ociLayerGzip) => ({
	mediaType,
	digest: digestOf(Buffer.from(name)),
	size: name.length,
});
const encode = (document: object) => Buffer.from(JSON.stringify(document));
const image = (more: object = {}) => ({
	schemaVersion: 2,
	config: descriptor('config', mediaTypes.ociConfig),
	layers: [descriptor('a')],
	...more,
});
const index = (more: object = {}) => ({
	schemaVersion: 2,
	manifests: [descriptor('child', mediaTypes.ociManifest), descriptor('layer')],
	...more,
});

test('it leads to what a push demanded of it', t => {
	const cases: [object, string][] = [
		[image({mediaType: mediaTypes.ociManifest, subject: descriptor('subject', mediaTypes.ociManifest)}), mediaTypes.ociManifest],
		[image({layers: [descriptor('foreign', mediaTypes.ociForeignLayer), descriptor('a'), descriptor('a')]}), mediaTypes.ociManifest],
		[image({layers: null, subject: null}), `${mediaTypes.dockerManifest}; charset=utf-8`],
		[index(), mediaTypes.ociIndex],
		[index({subject: descriptor('subject')}), mediaTypes.dockerManifestList],
		[{subject: descriptor('subject'), layers: 'of its own'}, 'application/vnd.example+json'],
		[{subject: 'none'}, 'application/vnd.example+json'],
	];
	for (const [document, contentType] of cases) {
		const manifest = parseManifest(encode(document), contentType);
		t.deepEqual(readLinks(encode(document), contentType), {
			mediaType: manifest.mediaType,
			subject: subjectOf(manifest)?.digest,
			onlyBlobs: manifest.kind !== 'index',
			references: references(manifest).map(({descriptor: {digest, size, mediaType}, as}) => ({digest, size, mediaType, as})),
		});
	}
});

test('what a push would refuse for what it leads to is not believed', t => {
	const cases: [object | string, string][] = [
		['no JSON', mediaTypes.ociManifest],
		['[]', mediaTypes.ociIndex],
		[image({layers: undefined}), mediaTypes.ociManifest],
		[image({config: undefined}), mediaTypes.ociManifest],
		[image({layers: [{...descriptor('a'), digest: 'sha256:00'}]}), mediaTypes.ociManifest],
		[image({layers: [{...descriptor('a'), size: -1}]}), mediaTypes.ociManifest],
		[image({subject: {digest: 1}}), mediaTypes.ociManifest],
		[image({manifests: []}), mediaTypes.ociManifest],
		[index({layers: []}), mediaTypes.ociIndex],
		[image({mediaType: mediaTypes.ociIndex}), mediaTypes.ociManifest],
		[image(), 'nonsense'],
	];
	for (const [document, contentType] of cases) {
		const bytes = typeof document === 'string' ? Buffer.from(document) : encode(document);
		t.throws(() => parseManifest(bytes, contentType), {instanceOf: OciError});
		t.throws(
			() => readLinks(bytes, contentType),
			{instanceOf: OciError, code: 'MANIFEST_INVALID'},
			`${JSON.stringify(document)} ${contentType}`,
		);
	}
});
