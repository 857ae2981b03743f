/** A cache some of whose layers are gone: what is left of it is served, and nothing that is gone. */
import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {asImporter, asPusher, cacheOf, importCache, layerDigest, layerOf, layersOf, pushCache} from '../support/caches.ts';
import {describe, imageOf} from '../support/client.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const main = `/v2/${repo}/manifests/main`;
const steps = ['one', 'two', 'three'];

/** As a lifecycle rule does it: nobody here hears of it. */
const lose = (store: ObjectStore, step: string) => store.remove([keys.blob(repo, layerDigest(step))]);
// What was seen is believed for a while; here nothing is.
const forgetful = {environment: {LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'}};

for (const form of ['manifest', 'index'] as const) {
	test(`an importer gets the layers that are left, of a cache in the form of ${form === 'index' ? 'an index' : 'a manifest'}`, async t => {
		const {client, store, log} = await startApp(t, forgetful);
		await pushCache(client, repo, 'main', {steps, form});
		await lose(store, 'two');
		const imported = await importCache(client, repo, 'main');
		t.deepEqual(imported.steps.toSorted(), layersOf('one', 'three'));
		t.is(imported.document.form, form);
		t.is(imported.document.config.records.length, 3);
		t.is(imported.derived, 'repaired');
		t.is(imported.from, `main@${cacheOf(steps, {form}).digest}`);
		t.like(
			log.find(line => line.msg === 'cache repaired'),
			{repo, tag: 'main', missing: [layerDigest('two')], missingCount: 1},
		);
	});
}

test('a cache that is whole is answered as it was pushed, and nothing is made', async t => {
	const {client, store} = await startApp(t, forgetful);
	await pushCache(client, repo, 'main', {steps});
	const answer = await client.get(main, asImporter);
	t.deepEqual(answer.body, Buffer.from(cacheOf(steps).manifest));
	t.is(answer.headers.get('layercache-derived'), null);
	t.deepEqual(await keysOf(store, `repos/${repo}/_derived/`), []);
});

test('whoever pushes or reads without being an importer gets what was pushed', async t => {
	const {client, store} = await startApp(t, forgetful);
	await pushCache(client, repo, 'main', {steps});
	await lose(store, 'two');
	const {digest} = cacheOf(steps);
	for (const headers of [asPusher(), {}, {Accept: 'application/vnd.oci.image.manifest.v1+json'}])
		t.is((await client.head(main, headers)).headers.get('docker-content-digest'), digest);
});

test('a repaired cache is made once, and every server has it, also one that was started later', async t => {
	const first = await startApp(t, forgetful);
	await pushCache(first.client, repo, 'main', {steps});
	await lose(first.store, 'two');
	const second = await startApp(t, {...forgetful, store: first.store});
	const answers = await Promise.all([first, second, first, second].map(({client}) => client.head(main, asImporter)));
	t.is(new Set(answers.map(({headers}) => headers.get('docker-content-digest'))).size, 1);
	t.is((await keysOf(first.store, `repos/${repo}/_derived/`)).length, 1);
	const before = await keysOf(first.store);
	const later = await startApp(t, {...forgetful, store: first.store});
	t.deepEqual((await importCache(later.client, repo, 'main', second.client)).steps.toSorted(), layersOf('one', 'three'));
	t.deepEqual(await keysOf(first.store), before);
});

test('a document that was made and is gone is made again', async t => {
	const {client, store} = await startApp(t, forgetful);
	await pushCache(client, repo, 'main', {steps});
	await lose(store, 'two');
	const {digest} = await importCache(client, repo, 'main');
	await store.remove([`repos/${repo}/_manifests/${digest.replace(':', '/')}`]);
	t.is((await importCache(client, repo, 'main')).digest, digest);
});

test('a layer that comes back is served again, once the manifest is pushed again', async t => {
	const {client, store} = await startApp(t);
	await pushCache(client, repo, 'main', {steps});
	await client.delete(`/v2/${repo}/blobs/${layerDigest('two')}`);
	t.is((await importCache(client, repo, 'main')).derived, 'repaired');
	await pushCache(client, repo, 'main', {steps});
	t.is((await importCache(client, repo, 'main')).derived, null);
	t.is((await keysOf(store, `repos/${repo}/_derived/`)).length, 1);
});

test('a layer of another size than its manifest says is as good as gone', async t => {
	const {client, store} = await startApp(t, forgetful);
	await pushCache(client, repo, 'main', {steps});
	await store.write(keys.blob(repo, layerDigest('two')), new Uint8Array());
	t.deepEqual((await importCache(client, repo, 'main')).steps.toSorted(), layersOf('one', 'three'));
});

test('a layer that a listing does not have, and the store does, is not dropped', async t => {
	const {store: inner, client: pusher} = await startApp(t);
	await pushCache(pusher, repo, 'main', {steps: [...steps, 'four', 'five']});
	const store: ObjectStore = {
		...inner,
		async *list(prefix, options) {
			for await (const entry of inner.list(prefix, options))
				if ('prefix' in entry || !entry.key.includes(layerDigest('two').slice(7))) yield entry;
		},
	};
	const {client} = await startApp(t, {store});
	t.is((await importCache(client, repo, 'main')).derived, null);
});

test('without its config a cache is not there', async t => {
	const {client, store} = await startApp(t, forgetful);
	await pushCache(client, repo, 'main', {steps});
	const {configDescriptor, digest} = cacheOf(steps);
	await store.remove([keys.blob(repo, configDescriptor.digest)]);
	for (const reference of ['main', digest])
		t.like(await client.get(`/v2/${repo}/manifests/${reference}`, asImporter), {status: 404, error: 'MANIFEST_UNKNOWN'});
});

test('by its digest a cache without all its layers is not there, and what was made of it is', async t => {
	const {client, store} = await startApp(t, forgetful);
	await pushCache(client, repo, 'main', {steps});
	await lose(store, 'two');
	const answer = await client.get(`/v2/${repo}/manifests/${cacheOf(steps).digest}`);
	t.like(answer, {status: 404, error: 'MANIFEST_UNKNOWN'});
	t.true(answer.text.includes(layerDigest('two')));
	t.is((await importCache(client, repo, 'main')).steps.length, 2);
});

test('a cache that lacks layers, and whose config nobody understands, is not there; a whole one is answered as it was pushed', async t => {
	const {client, store} = await startApp(t, forgetful);
	const config = '{"layers": "none of BuildKit\'s"}';
	const layers = [layerOf('one'), layerOf('two')];
	const manifest = imageOf(
		describe(config, cacheOf([]).configDescriptor.mediaType),
		layers.map(layer => describe(layer)),
	);
	for (const blob of [config, ...layers]) await client.pushBlob(repo, blob);
	await client.putManifest(repo, 'main', manifest);
	t.is((await client.get(main, asImporter)).text, JSON.stringify(manifest));
	await lose(store, 'one');
	t.is((await client.get(main, asImporter)).status, 404);
});

test('an image is answered byte for byte, whatever it lacks', async t => {
	const {client, store} = await startApp(t, forgetful);
	const manifest = imageOf(describe('{}', 'application/vnd.oci.image.config.v1+json'), [describe(layerOf('one'))]);
	for (const blob of ['{}', layerOf('one')]) await client.pushBlob(repo, blob);
	const put = await client.putManifest(repo, 'main', manifest);
	await lose(store, 'one');
	for (const reference of ['main', put.headers.get('docker-content-digest')])
		t.is((await client.get(`/v2/${repo}/manifests/${reference}`, asImporter)).text, JSON.stringify(manifest));
});

test('what was gone is believed to be gone for as long as what was there, and no longer', async t => {
	let ms = 0;
	const {client, store} = await startApp(t, {elapsed: () => ms});
	await pushCache(client, repo, 'main', {steps});
	ms += 300_001;
	await lose(store, 'two');
	t.is((await importCache(client, repo, 'main')).derived, 'repaired');
	await store.write(keys.blob(repo, layerDigest('two')), Buffer.from(layerOf('two')));
	ms += 300_000;
	t.is((await importCache(client, repo, 'main')).derived, 'repaired');
	ms += 1;
	t.is((await importCache(client, repo, 'main')).derived, null);
});

test('what one source says of the size of a layer takes it from no other', async t => {
	const {client} = await startApp(t, {...forgetful, policy: 'refs: [{match: "ci/**:main", union: ["wrong"]}]'});
	// Accepted while the layer is missing.
	const wrong = cacheOf(['one', 'two']);
	const document = JSON.parse(Buffer.from(wrong.manifest).toString());
	for (const layer of document.layers) if (layer.digest === layerDigest('one')) layer.size += 1;
	await client.pushBlob(repo, layerOf('two'));
	await client.pushBlob(repo, wrong.config);
	t.is((await client.putManifest(repo, 'wrong', JSON.stringify(document))).status, 201);
	await pushCache(client, repo, 'main', {steps: ['one', 'three']});
	t.deepEqual((await importCache(client, repo, 'main')).steps.toSorted(), layersOf('one', 'two', 'three'));
});

test('a cache of tens of thousands of layers that never came is answered in no more than moments', async t => {
	const {client} = await startApp(t);
	const cache = cacheOf(['one']);
	const document = JSON.parse(Buffer.from(cache.manifest).toString());
	for (let number = 0; number < 30_000; number += 1)
		document.layers.push({mediaType: 'a/b', digest: `sha256:${number.toString(16).padStart(64, '0')}`, size: 1});
	await client.pushBlob(repo, layerOf('one'));
	await client.pushBlob(repo, cache.config);
	t.is((await client.putManifest(repo, 'main', JSON.stringify(document))).status, 201);
	for (let turn = 0; turn < 2; turn += 1) {
		const before = performance.eventLoopUtilization();
		t.is((await client.head(main, asImporter)).status, 200);
		t.true(performance.eventLoopUtilization(before).active < 8000);
	}
});

test('an index of images is served as it is, also with a cache among its children', async t => {
	const {client} = await startApp(t, forgetful);
	const cache = cacheOf(['one']);
	const image = imageOf(describe('{}', 'application/vnd.oci.image.config.v1+json'), []);
	const child = JSON.stringify(image);
	await client.pushBlob(repo, '{}');
	await client.pushBlob(repo, cache.config);
	const mediaType = 'application/vnd.oci.image.index.v1+json';
	const childDigest = describe(child).digest;
	await client.putManifest(repo, childDigest, child, 'application/vnd.oci.image.manifest.v1+json');
	const manifests = [{...describe(child), mediaType: 'application/vnd.oci.image.manifest.v1+json'}, cache.configDescriptor];
	const index = JSON.stringify({schemaVersion: 2, mediaType, manifests});
	t.is((await client.putManifest(repo, 'main', index, mediaType)).status, 201);
	t.is((await client.get(main, asImporter)).text, index);
	t.is((await client.get(`/v2/${repo}/manifests/${describe(index).digest}`)).text, index);
});
