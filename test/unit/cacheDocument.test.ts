import test from 'ava';
import {digestOf, mediaTypes, parseManifest} from 'oci-spec-types';
import {cacheConfigMediaType, isCacheManifest, toleratesMissingLayer} from '../../src/cache/cacheDocument.ts';
import {importLimitBytes, importProblems} from '../../src/cache/importLimit.ts';

const descriptor = (mediaType: string, size = 10) => ({mediaType, digest: digestOf(Buffer.from(mediaType)), size});
const layer = descriptor(mediaTypes.ociLayerGzip);
const manifest = (value: object) => parseManifest(Buffer.from(JSON.stringify({schemaVersion: 2, ...value})));
const imageForm = (configSize?: number) =>
	manifest({mediaType: mediaTypes.ociManifest, config: descriptor(cacheConfigMediaType, configSize), layers: [layer]});
const indexForm = (mediaType: string) => manifest({mediaType, manifests: [layer, descriptor(cacheConfigMediaType)]});
const image = manifest({mediaType: mediaTypes.ociManifest, config: descriptor(mediaTypes.ociConfig), layers: [layer]});
const index = manifest({mediaType: mediaTypes.ociIndex, manifests: [descriptor(mediaTypes.ociManifest)]});

test("both forms of BuildKit's cache are recognised, images and indexes are not caches", t => {
	t.true(isCacheManifest(imageForm()));
	t.true(isCacheManifest(indexForm(mediaTypes.ociIndex)));
	t.true(isCacheManifest(indexForm(mediaTypes.dockerManifestList)));
	t.false(isCacheManifest(image));
	t.false(isCacheManifest(index));
});

test('a cache may lack a layer, not its config; an image may lack neither', t => {
	for (const cache of [imageForm(), indexForm(mediaTypes.ociIndex)]) {
		t.true(toleratesMissingLayer(cache, layer));
		t.false(toleratesMissingLayer(cache, descriptor(cacheConfigMediaType)));
	}
	t.false(toleratesMissingLayer(image, layer));
});

test('documents above the import limit are named, each', t => {
	t.deepEqual(importProblems(imageForm(importLimitBytes), importLimitBytes), []);
	t.is(importProblems(imageForm(importLimitBytes + 1), 100).length, 1);
	t.is(importProblems(imageForm(importLimitBytes + 1), importLimitBytes + 1).length, 2);
	t.deepEqual(importProblems(image, importLimitBytes + 1), []);
});
