/** The way back: what is pushed to chosen tags is written as BuildKit's `type=s3` would have written it. */
import test from 'ava';
import {digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {parseTypeS3Cache} from '../../src/cache/typeS3Cache.ts';
import {readAll} from '../../src/lib/bytes.ts';
import {keys} from '../../src/registry/keys.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {asImporter, asPusher, cacheOf, layerDigest, layerOf, layersOf, type pushCache} from '../support/caches.ts';
import {describe, imageOf} from '../support/client.ts';
import {keysOf, recording} from '../support/stores.ts';
import {until} from '../support/until.ts';

const repo = parseRepositoryName('ci/app');
const policy = 'refs: [{match: "ci/*:main", typeS3: true}]';
const steps = ['one', 'two'];

/** With what BuildKit annotates layers: `type=s3` cannot do without it. */
const annotatedCache = (list: readonly string[]) => {
	const {manifest, ...rest} = cacheOf(list);
	const document = JSON.parse(Buffer.from(manifest).toString());
	for (const layer of document.layers)
		layer.annotations = {'containerd.io/uncompressed': digestOf(Buffer.from(layer.digest)), 'buildkit/createdat': '2026-01-01T00:00:00Z'};
	return {...rest, manifest: JSON.stringify(document)};
};

const push = async (client: Parameters<typeof pushCache>[0], tag: string, list: readonly string[]) => {
	const {manifest, config} = annotatedCache(list);
	for (const step of list) await client.pushBlob(repo, layerOf(step));
	await client.pushBlob(repo, config);
	return client.putManifest(repo, tag, manifest);
};

const stored = async (store: ObjectStore, key: string) => {
	const object = await store.read(key);
	return object && readAll(object.body);
};

test('a push to a chosen tag is there for type=s3, layers and all, when it is answered', async t => {
	const {client, store} = await startApp(t, {policy});
	t.is((await push(client, 'main', steps)).status, 201);
	const bytes = await stored(store, `repos/${repo}/_s3/manifests/main`);
	const copy = bytes && parseTypeS3Cache(bytes);
	t.deepEqual(copy?.layers.map(({digest}) => digest).toSorted(), layersOf(...steps));
	t.is(copy?.config.records.length, 2);
	for (const step of steps) t.deepEqual((await stored(store, `repos/${repo}/_s3/blobs/${layerDigest(step)}`))?.toString(), layerOf(step));
});

test('other tags, and images, are written once', async t => {
	const {client, store} = await startApp(t, {policy});
	await push(client, 'branch', steps);
	await client.pushBlob(repo, 'config');
	t.is((await client.putManifest(repo, 'main', imageOf(describe('config'), [describe(layerOf('one'))]))).status, 201);
	t.deepEqual(await keysOf(store, `repos/${repo}/_s3/`), []);
});

test('layers that are copied already are left alone, and a tag that is deleted takes its copy along', async t => {
	const {client, store} = await startApp(t, {policy});
	await push(client, 'main', steps);
	const before = (await store.stat(keys.typeS3Blob(repo, layerDigest('one'))))?.modified;
	await push(client, 'main', [...steps, 'three']);
	t.deepEqual((await store.stat(keys.typeS3Blob(repo, layerDigest('one'))))?.modified, before);
	const bytes = await stored(store, keys.typeS3Manifest(repo, parseTag('main')));
	t.is(bytes && parseTypeS3Cache(bytes).layers.length, 3);
	await client.delete(`/v2/${repo}/manifests/main`);
	t.is(await store.stat(keys.typeS3Manifest(repo, parseTag('main'))), undefined);
});

test('a layer that is gone is left out of the copy', async t => {
	const {client, store} = await startApp(t, {policy});
	const {manifest, config} = annotatedCache(steps);
	await client.pushBlob(repo, layerOf('one'));
	await client.pushBlob(repo, config);
	t.is((await client.putManifest(repo, 'main', manifest)).status, 201);
	const bytes = await stored(store, keys.typeS3Manifest(repo, parseTag('main')));
	t.deepEqual(bytes && parseTypeS3Cache(bytes).layers.map(({digest}) => digest), layersOf('one'));
});

test('a copy that fails does not fail the push, and both the log and the pusher hear of it', async t => {
	const store = createMemoryStore();
	const full: ObjectStore = {
		...store,
		copy: () => Promise.reject(new Error('the bucket takes no copies')),
	};
	const {client, store: seen, log} = await startApp(t, {policy, store: full});
	const answer = await push(client, 'main', steps);
	t.is(answer.status, 201);
	t.is(await seen.stat(keys.typeS3Manifest(repo, parseTag('main'))), undefined);
	t.truthy(log.find(({msg}) => msg === 'cache not written for type=s3'));
	t.regex(String(answer.headers.get('warning')), /type=s3/);
});

test('a push that finds nothing to do makes the copy that is missing, and leaves one that is there', async t => {
	const {client, store} = await startApp(t);
	const options = {store};
	await push(client, 'main', steps);
	const key = keys.typeS3Manifest(repo, parseTag('main'));
	t.is(await store.stat(key), undefined);

	const {client: later} = await startApp(t, {...options, policy});
	await later.head(`/v2/${repo}/manifests/main`, asImporter);
	await later.head(`/v2/${repo}/manifests/main`, asPusher());
	await until(async () => (await store.stat(key)) !== undefined);
	const bytes = await stored(store, key);
	t.deepEqual(
		bytes &&
			parseTypeS3Cache(bytes)
				.layers.map(({digest}) => digest)
				.toSorted(),
		layersOf(...steps),
	);

	await store.write(key, Buffer.from('of a later push'));
	await store.remove([keys.typeS3Blob(repo, layerDigest('one'))]);
	const {store: watched, asked} = recording(store);
	const {client: another} = await startApp(t, {store: watched, policy});
	const start = asked.length;
	await another.head(`/v2/${repo}/manifests/main`, asPusher());
	await until(() => asked.slice(start).includes('write'));
	t.truthy(await store.stat(keys.typeS3Blob(repo, layerDigest('one'))));
	t.is((await stored(store, key))?.toString(), 'of a later push');
});

test('whatever letters the failure of a copy has, the push is answered', async t => {
	const store: ObjectStore = {...createMemoryStore(), copy: () => Promise.reject(new Error('first line\nsecond: größer als erlaubt ✘'))};
	const {client} = await startApp(t, {policy, store});
	const answer = await push(client, 'main', steps);
	t.is(answer.status, 201);
	t.regex(String(answer.headers.get('warning')), /first line second: gr er als erlaubt/);
});

test('a config that nobody would read is not read for a copy either', async t => {
	const {client, store} = await startApp(t, {policy});
	const config = Buffer.alloc(17 * 1024 * 1024, ' ');
	await client.pushBlob(repo, config);
	const manifest = imageOf(describe(config, 'application/vnd.buildkit.cacheconfig.v0'), []);
	const answer = await client.putManifest(repo, 'main', manifest);
	t.is(answer.status, 201);
	t.regex(String(answer.headers.get('warning')), /more than 16777216 bytes/);
	t.deepEqual(await keysOf(store, `repos/${repo}/_s3/`), []);
});
