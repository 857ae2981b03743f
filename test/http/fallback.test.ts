/** Chains: a tag that is missing answers another one's cache, to importers. */
import test from 'ava';
import {mediaTypes, parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {startApp} from '../support/app.ts';
import {asImporter, asPusher, cacheOf, importCache, layerDigest, layersOf, pushCache} from '../support/caches.ts';
import {describe, imageOf} from '../support/client.ts';

const repo = parseRepositoryName('ci/app');
const at = (reference: string) => `/v2/${repo}/manifests/${reference}`;
const policy = `
refs:
  - match: "ci/**:main"
    protect: false
  - match: "ci/**:*"
    fallback: ["{base}", "develop", "main"]
`;

test('a missing tag answers the first cache of its chain, as that was pushed, and says so', async t => {
	const {client} = await startApp(t, {policy});
	t.is((await client.head(at('feature'), asImporter)).status, 404);
	await pushCache(client, repo, 'main', {steps: ['main']});
	const fromMain = await importCache(client, repo, 'feature');
	t.like(fromMain, {digest: cacheOf(['main']).digest, derived: 'fallback', from: `main@${cacheOf(['main']).digest}`});
	await pushCache(client, repo, 'develop', {steps: ['develop']});
	t.is((await importCache(client, repo, 'feature')).digest, cacheOf(['develop']).digest);
	await pushCache(client, repo, 'feature', {steps: ['feature']});
	t.like(await importCache(client, repo, 'feature'), {digest: cacheOf(['feature']).digest, derived: null});
});

test('feature..base answers the feature, else the base, without any policy', async t => {
	const {client} = await startApp(t);
	await pushCache(client, repo, 'release', {steps: ['release']});
	t.is((await importCache(client, repo, 'feature..release')).digest, cacheOf(['release']).digest);
	await pushCache(client, repo, 'feature', {steps: ['feature']});
	t.like(await importCache(client, repo, 'feature..release'), {digest: cacheOf(['feature']).digest, derived: 'fallback'});
	t.is((await client.head(at('other..gone'), asImporter)).status, 404);
});

test('with a union the answer is "mine plus the base"', async t => {
	const union = 'refs: [{match: "ci/**:pr-*", union: ["{base}", "main"]}]';
	const {client} = await startApp(t, {policy: union});
	for (const tag of ['main', 'release', 'pr-1']) await pushCache(client, repo, tag, {steps: [tag]});
	t.deepEqual((await importCache(client, repo, 'pr-1')).steps.toSorted(), layersOf('main', 'pr-1'));
	t.deepEqual((await importCache(client, repo, 'pr-1..release')).steps.toSorted(), layersOf('main', 'pr-1', 'release'));
	t.deepEqual((await importCache(client, repo, 'pr-2..release')).steps.toSorted(), layersOf('main', 'release'));
});

test("a pusher sees its own tag alone: a cache equal to main's is written all the same", async t => {
	const {client} = await startApp(t, {policy});
	await pushCache(client, repo, 'main', {steps: ['main']});
	t.is((await client.head(at('feature'), asPusher())).status, 404);
	// crane names every type of manifest before it pushes.
	const crane = [
		mediaTypes.dockerManifestSchema1,
		mediaTypes.dockerManifestSchema1Signed,
		mediaTypes.dockerManifest,
		mediaTypes.ociManifest,
	];
	t.is((await client.head(at('feature'), {Accept: crane.join(',')})).status, 404);
	t.is((await pushCache(client, repo, 'feature', {steps: ['main']})).status, 201);
	t.like(await importCache(client, repo, 'feature'), {digest: cacheOf(['main']).digest, derived: null});
});

test('a chain leads to caches only: an image that was never pushed is not there', async t => {
	const {client} = await startApp(t, {policy});
	const image = imageOf(describe('{}', mediaTypes.ociConfig), []);
	await client.pushBlob(repo, '{}');
	await client.putManifest(repo, 'develop', image);
	t.like(await client.get(at('v1'), asImporter), {status: 404, error: 'MANIFEST_UNKNOWN'});
	await pushCache(client, repo, 'main', {steps: ['main']});
	t.is((await importCache(client, repo, 'v1')).digest, cacheOf(['main']).digest);
	// And an image that is there is no reason to look any further.
	await client.putManifest(repo, 'v1', image);
	t.is((await client.get(at('v1'), asImporter)).text, JSON.stringify(image));
});

test('a tag whose config is gone is missing, and one of the chain is passed over', async t => {
	const {client, store} = await startApp(t, {policy, environment: {LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'}});
	for (const tag of ['feature', 'develop', 'main']) await pushCache(client, repo, tag, {steps: [tag]});
	for (const tag of ['feature', 'develop']) await store.remove([keys.blob(repo, cacheOf([tag]).configDescriptor.digest)]);
	t.like(await importCache(client, repo, 'feature'), {digest: cacheOf(['main']).digest, derived: 'fallback'});
});

test('a tag none of whose layers is left is missing, too', async t => {
	const {client, store} = await startApp(t, {policy, environment: {LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'}});
	for (const tag of ['feature', 'main']) await pushCache(client, repo, tag, {steps: [`${tag} 1`, `${tag} 2`]});
	await store.remove([keys.blob(repo, layerDigest('feature 1'))]);
	t.is((await importCache(client, repo, 'feature')).derived, 'repaired');
	await store.remove([keys.blob(repo, layerDigest('feature 2'))]);
	t.like(await importCache(client, repo, 'feature'), {digest: cacheOf(['main 1', 'main 2']).digest, derived: 'fallback'});
});

test('a cache that a chain leads to is repaired, and a union there is a union', async t => {
	const {client, store} = await startApp(t, {
		policy: 'refs: [{match: "ci/**:main", union: ["main-*"]}, {match: "ci/**:*", fallback: ["main"]}]',
		environment: {LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'},
	});
	await pushCache(client, repo, 'main', {steps: ['one', 'two']});
	await pushCache(client, repo, 'main-arm64', {steps: ['three']});
	await store.remove([keys.blob(repo, layerDigest('two'))]);
	const imported = await importCache(client, repo, 'feature');
	t.deepEqual(imported.steps.toSorted(), layersOf('one', 'three'));
	t.is(imported.derived, 'fallback, union, repaired');
});
