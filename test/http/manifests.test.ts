import test from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {type Client, describe, encode, imageOf, location} from '../support/client.ts';

const repo = 'ci/app';
const cacheConfigType = 'application/vnd.buildkit.cacheconfig.v0';
const config = describe('{"config":1}', mediaTypes.ociConfig);
const cacheConfig = describe('{"layers":[],"records":[]}', cacheConfigType);
const layer = describe('a layer');
const gone = describe('a layer that is not there');
const image = imageOf(config, [layer]);

const pushBlobs = async (client: Client) => {
	for (const bytes of ['{"config":1}', '{"layers":[],"records":[]}', 'a layer']) await client.pushBlob(repo, bytes);
};

test('a manifest is served byte-exact with its type, by tag and by digest', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const text = JSON.stringify(image, null, 3);
	const put = await client.putManifest(repo, 'main', text);
	t.is(put.status, 201);
	t.is(put.headers.get('docker-content-digest'), digestOf(Buffer.from(text)));
	for (const reference of ['main', digestOf(Buffer.from(text))]) {
		const get = await client.get(`/v2/${repo}/manifests/${reference}`);
		t.is(get.text, text);
		t.is(get.headers.get('content-type'), mediaTypes.ociManifest);
		const head = await client.head(`/v2/${repo}/manifests/${reference}`);
		t.is(head.headers.get('content-length'), String(text.length));
		t.is(head.headers.get('docker-content-digest'), digestOf(Buffer.from(text)));
		t.is(head.headers.get('content-type'), mediaTypes.ociManifest);
	}
});

test('a tag moves to what was pushed last, and what it had stays fetchable by digest', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const first = await client.putManifest(repo, 'main', image);
	const second = await client.putManifest(repo, 'main', imageOf(config, []));
	const now = await client.head(`/v2/${repo}/manifests/main`);
	t.is(now.headers.get('docker-content-digest'), second.headers.get('docker-content-digest'));
	t.is((await client.get(`/v2/${repo}/manifests/${first.headers.get('docker-content-digest')}`)).status, 200);
});

test('eight pushes to one tag at once all succeed, and the tag has one of them', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const manifests = Array.from({length: 8}, (_, index) => imageOf(config, [layer], {annotations: {job: String(index)}}));
	const puts = await Promise.all(manifests.map(manifest => client.putManifest(repo, 'main', manifest)));
	t.deepEqual(
		puts.map(({status}) => status),
		Array(8).fill(201),
	);
	const tag = await client.head(`/v2/${repo}/manifests/main`);
	t.true(puts.some(put => put.headers.get('docker-content-digest') === tag.headers.get('docker-content-digest')));
});

test('a push by digest with several tags makes them all, and says so', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const digest = digestOf(Buffer.from(encode(image)));
	const answer = await client.putManifest(repo, `${digest}?tag=a&tag=b`, image);
	t.is(answer.status, 201);
	t.is(answer.headers.get('oci-tag'), 'a, b');
	for (const tag of ['a', 'b']) t.is((await client.head(`/v2/${repo}/manifests/${tag}`)).headers.get('docker-content-digest'), digest);
});

test('what a manifest references must be there, and what is missing is named', async t => {
	const {client, store} = await startApp(t);
	await pushBlobs(client);
	const answer = await client.putManifest(repo, 'main', imageOf(config, [layer, gone]));
	t.like(answer, {status: 400, error: 'MANIFEST_BLOB_UNKNOWN'});
	t.true(answer.text.includes(gone.digest));
	t.false(answer.text.includes(layer.digest));
	t.deepEqual(await Array.fromAsync(store.list(`repos/${repo}/_manifests/`)), []);
	t.is((await client.get(`/v2/${repo}/manifests/main`)).status, 404);
});

test('a reference whose size is not that of the blob is refused', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const answer = await client.putManifest(repo, 'main', imageOf(config, [{...layer, size: layer.size + 1}]));
	t.like(answer, {status: 400, error: 'SIZE_INVALID'});
});

test('foreign layers and the subject need not be there', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const foreign = {
		...gone,
		mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
		urls: ['http://elsewhere.example/layer'],
	};
	const subject = {...gone, mediaType: mediaTypes.ociManifest};
	const answer = await client.putManifest(repo, 'main', imageOf(config, [layer, foreign], {subject}));
	t.is(answer.status, 201);
	t.is(answer.headers.get('oci-subject'), subject.digest);
});

test("a layer that is named twice, as BuildKit's caches do, is no problem", async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	t.is((await client.putManifest(repo, 'main', imageOf(cacheConfig, [layer, layer]))).status, 201);
});

test("BuildKit's older cache form, an index whose children are layers, is kept as it was pushed", async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	for (const mediaType of [mediaTypes.ociIndex, mediaTypes.dockerManifestList]) {
		const index = {schemaVersion: 2, mediaType, manifests: [layer, cacheConfig]};
		t.is((await client.putManifest(repo, 'main', index, mediaType)).status, 201, mediaType);
		const get = await client.get(`/v2/${repo}/manifests/main`);
		t.is(get.text, JSON.stringify(index));
		t.is(get.headers.get('content-type'), mediaType);
	}
});

