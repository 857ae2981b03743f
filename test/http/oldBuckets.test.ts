/** Buckets that BuildKit's `type=s3` has filled, read as repositories. */
import test from 'ava';
import {digestOf, parseManifest, parseRepositoryName} from 'oci-spec-types';
import {cacheConfigOf} from '../../src/cache/cacheDocument.ts';
import {keys} from '../../src/registry/keys.ts';
import {startApp} from '../support/app.ts';
import {asImporter, importCache, layerDigest, layerOf, layersOf, pushCache} from '../support/caches.ts';
import {exportTypeS3, startOnOldBucket} from '../support/oldBuckets.ts';
import {keysOf} from '../support/stores.ts';
import {until} from '../support/until.ts';

const steps = ['one', 'two', 'three'];
const old = {repository: 'ci/old', names: ['main']};
const forgetful = {LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'};

test('a cache of an old bucket is imported: its own bytes are the config, and its layers are all there', async t => {
	const {client, double} = await startOnOldBucket(t, [old]);
	const bytes = exportTypeS3(double, ['main'], steps);
	const imported = await importCache(client, 'ci/old', 'main');
	t.deepEqual(imported.steps.toSorted(), layersOf(...steps));
	t.is(imported.derived, null);
	const answer = await client.get('/v2/ci/old/manifests/main', asImporter);
	t.is(cacheConfigOf(parseManifest(answer.body))?.digest, digestOf(bytes));
	for (const layer of imported.document.layers) t.truthy(layer.annotations?.['containerd.io/uncompressed']);
});

test('names with slashes become repository and tag, and each entry has prefixes of its own', async t => {
	const {client, double} = await startOnOldBucket(t, [
		{...old, names: ['main', 'team/java-app']},
		{repository: 'ci/other', names: ['main'], prefix: 'p-', blobsPrefix: 'b/', manifestsPrefix: 'm/'},
	]);
	exportTypeS3(double, ['main'], ['one']);
	exportTypeS3(double, ['team/java-app'], ['two']);
	exportTypeS3(double, ['main'], ['three'], {prefix: 'p-', blobsPrefix: 'b/', manifestsPrefix: 'm/'});
	t.deepEqual((await importCache(client, 'ci/old', 'main')).steps, layersOf('one'));
	t.deepEqual((await importCache(client, 'ci/old/team', 'java-app')).steps, layersOf('two'));
	t.deepEqual((await importCache(client, 'ci/other', 'main')).steps, layersOf('three'));
});

test('layers are sent for by URLs of the old bucket that say what they are, and are not copied', async t => {
	const {client, double, store} = await startOnOldBucket(t, [old], {environment: {LAYERCACHE_REDIRECT_DOWNLOADS: 'auto'}});
	const large = 'large'.repeat(20_000);
	exportTypeS3(double, ['main'], [large]);
	await importCache(client, 'ci/old', 'main');
	const answer = await client.get(`/v2/ci/old/blobs/${layerDigest(large)}`);
	t.is(answer.status, 307);
	const url = new URL(answer.headers.get('location') ?? '');
	t.is(url.host, double.endpoint.host);
	t.true(url.pathname.endsWith(`/blobs/${encodeURIComponent(layerDigest(large))}`));
	t.is(url.searchParams.get('response-content-encoding'), 'identity');
	t.is(url.searchParams.get('response-content-type'), 'application/octet-stream');
	t.is(await (await fetch(url)).text(), layerOf(large));
	t.deepEqual((await keysOf(store, 'repos/ci/old/_blobs/')).length, 1);
});

test('where nobody may be redirected, layers and parts of them are streamed', async t => {
	const {client, double} = await startOnOldBucket(t, [old], {environment: {LAYERCACHE_REDIRECT_DOWNLOADS: 'never'}});
	const large = 'large'.repeat(20_000);
	exportTypeS3(double, ['main'], [large]);
	const blob = `/v2/ci/old/blobs/${layerDigest(large)}`;
	t.is((await client.get(blob)).text, layerOf(large));
	t.like(await client.get(blob, {Range: 'bytes=4-6'}), {status: 206, text: layerOf(large).slice(4, 7)});
	t.is((await client.get(blob, {Range: 'bytes=999999999-'})).status, 416);
	t.is((await client.get(`/v2/ci/old/blobs/${layerDigest('another')}`)).status, 404);
});

test('what has expired is dropped before an importer sees it, and logged', async t => {
	const {client, double, log} = await startOnOldBucket(t, [old]);
	exportTypeS3(double, ['main'], steps);
	double.bucket.objects.delete(`blobs/${layerDigest('two')}`);
	const imported = await importCache(client, 'ci/old', 'main');
	t.deepEqual(imported.steps.toSorted(), layersOf('one', 'three'));
	t.is(imported.derived, 'repaired');
	t.like(
		log.find(({msg}) => msg === 'cache repaired'),
		{repo: 'ci/old', tag: 'main', missing: [layerDigest('two')]},
	);
	// A layer of another size is none that its descriptor promises.
	double.bucket.put(`blobs/${layerDigest('two')}`, Buffer.from('cut'), 'application/octet-stream');
	t.deepEqual((await importCache(client, 'ci/old', 'main')).steps.toSorted(), layersOf('one', 'three'));
});

test('whether layers are there is asked once in a while, and not for each import', async t => {
	const {client, double} = await startOnOldBucket(t, [old]);
	exportTypeS3(double, ['main'], steps);
	await importCache(client, 'ci/old', 'main');
	const before = double.requests.length;
	await importCache(client, 'ci/old', 'main');
	t.deepEqual(
		double.requests.slice(before).map(({operation, key}) => `${operation} ${key}`),
		['HeadObject manifests/main'],
	);
});

test('a digest that one replica has told of is answered by another, also when the bucket has moved on', async t => {
	const {client, double, store, options} = await startOnOldBucket(t, [old]);
	exportTypeS3(double, ['main'], ['one']);
	const digest = (await client.head('/v2/ci/old/manifests/main', asImporter)).headers.get('docker-content-digest');
	exportTypeS3(double, ['main'], ['two']);
	const {client: other} = await startApp(t, {...options, store});
	const answer = await other.get(`/v2/ci/old/manifests/${digest}`);
	t.is(answer.status, 200);
	const config = cacheConfigOf(parseManifest(answer.body))?.digest;
	t.is((await other.get(`/v2/ci/old/blobs/${config}`)).status, 200);
	t.deepEqual((await importCache(other, 'ci/old', 'main')).steps, layersOf('two'));
});

test('by digest a cache some of whose layers have expired since is unknown: a build would find out too late', async t => {
	const {client, double} = await startOnOldBucket(t, [old], {environment: forgetful});
	exportTypeS3(double, ['main'], steps);
	const digest = (await client.head('/v2/ci/old/manifests/main', asImporter)).headers.get('docker-content-digest');
	t.is((await client.get(`/v2/ci/old/manifests/${digest}`)).status, 200);
	double.bucket.objects.delete(`blobs/${layerDigest('two')}`);
	t.like(await client.get(`/v2/ci/old/manifests/${digest}`), {status: 404, error: 'MANIFEST_UNKNOWN'});
});

test('nothing can be written to an old bucket, and the refusal says what to do', async t => {
	const {client, double, store} = await startOnOldBucket(t, [old]);
	exportTypeS3(double, ['main'], steps);
	const before = new Map(double.bucket.objects);
	const refused = [
		await client.request('POST', '/v2/ci/old/blobs/uploads/'),
		await client.putManifest('ci/old', 'main', '{}'),
		await client.delete('/v2/ci/old/manifests/main'),
		await client.delete(`/v2/ci/old/blobs/${layerDigest('one')}`),
	];
	for (const answer of refused) t.like(answer, {status: 403, error: 'DENIED'});
	t.regex(String(refused[0]?.text), /export to another repository/);
	t.deepEqual(new Map(double.bucket.objects), before);
	t.deepEqual(await keysOf(store, 'repos/'), []);
	await pushCache(client, 'ci/new', 'main', {steps});
	t.deepEqual((await importCache(client, 'ci/new', 'main')).steps.toSorted(), layersOf(...steps));
});

test('its tags are the names that have a cache; one that is missing or unreadable is unknown, and that is logged', async t => {
	const {client, double, log} = await startOnOldBucket(t, [{...old, names: ['main', 'gone', 'broken']}]);
	exportTypeS3(double, ['main'], steps);
	double.bucket.put('manifests/broken', Buffer.from('{"layers":[{}]}'), 'application/json');
	t.deepEqual(JSON.parse((await client.get('/v2/ci/old/tags/list')).text), {name: 'ci/old', tags: ['broken', 'main']});
	t.deepEqual(JSON.parse((await client.get('/v2/_catalog')).text), {repositories: ['ci/old']});
	t.like(await client.get('/v2/ci/old/manifests/gone', asImporter), {status: 404, error: 'MANIFEST_UNKNOWN'});
	t.like(await client.get('/v2/ci/old/manifests/broken', asImporter), {status: 404, error: 'MANIFEST_UNKNOWN'});
	t.like(
		log.find(({msg}) => msg === 'old bucket'),
		{key: 'manifests/broken', problem: 'layers[0]: blob is no digest'},
	);
});

test('touch renews the age of layers that are read, once they are older than a day, and of nothing else', async t => {
	let now = Date.parse('2026-11-01T00:00:00Z');
	const {client, double} = await startOnOldBucket(t, [{...old, touch: true}], {
		environment: forgetful,
		double: {now: () => new Date(now)},
	});
	exportTypeS3(double, ['main'], steps);
	now += 23 * 3_600_000;
	await importCache(client, 'ci/old', 'main');
	t.is(double.count('CopyObject'), 0);
	now += 2 * 3_600_000;
	await importCache(client, 'ci/old', 'main');
	const modified = () => steps.map(step => double.bucket.get(`blobs/${layerDigest(step)}`).modified.getTime());
	await until(() => modified().every(time => time === now));
	t.true(double.bucket.get('manifests/main').modified.getTime() < now);
	t.deepEqual((await importCache(client, 'ci/old', 'main')).steps.toSorted(), layersOf(...steps));
});

test('a cache above what BuildKit imports is cut down to it', async t => {
	const {client, double} = await startOnOldBucket(t, [old], {environment: {LAYERCACHE_CACHE_IMPORT_LIMIT_BYTES: '65536'}});
	const many = Array.from({length: 400}, (_, at) => `step ${at}`);
	exportTypeS3(double, ['main'], many);
	const imported = await importCache(client, 'ci/old', 'main');
	t.is(imported.derived, 'compacted');
	t.true(imported.steps.length > 50 && imported.steps.length < 400);
});

test('a policy that no longer names the bucket ends it', async t => {
	const {client, double, options, store} = await startOnOldBucket(t, [old]);
	exportTypeS3(double, ['main'], steps);
	await importCache(client, 'ci/old', 'main');
	const {client: without} = await startApp(t, {...options, policy: '{}', store});
	t.is((await without.get('/v2/ci/old/manifests/main', asImporter)).status, 404);
	t.is((await keysOf(store, keys.tags(parseRepositoryName('ci/old')))).length, 0);
});

test('it can be asked where a ref comes from, and what of it is gone', async t => {
	const {client, double} = await startOnOldBucket(t, [{...old, prefix: 'p/'}]);
	exportTypeS3(double, ['main'], steps, {prefix: 'p/'});
	double.bucket.objects.delete(`p/blobs/${layerDigest('two')}`);
	const explain = async (ref: string) => JSON.parse((await client.get(`/api/v1/refs/${ref}`)).text);
	t.like(await explain('ci/old:main'), {
		answer: 'old bucket',
		bucket: double.bucketName,
		key: 'p/manifests/main',
		ways: ['repaired'],
		layers: 2,
		missing: [layerDigest('two')],
		digest: (await importCache(client, 'ci/old', 'main')).digest,
	});
	t.like(await explain('ci/old:other'), {answer: 'nothing'});
	t.like(await explain('ci/new:main'), {answer: 'nothing', ways: []});
});
