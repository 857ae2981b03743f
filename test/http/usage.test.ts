/** What the server writes down of pushes, imports and fetches, read in the store once it has ended. */
import test, {type ExecutionContext} from 'ava';
import {mediaTypes, parseDigest, parseRepositoryName, parseTag} from 'oci-spec-types';
import {cacheConfigMediaType} from '../../src/cache/cacheDocument.ts';
import {dayOf} from '../../src/lib/days.ts';
import {startApp} from '../support/app.ts';
import {someBytes} from '../support/bytes.ts';
import {asImporter, asPusher, cacheOf, importCache, layerDigest, layerOf, pushCache} from '../support/caches.ts';
import {createClient, describe, imageOf} from '../support/client.ts';
import {openStoreOn, startStoreOnDouble} from '../support/s3DoubleStore.ts';
import {keysOf} from '../support/stores.ts';
import {readUsage} from '../support/usage.ts';

const app = parseRepositoryName('ci/app');
const main = parseTag('main');
const today = () => dayOf(Date.now());

const start = async (t: ExecutionContext, options: Parameters<typeof startApp>[1] = {}) => {
	const {app: server, store, ...rest} = await startApp(t, options);
	return {
		...rest,
		store,
		async usage() {
			await server.stop();
			return readUsage(t, store);
		},
	};
};

test('a push is counted once, whether it writes or finds nothing to do', async t => {
	const {client, usage} = await start(t);
	const {manifest, mediaType} = cacheOf(['a']);
	await pushCache(client, app, main, {steps: ['a']});
	// The next export looks, finds its own manifest, and ends.
	t.is((await client.head('/v2/ci/app/manifests/main', asPusher(mediaType))).status, 200);
	// The one after that finds another one, and writes.
	t.is((await client.head('/v2/ci/app/manifests/main', asPusher(mediaType))).status, 200);
	t.is((await client.putManifest(app, main, manifest, mediaType)).status, 201);
	const {pushes, imports, lastPushed, lastImported, clients} = await (await usage()).ref(app, main);
	t.deepEqual({pushes, imports, lastImported}, {pushes: 3, imports: 0, lastImported: undefined});
	t.true(Math.abs(Number(lastPushed) - Date.now()) < 60_000);
	t.like(clients, [{client: '127.0.0.1', pushes: 3, imports: 0}]);
});

test('looking as before a push is no push where one may only pull', async t => {
	const {client, url, usage} = await start(t, {
		policy: 'access: [{who: {anyone: true}, may: pull, on: "**:*"}, {who: {addresses: 127.0.1.1}, may: [pull, push], on: "**:*"}]',
		environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1', LAYERCACHE_AUTH: 'none'},
	});
	const {mediaType} = cacheOf(['a']);
	await pushCache(createClient(url, {'X-Forwarded-For': '127.0.1.1'}), app, main, {steps: ['a']});
	t.is((await client.head('/v2/ci/app/manifests/main', asPusher(mediaType))).status, 200);
	t.like(await (await usage()).ref(app, main), {pushes: 1, clients: [{client: '127.0.1.1', pushes: 1}]});
});

test('looking before a push that finds no tag is no push', async t => {
	const {client, usage} = await start(t);
	t.is((await client.head('/v2/ci/app/manifests/main', asPusher())).status, 404);
	t.like(await (await usage()).ref(app, main), {pushes: 0, misses: 0, lastPushed: undefined});
});

test('BuildKit imports with a HEAD of the tag and a GET of its digest: one import', async t => {
	const {client, usage} = await start(t);
	await pushCache(client, app, main, {steps: ['a']});
	await importCache(client, app, main);
	await importCache(client, app, main);
	const ref = await (await usage()).ref(app, main);
	t.like(ref, {imports: 2, fallbacks: 0, misses: 0, lent: 0, clients: [{client: '127.0.0.1', imports: 2}]});
	t.deepEqual(ref.days, [{day: today(), pushes: 1, imports: 2, misses: 0, lent: 0}]);
	t.true(Math.abs(Number(ref.lastImported) - Date.now()) < 60_000);
});