test('a cache is accepted without some of its layers, in both forms, and the log says which', async t => {
	const {client, log} = await startApp(t);
	await pushBlobs(client);
	const index = {schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [layer, gone, cacheConfig]};
	t.is((await client.putManifest(repo, 'image-form', imageOf(cacheConfig, [layer, gone]))).status, 201);
	t.is((await client.putManifest(repo, 'index-form', index, mediaTypes.ociIndex)).status, 201);
	t.deepEqual(
		log.filter(line => 'missing' in line).map(line => line.missing),
		[[gone.digest], [gone.digest]],
	);
});

test('a cache without its config is refused in both forms', async t => {
	const {client} = await startApp(t);
	await client.pushBlob(repo, 'a layer');
	const index = {schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [layer, cacheConfig]};
	t.is((await client.putManifest(repo, 'main', imageOf(cacheConfig, [layer]))).error, 'MANIFEST_BLOB_UNKNOWN');
	t.is((await client.putManifest(repo, 'main', index, mediaTypes.ociIndex)).error, 'MANIFEST_BLOB_UNKNOWN');
});

test('an index of images needs its images', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const child = {mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from(encode(image))), size: Buffer.byteLength(encode(image))};
	const index = {schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child]};
	t.is((await client.putManifest(repo, 'multi', index, mediaTypes.ociIndex)).error, 'MANIFEST_BLOB_UNKNOWN');
	await client.putManifest(repo, child.digest, image);
	t.is((await client.putManifest(repo, 'multi', index, mediaTypes.ociIndex)).status, 201);
});

test('a cache that BuildKit would not import is accepted with a warning', async t => {
	const {client, log} = await startApp(t);
	await pushBlobs(client);
	const large = JSON.stringify({layers: [], records: [], padding: 'x'.repeat(1024 * 1024)});
	await client.pushBlob(repo, large);
	t.is((await client.putManifest(repo, 'main', imageOf(describe(large, cacheConfigType), []))).status, 201);
	t.true(log.some(line => String(line.warning).includes('its config has')));
});

test('any media type can be pushed and comes back', async t => {
	const {client} = await startApp(t);
	const answer = await client.putManifest(repo, 'thing', '{"anything": true}', 'application/vnd.example.thing+json');
	t.is(answer.status, 201);
	t.is((await client.get(`/v2/${repo}/manifests/thing`)).headers.get('content-type'), 'application/vnd.example.thing+json');
});

test('If-None-Match with the digest is 304', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const put = await client.putManifest(repo, 'main', image);
	const answer = await client.get(`/v2/${repo}/manifests/main`, {'If-None-Match': `"${put.headers.get('docker-content-digest')}"`});
	t.is(answer.status, 304);
});

test('?ns= of mirrors is accepted', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	await client.putManifest(repo, 'main', image);
	t.is((await client.get(`/v2/${repo}/manifests/main?ns=registry.example`)).status, 200);
});

test('a deleted tag is gone and its manifest stays', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const put = await client.putManifest(repo, 'main', image);
	t.is((await client.delete(`/v2/${repo}/manifests/main`)).status, 202);
	t.like(await client.get(`/v2/${repo}/manifests/main`), {status: 404, error: 'MANIFEST_UNKNOWN'});
	t.like(await client.delete(`/v2/${repo}/manifests/main`), {status: 404, error: 'MANIFEST_UNKNOWN'});
	t.is((await client.get(location(put).replace('main', String(put.headers.get('docker-content-digest'))))).status, 200);
});

test('a tag that was deleted can be pushed again', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	await client.putManifest(repo, 'main', image);
	await client.delete(`/v2/${repo}/manifests/main`);
	await client.putManifest(repo, 'main', image);
	t.is((await client.get(`/v2/${repo}/manifests/main`)).status, 200);
	t.deepEqual(JSON.parse((await client.get(`/v2/${repo}/tags/list`)).text).tags, ['main']);
});

test('a pusher is not told of a manifest from which a client has deleted something, and mends it by pushing again', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	await client.putManifest(repo, 'main', image);
	await client.delete(`/v2/${repo}/blobs/${layer.digest}`);
	const asPusher = {Accept: `${mediaTypes.ociManifest}, */*`};
	t.is((await client.head(`/v2/${repo}/manifests/main`, asPusher)).status, 404);
	t.is((await client.head(`/v2/${repo}/manifests/main`)).status, 200);
	await client.pushBlob(repo, 'a layer');
	t.is((await client.head(`/v2/${repo}/manifests/main`, asPusher)).status, 200);
});

test('a deleted manifest takes its tags along, for good, and leaves others', async t => {
	const {client} = await startApp(t);
	await pushBlobs(client);
	const {headers} = await client.putManifest(repo, 'main', image);
	await client.putManifest(repo, 'same', image);
	await client.putManifest(repo, 'other', imageOf(config, []));
	const digest = headers.get('docker-content-digest');
	t.is((await client.delete(`/v2/${repo}/manifests/${digest}`)).status, 202);
	t.like(await client.delete(`/v2/${repo}/manifests/${digest}`), {status: 404, error: 'MANIFEST_UNKNOWN'});
	await client.putManifest(repo, String(digest), image);
	t.is((await client.get(`/v2/${repo}/manifests/main`)).status, 404);
	t.deepEqual(JSON.parse((await client.get(`/v2/${repo}/tags/list`)).text).tags, ['other']);
});
