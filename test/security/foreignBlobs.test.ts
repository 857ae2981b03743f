/** Reading what another repository has: knowing its digest is not enough, whatever one does with it. */
import test, {type ExecutionContext} from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {someBytes} from '../support/bytes.ts';
import {type Client, describe, imageOf, location, withDigest} from '../support/client.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';

const secret = someBytes(100_000, 7);
const digest = digestOf(secret);
const builder = {'User-Agent': 'buildkit/v0.33'};
const config = describe('{}', mediaTypes.ociConfig);

/** A registry in which `victim/app` has a layer, and the attacker, `evil/app`, knows its digest. */
const startWithSecret = async (t: ExecutionContext, options: Parameters<typeof startApp>[1] = {}) => {
	const running = await startApp(t, options);
	const {client} = running;
	await client.pushBlob('victim/app', secret);
	await client.pushBlob('victim/app', '{}');
	await client.putManifest('victim/app', 'main', imageOf(config, [describe(secret)]));
	await client.pushBlob('evil/app', '{}');
	return running;
};

const assertUnread = async (t: ExecutionContext, client: Client) => {
	const ways: Record<string, string>[] = [{}, builder, {Accept: 'application/vnd.buildkit.cacheconfig.v0'}, {Range: 'bytes=0-0'}];
	for (const headers of ways) {
		t.is((await client.get(`/v2/evil/app/blobs/${digest}`, headers)).status, 404);
		t.is((await client.head(`/v2/evil/app/blobs/${digest}`, headers)).status, 404);
	}
};

test('the digest of a blob of another repository is no blob of this one', async t => {
	const {client} = await startWithSecret(t);
	await assertUnread(t, client);
});

type Push = [title: string, push: (client: Client) => Promise<{status: number}>];
const emptyPushes: Push[] = [
	['a closing PUT', async client => client.request('PUT', withDigest(await client.startUpload('evil/app'), digest))],
	[
		'a closing PUT that says how many bytes there were',
		async client =>
			client.request('PUT', withDigest((await client.startUpload('evil/app')).replace('size=0', `size=${secret.length}`), digest)),
	],
	['a POST of the whole', client => client.request('POST', `/v2/evil/app/blobs/uploads/?digest=${digest}`)],
	[
		'an empty chunk before the closing PUT',
		async client => {
			const next = location(await client.request('PATCH', await client.startUpload('evil/app')));
			return client.request('PUT', withDigest(next, digest));
		},
	],
	[
		'the id of an upload that the other repository has filled',
		async client => {
			const started = await client.startUpload('victim/app');
			const filled = location(await client.request('PATCH', started, {body: secret}));
			return client.request('PUT', withDigest(filled.replace('victim', 'evil'), digest));
		},
	],
	['a push of other bytes', client => client.pushBlob('evil/app', someBytes(secret.length, 8), digest)],
];
for (const [title, push] of emptyPushes) {
	test(`a push that sends nothing of a blob is refused, and gives nothing of it: ${title}`, async t => {
		const {client} = await startWithSecret(t);
		t.is((await push(client)).status, 400);
		await assertUnread(t, client);
	});
}

test('an upload that was redirected to the store, to which nothing was sent, gives nothing of the blob', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const large = someBytes(2 * 1024 * 1024, 9);
	const environment = {LAYERCACHE_STORE: 's3', LAYERCACHE_S3_BUCKET: double.bucketName};
	const {client} = await startWithSecret(t, {store, environment});
	await client.pushBlob('victim/app', large);
	const path = withDigest(await client.startUpload('evil/app'), digestOf(large));
	t.is((await client.request('PUT', path, {body: large, headers: builder})).status, 307);
	t.is((await client.get(`/v2/evil/app/blobs/${digestOf(large)}`)).status, 404);
	t.is((await client.putManifest('evil/app', 'main', imageOf(config, [describe(large)]))).error, 'MANIFEST_BLOB_UNKNOWN');
});

test('a manifest that names a blob of another repository is refused, and so is an index of its manifest', async t => {
	const {client} = await startWithSecret(t);
	t.is((await client.putManifest('evil/app', 'main', imageOf(config, [describe(secret)]))).error, 'MANIFEST_BLOB_UNKNOWN');
	const manifest = await client.get('/v2/victim/app/manifests/main');
	const child = {mediaType: mediaTypes.ociManifest, digest: manifest.headers.get('docker-content-digest'), size: manifest.body.length};
	const index = {schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child]};
	t.is((await client.putManifest('evil/app', 'main', index, mediaTypes.ociIndex)).error, 'MANIFEST_BLOB_UNKNOWN');
	await assertUnread(t, client);
});

test('a cache that names a layer of another repository is taken without it, and an importer gets neither the layer nor its name', async t => {
	const {client} = await startWithSecret(t);
	const cache = Buffer.from(
		JSON.stringify({
			layers: [{blob: digest, parent: -1}],
			records: [{digest: digestOf(Buffer.from('step')), layers: [{layer: 0}]}],
		}),
	);
	await client.pushBlob('evil/app', cache);
	const manifest = imageOf(describe(cache, 'application/vnd.buildkit.cacheconfig.v0'), [describe(secret)]);
	t.is((await client.putManifest('evil/app', 'cache', manifest)).status, 201);
	await assertUnread(t, client);
	const importer = {...builder, Accept: `${mediaTypes.ociManifest}, ${mediaTypes.ociIndex}, */*`};
	const answer = await client.get('/v2/evil/app/manifests/cache', importer);
	t.false(answer.status === 200 && JSON.parse(answer.text).layers.length > 0, answer.text);
});

test('a manifest whose subject is one of another repository refers to nothing there, and lists nothing from there', async t => {
	const {client} = await startWithSecret(t);
	const manifest = await client.get('/v2/victim/app/manifests/main');
	const subject = {mediaType: mediaTypes.ociManifest, digest: manifest.headers.get('docker-content-digest'), size: manifest.body.length};
	const signature = {...imageOf(config, []), subject};
	await client.putManifest('victim/app', 'signature', {...signature, annotations: {from: 'victim'}});
	t.is((await client.putManifest('evil/app', 'claim', {...signature, annotations: {from: 'evil'}})).status, 201);
	const listed = async (repo: string) => (await client.get(`/v2/${repo}/referrers/${subject.digest}`)).text;
	t.true((await listed('victim/app')).includes('"from":"victim"'));
	t.false((await listed('victim/app')).includes('evil'));
	t.false((await listed('evil/app')).includes('victim'));
	t.is((await client.get(`/v2/evil/app/manifests/${subject.digest}`)).status, 404);
});

test('a mount that does not say from where finds nothing, whoever has the blob', async t => {
	const {client} = await startWithSecret(t);
	for (const from of ['', '&from=', '&from=..%2Fvictim%2Fapp', '&from=VICTIM/app']) {
		t.is((await client.request('POST', `/v2/evil/app/blobs/uploads/?mount=${digest}${from}`)).status, 202);
	}
	await assertUnread(t, client);
});