test('a HEAD and a GET of the same tag by the same client are one import; a GET alone is one too', async t => {
	const {client, usage} = await start(t);
	await pushCache(client, app, main, {steps: ['a']});
	const path = '/v2/ci/app/manifests/main';
	await client.head(path, asImporter);
	await client.get(path, asImporter);
	t.is((await client.get(path, asImporter)).status, 200);
	t.like(await (await usage()).ref(app, main), {imports: 2});
});

test('an import of what is not there is a miss, and no use of it', async t => {
	const {client, usage} = await start(t);
	t.is((await client.head('/v2/ci/app/manifests/pr-1', asImporter)).status, 404);
	t.is((await client.get('/v2/ci/app/manifests/pr-1', asImporter)).status, 404);
	const {ref, totals} = await usage();
	t.like(await ref(app, parseTag('pr-1')), {imports: 0, misses: 1, lastImported: undefined});
	t.like(await totals(today()), [{imports: 0, importMisses: 1}]);
});

test('a fallback is an import of both: of what was asked for, and of the cache that answered', async t => {
	const {client, usage} = await start(t, {policy: 'refs: [{match: "ci/**:pr-*", fallback: [main]}]'});
	await pushCache(client, app, main, {steps: ['a']});
	await importCache(client, app, 'pr-1');
	const {refs, totals} = await usage();
	const found = await refs(app);
	t.like(found.get(parseTag('pr-1')), {imports: 1, fallbacks: 1, lent: 0});
	t.like(found.get(main), {imports: 0, fallbacks: 0, lent: 1});
	t.not(found.get(main).lastImported, undefined);
	t.like(await totals(today()), [{imports: 1, fallbacks: 1, importMisses: 0}]);
});

test('every source of a union is in use when the union is imported', async t => {
	const {client, usage} = await start(t, {policy: 'refs: [{match: "ci/**:main", union: [main, "main-*"]}]'});
	for (const tag of ['main-amd64', 'main-arm64']) await pushCache(client, app, tag, {steps: [tag]});
	await importCache(client, app, main);
	const found = await (await usage()).refs(app);
	t.like(found.get(main), {imports: 1, fallbacks: 0});
	for (const tag of ['main-amd64', 'main-arm64']) t.like(found.get(parseTag(tag)), {imports: 0, lent: 1, pushes: 1});
	t.not(found.get(parseTag('main-arm64')).lastImported, undefined);
});

test('docker pull is no import, and a use all the same', async t => {
	const {client, usage} = await start(t);
	await pushCache(client, app, main, {steps: ['a']});
	await client.head('/v2/ci/app/manifests/main', {...asImporter, 'User-Agent': 'docker/28.0.0'});
	const ref = await (await usage()).ref(app, main);
	t.like(ref, {imports: 0, lastImported: undefined});
	t.not(ref.lastRead, undefined);
});

test('layers are counted with the bytes that were streamed; documents are no layers', async t => {
	const {client, usage} = await start(t);
	const {config} = cacheOf(['a']);
	await pushCache(client, app, main, {steps: ['a']});
	const path = `/v2/ci/app/blobs/${layerDigest('a')}`;
	await client.get(path);
	await client.get(path, {Range: 'bytes=0-3'});
	t.is((await client.get(path, {'If-None-Match': `"${layerDigest('a')}"`})).status, 304);
	await client.get(`/v2/ci/app/blobs/${describe(config).digest}`, {Accept: `${cacheConfigMediaType}, */*`});
	const bytes = layerOf('a').length + 4;
	const {layers, totals, clients} = await usage();
	t.like((await layers(app)).get(layerDigest('a')), {fetches: 3, bytes, days: [{day: today(), fetches: 3, bytes}]});
	t.is([...(await layers(app)).entries()].length, 1);
	t.like(await totals(today()), [{fetches: 3, fetchedBytes: bytes, streamedBytes: bytes, redirectedBytes: 0}]);
	t.like(await clients(today()), [{client: '127.0.0.1', fetches: 3, fetchedBytes: bytes}]);
});

