import test from 'ava';
import {type Digest, digestOf, mediaTypes, parseManifest} from 'oci-spec-types';
import {type CacheDocument, cacheConfigOf, parseCacheDocument, toManifest} from '../../src/cache/cacheDocument.ts';
import {describeLayers} from '../../src/cache/describeLayers.ts';
import {parseInlineCache} from '../../src/cache/inlineCache.ts';
import {merge} from '../../src/cache/merge.ts';
import {repair} from '../../src/cache/repair.ts';
import {translate} from '../../src/cache/translate.ts';
import {formatTypeS3Cache, parseTypeS3Cache} from '../../src/cache/typeS3Cache.ts';
import {createLookup, type Query, queriesOf} from '../support/buildkitModel.ts';
import {realBytes, realCache, realManifest} from '../support/realCaches.ts';

const [main, branch] = [realCache('main'), realCache('branch')];
const text = (document: CacheDocument) => Buffer.from(toManifest(document).manifest).toString();
const first = () => 0;
const last = (count: number) => count - 1;
const queries = (document: CacheDocument) => [...queriesOf(document, first), ...queriesOf(document, last)];
const hits = (document: CacheDocument, asked: readonly Query[]) => {
	const lookup = createLookup(document);
	return asked.map(query => lookup(query).length > 0);
};
const blobsOf = (document: CacheDocument) => document.layers.map(({digest}) => digest);
const sorted = (list: readonly string[]) => [...list].sort();

test('a cache that is only read and written keeps its config to the byte', t => {
	for (const name of ['main', 'branch', 'index', 'docker'] as const) {
		const {configDescriptor, config} = toManifest(realCache(name));
		t.deepEqual(configDescriptor, cacheConfigOf(realManifest(name)));
		t.deepEqual(Buffer.from(config), realBytes(`${name}.config.json`));
	}
});

test('the union of two editions has every hit of both, and steps that both have only once', t => {
	const union = merge([main, branch]);
	for (const source of [main, branch]) {
		const asked = queries(source);
		t.deepEqual(hits(union, asked), hits(source, asked));
	}
	// Both have the shell and what is built on it: of ten steps each five are the same.
	t.is(union.config.records.length, 15);
	t.is(text(merge([branch, main, union])), text(union));
});

test('the union of all forms of one cache has the index form, and nothing twice', t => {
	const union = merge([realCache('docker'), main, realCache('index')]);
	t.is(union.form, 'index');
	t.is(toManifest(union).mediaType, mediaTypes.ociIndex);
	t.deepEqual(union.config, merge([main]).config);
	t.is(toManifest(merge([realCache('docker')])).mediaType, mediaTypes.dockerManifestList);
	t.true(realCache('docker').layers.every(({mediaType}) => mediaType === mediaTypes.dockerLayerGzip));
});

test('without one layer, whichever, a repaired cache misses what needs it, hits the rest, and keeps its config', t => {
	const asked = queries(main);
	const before = hits(main, asked);
	const uses = new Map(describeLayers(main).map(use => [use.digest, use]));
	for (const gone of blobsOf(main)) {
		const repaired = repair(main, digest => digest === gone);
		const lost = uses.get(gone)?.lostWithout ?? [];
		t.true(lost.length > 0);
		t.deepEqual(
			hits(repaired, asked),
			before.map((hit, at) => hit && !lost.includes((asked[at] as Query).digest)),
		);
		t.is(toManifest(repaired).configDescriptor.digest, toManifest(main).configDescriptor.digest);
	}
	t.is(
		repair(main, () => false),
		main,
	);
});

test('each layer tells its size, its age, its line of the Dockerfile and what would be lost without it', t => {
	const uses = describeLayers(main);
	t.deepEqual(
		uses.map(({digest}) => digest),
		blobsOf(main),
	);
	const [base] = main.config.layers.flatMap(({blob, parent}) => (parent === -1 ? [blob] : []));
	const use = uses.find(({digest}) => digest === base);
	// Everything stands on the shell.
	t.is(use?.lostWithout.length, main.config.records.filter(({results}) => results.length > 0).length);
	t.true((use?.size ?? 0) > 1_000_000);
	t.regex(use?.createdAt ?? '', /^2026-/);
	const unneeded = {...main.layers[0], digest: digestOf(Buffer.from('needed by nothing')), mediaType: mediaTypes.ociLayer, size: 1};
	t.like(describeLayers({...main, layers: [...main.layers, unneeded]}).at(-1), {neededBy: [], lostWithout: []});
});

test('a cache in the other form has the same layers and config, and comes back as it was', t => {
	const index = translate(main, 'index');
	t.is(text(translate(index, 'manifest')), text(main));
	t.is(toManifest(translate(realCache('docker'), 'manifest')).digest, toManifest(main).digest);
	const {manifest, mediaType, config} = toManifest(index);
	t.deepEqual(parseCacheDocument(parseManifest(manifest, mediaType), config), index);
	t.is(translate(index, 'index'), index);
});

test("an image's inline cache is a cache of its layers", t => {
	const inline = parseInlineCache(realManifest('image'), realBytes('image.config.json'));
	t.truthy(inline);
	if (!inline) return;
	const asked = queries(inline);
	t.true(hits(inline, asked).some(hit => hit));
	const union = merge([inline, branch]);
	for (const source of [inline, branch]) {
		const inUnion = hits(union, queries(source));
		t.true(hits(source, queries(source)).every((hit, at) => !hit || inUnion[at]));
	}
	for (const layer of inline.layers) {
		t.truthy(layer.annotations?.['containerd.io/uncompressed']);
		t.truthy(layer.annotations?.['buildkit/description']);
	}
	t.is(parseInlineCache(realManifest('image'), Buffer.from('{"rootfs":{"diff_ids":[]}}')), undefined);
	t.is(parseInlineCache(realManifest('index'), Buffer.from('{}')), undefined);
});

test('what type=s3 wrote is the same cache, and its bytes serve as the config', t => {
	const bytes = realBytes('typeS3.json');
	const document = parseTypeS3Cache(bytes);
	t.deepEqual(document.config, main.config);
	t.deepEqual(sorted(blobsOf(document)), sorted(blobsOf(main)));
	t.is(toManifest(document).configDescriptor.digest, digestOf(bytes));
	t.deepEqual(hits(document, queries(main)), hits(main, queries(main)));
});

test('what is written for type=s3 is read as the same cache, without layers that BuildKit would refuse it for', t => {
	const again = parseTypeS3Cache(formatTypeS3Cache(main));
	t.deepEqual(hits(again, queries(main)), hits(main, queries(main)));
	t.deepEqual(sorted(blobsOf(again)), sorted(blobsOf(main)));

	const undescribed = main.layers.at(-1);
	const layers = main.layers.map(layer => (layer === undescribed ? {...layer, annotations: {}} : layer));
	const written = JSON.parse(Buffer.from(formatTypeS3Cache({...main, layers})).toString()) as {
		layers: {blob: Digest; annotations?: object}[];
	};
	t.true(written.layers.length > 0);
	t.true(written.layers.every(({blob, annotations}) => blob !== undescribed?.digest && annotations));
});