test('what goes by redirect is counted by its descriptor, and what was streamed by the bytes that came', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const {client, usage, url} = await start(t, {store, environment: {LAYERCACHE_REDIRECT_UPLOADS: 'unsafe'}});
	const large = someBytes(1024 * 1024 + 1);
	const streamed = someBytes(100_000);
	await client.pushBlob(app, streamed);
	const upload = await client.startUpload(app);
	const answer = await fetch(new URL(`${upload}&digest=${describe(large).digest}`, url), {
		method: 'PUT',
		body: large,
		redirect: 'manual',
		headers: {'User-Agent': 'buildkit/v0.33'},
	});
	t.is(answer.status, 307);
	t.is((await client.get(`/v2/ci/app/blobs/${describe(streamed).digest}`)).status, 307);
	await usage();
	const {totals, layers} = readUsage(t, openStoreOn(t, double));
	t.like(await totals(today()), [
		{
			...{pushedBytes: large.length + streamed.length, redirectedPushBytes: large.length},
			...{fetches: 1, fetchedBytes: streamed.length, redirectedBytes: streamed.length, streamedBytes: 0},
		},
	]);
	t.like((await layers(app)).get(parseDigest(describe(streamed).digest)), {fetches: 1, bytes: streamed.length});
});

test('an upload in chunks counts what its chunks had', async t => {
	const {client, usage} = await start(t);
	const upload = await client.startUpload(app);
	const {headers} = await client.request('PATCH', upload, {body: 'first, '});
	await client.request('PUT', `${headers.get('location')}&digest=${describe('first, second').digest}`, {body: 'second'});
	t.like(await (await usage()).totals(today()), [{pushedBytes: 'first, second'.length, redirectedPushBytes: 0}]);
});

test('a manifest that is pushed by digest with tags is a push to each of them; one without a tag is none', async t => {
	const {client, usage} = await start(t);
	const config = describe('{}', mediaTypes.ociConfig);
	await client.pushBlob(app, '{}');
	const manifest = imageOf(config, []);
	const {digest} = describe(JSON.stringify(manifest));
	t.is((await client.putManifest(app, digest, manifest)).status, 201);
	t.is((await client.putManifest(app, `${digest}?tag=a&tag=b`, manifest)).status, 201);
	const found = await (await usage()).refs(app);
	t.deepEqual(
		[...found.entries()].map(([tag, {pushes}]) => [tag, pushes]),
		[
			['a', 1],
			['b', 1],
		],
	);
});

test('a server to which nothing happens writes nothing', async t => {
	const {client, usage, store} = await start(t);
	await client.get('/v2/');
	await client.get('/metrics');
	await usage();
	t.deepEqual(await keysOf(store, 'usage/'), []);
});

test('the metrics tell imports, pushes, layers and uploads', async t => {
	const {client} = await start(t);
	await pushCache(client, app, main, {steps: ['a']});
	await importCache(client, app, main);
	await client.head('/v2/ci/app/manifests/none', asImporter);
	await client.get(`/v2/ci/app/blobs/${layerDigest('a')}`);
	const {text} = await client.get('/metrics');
	for (const line of [
		'layercache_imports_total{outcome="hit"} 1',
		'layercache_imports_total{outcome="miss"} 1',
		'layercache_pushes_total 1',
		'layercache_layers_fetched_total{way="streamed"} 1',
		`layercache_layers_fetched_bytes_total{way="streamed"} ${layerOf('a').length}`,
		`layercache_blobs_received_bytes_total{way="streamed"} ${layerOf('a').length + cacheOf(['a']).config.length}`,
	])
		t.true(text.includes(`${line}\n`), line);
});
