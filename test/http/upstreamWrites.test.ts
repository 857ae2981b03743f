import test from 'ava';
import {digestOf, mediaTypes, OciError, parseTag} from 'oci-spec-types';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';
import {apiOf} from '../support/adminApi.ts';
import {asPusher, pushCache} from '../support/caches.ts';
import {describe} from '../support/client.ts';
import {keysOf} from '../support/stores.ts';
import {until} from '../support/until.ts';
import {createUpstream, imageOfWord, pushThere, pushThrough, startInFront, team, v1} from '../support/upstreams.ts';

const away = async () => {
	throw new UpstreamFailure('UNAVAILABLE', {
		host: 'there.example',
		operation: 'putManifest',
		message: 'there.example is away',
		isPassing: true,
	});
};

test('an image goes through: when its push is answered the upstream has it byte for byte, and a cache of any form stays here', async t => {
	const {client, upstream} = await startInFront(t);
	const {answer, digest, manifest} = await pushThrough(client, 'one');
	t.is(answer.status, 201);
	t.is(answer.headers.get('docker-content-digest'), digest);
	const there = await upstream.kept.getManifest(team, v1);
	t.is(Buffer.from(there.bytes).toString(), manifest);
	for (const form of ['manifest', 'index'] as const) {
		t.is((await pushCache(client, team, `cache-${form}`, {steps: ['a'], form})).status, 201);
		t.is(await upstream.digestAt(parseTag(`cache-${form}`)), undefined);
	}
	t.deepEqual((await Array.fromAsync(upstream.kept.listTags(team))) as string[], ['v1']);
});

test('an image of several platforms goes with its children, and a child that waits here for its index has gone nowhere yet', async t => {
	const {client, upstream} = await startInFront(t);
	const children = [imageOfWord('amd64'), imageOfWord('arm64')];
	for (const {blobs, manifest, digest} of children) {
		for (const blob of blobs) await client.pushBlob(team, blob);
		t.is((await client.putManifest(team, digest, manifest)).status, 201);
		t.is(await upstream.digestAt(digest), undefined);
	}
	const manifests = children.map(({manifest}) => ({...describe(manifest, mediaTypes.ociManifest)}));
	const index = JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests});
	t.is((await client.putManifest(team, 'v1', index, mediaTypes.ociIndex)).status, 201);
	t.is(await upstream.digestAt(v1), digestOf(Buffer.from(index)));
	for (const {digest} of children) t.is(await upstream.digestAt(digest), digest);
});

test('blobs that the upstream has are not sent again, and neither is a manifest that its tag has', async t => {
	const {client, upstream} = await startInFront(t);
	await pushThere(upstream.kept, 'one', [parseTag('other')]);
	await pushThrough(client, 'one');
	t.false(upstream.asked.includes('putBlob'));
	t.is(upstream.asked.filter(name => name === 'putManifest').length, 1);
	await pushThrough(client, 'one');
	t.is(upstream.asked.filter(name => name === 'putManifest').length, 1);
});

test('a push that the upstream does not take is not acknowledged and moves no tag, here or there; repeated, it succeeds', async t => {
	const {client, upstream} = await startInFront(t);
	await pushThrough(client, 'one');
	upstream.faults.putManifest = away;
	const {answer, digest} = await pushThrough(client, 'two');
	t.like(answer, {status: 503, error: 'UNAVAILABLE'});
	t.regex(answer.text, /there\.example is away/);
	const before = imageOfWord('one').digest;
	t.is((await client.get(`/v2/${team}/manifests/v1`)).headers.get('docker-content-digest'), before);
	t.is(await upstream.digestAt(v1), before);
	upstream.faults.putManifest = undefined;
	t.is((await client.putManifest(team, 'v1', imageOfWord('two').manifest)).status, 201);
	t.is(await upstream.digestAt(v1), digest);
});

test('where the upstream breaks off in the middle of the blobs, no manifest is there', async t => {
	const {client, upstream} = await startInFront(t);
	let sent = 0;
	upstream.faults.putBlob = async (...given) => (++sent === 2 ? away() : upstream.kept.putBlob(...given));
	t.is((await pushThrough(client, 'one')).answer.status, 503);
	t.is(await upstream.digestAt(v1), undefined);
	upstream.faults.putBlob = undefined;
	t.is((await pushThrough(client, 'one')).answer.status, 201);
});

test('what the upstream refuses is told in its words, with its status', async t => {
	const {client, upstream} = await startInFront(t);
	upstream.faults.putManifest = async () => {
		throw new OciError('TAG_INVALID', undefined, {message: 'there.example has this tag already, and it is immutable'});
	};
	const {answer} = await pushThrough(client, 'one');
	t.like(answer, {status: 400, error: 'TAG_INVALID'});
	t.regex(answer.text, /immutable/);
});

test('a client that was told of what only the upstream has need not send it, also where the image stays here', async t => {
	const {client, upstream} = await startInFront(t);
	const {blobs, layer} = await pushThere(upstream.kept, 'base', [parseTag('base')]);
	t.is((await client.head(`/v2/${team}/blobs/${layer}`)).status, 200);
	const {manifest, digest} = imageOfWord('base');
	t.is((await client.putManifest(team, 'v1', manifest)).status, 201);
	t.is(await upstream.digestAt(v1), digest);

	const staying = await startInFront(t, {route: 'images: here'});
	await pushThere(staying.upstream.kept, 'base', [parseTag('base')]);
	t.is((await staying.client.putManifest(team, 'v1', manifest)).status, 201);
	staying.upstream.faults.readBlob = away;
	t.is((await staying.client.get(`/v2/${team}/blobs/${layer}`)).text, blobs[1]);
	t.is(await staying.upstream.digestAt(v1), undefined);
});

test('what a client need not send since another upstream of its repository has it, the one that its tag goes to gets all the same', async t => {
	const old = createUpstream();
	const {client, upstream} = await startInFront(t, {
		routes: ['{match: "team/**:old*", upstream: old}', '{match: "team/**:*", upstream: there}'],
		others: {old: old.registry},
	});
	const {layer, manifest, digest} = await pushThere(old.kept, 'base', [parseTag('old1')]);
	t.is((await client.head(`/v2/${team}/blobs/${layer}`)).status, 200);
	t.is((await client.putManifest(team, 'v1', manifest)).status, 201);
	t.is(await upstream.digestAt(v1), digest);
});

test('of several tags in one push each goes its own way, also where the image was only upstream before', async t => {
	const {client, upstream, store} = await startInFront(t, {
		routes: ['{match: "team/**:v*", upstream: there}', '{match: "team/**:later", upstream: there, images: queued}'],
	});
	const {manifest, digest} = await pushThere(upstream.kept, 'base', [parseTag('base')]);
	const answer = await client.request('PUT', `/v2/${team}/manifests/${digest}?tag=v1&tag=later&tag=stays`, {
		body: manifest,
		headers: {'Content-Type': mediaTypes.ociManifest},
	});
	t.is(answer.status, 201);
	t.is(await upstream.digestAt(v1), digest);
	await until(async () => (await upstream.digestAt(parseTag('later'))) === digest);
	await until(async () => (await keysOf(store, 'handovers/')).length === 0);
	t.is(await upstream.digestAt(parseTag('stays')), undefined);
	t.is((await client.get(`/v2/${team}/manifests/stays`)).text, manifest);
});

test('whoever pushes with BuildKit is told of what is here alone: a cache has to be whole here', async t => {
	const {client, upstream} = await startInFront(t);
	const {layer} = await pushThere(upstream.kept, 'base');
	t.is((await client.head(`/v2/${team}/blobs/${layer}`, asPusher(mediaTypes.ociLayerGzip))).status, 404);
	t.is((await client.head(`/v2/${team}/blobs/${layer}`)).status, 200);
});

test('an image that names what is nowhere is refused, and is nowhere', async t => {
	const {client, upstream} = await startInFront(t);
	const {manifest} = imageOfWord('nothing of this');
	t.like(await client.putManifest(team, 'v1', manifest), {status: 400, error: 'MANIFEST_BLOB_UNKNOWN'});
	t.is(await upstream.digestAt(v1), undefined);
});

test('a signature goes where the image went that it refers to, without a tag', async t => {
	const {client, upstream} = await startInFront(t);
	const {digest, manifest} = await pushThrough(client, 'one');
	const signature = imageOfWord('signature', {subject: describe(manifest, mediaTypes.ociManifest)});
	for (const blob of signature.blobs) await client.pushBlob(team, blob);
	t.is((await client.putManifest(team, signature.digest, signature.manifest)).status, 201);
	t.is(await upstream.digestAt(signature.digest), signature.digest);
	const listed = JSON.parse((await client.get(`/v2/${team}/referrers/${digest}`)).text);
	t.is(listed.manifests.length, 1);
});

test('a protected tag is moved neither here nor there', async t => {
	const {client, upstream} = await startInFront(t, {
		policy: 'refs: [{match: "team/**:v1", protect: true}]',
	});
	t.is((await pushThrough(client, 'one')).answer.status, 403);
	t.is(await upstream.digestAt(v1), undefined);
});

test('the image of a route is deleted where it lies; caches are deleted here', async t => {
	const {client, upstream} = await startInFront(t);
	const {digest} = await pushThrough(client, 'one');
	await pushCache(client, team, 'cache', {steps: ['a']});
	for (const reference of ['v1', digest]) {
		const answer = await client.delete(`/v2/${team}/manifests/${reference}`);
		t.like(answer, {status: 405, error: 'UNSUPPORTED'});
		t.regex(answer.text, /upstream there, as team\/app: delete it there/);
	}
	t.is((await client.delete(`/v2/${team}/manifests/cache`)).status, 202);
	t.is((await client.head(`/v2/${team}/manifests/cache`)).status, 404);
	t.is(await upstream.digestAt(v1), digest);
});

test('a route names the repository there, and refs without a route stay here', async t => {
	const {client, upstream} = await startInFront(t, {route: 'repository: "prod/{repository}"'});
	await pushThrough(client, 'one');
	t.is(await upstream.digestAt(v1, 'prod/team/app' as never), imageOfWord('one').digest);
	t.is((await pushThrough(client, 'one', 'v1', 'elsewhere/app')).answer.status, 201);
	t.deepEqual((await Array.fromAsync(upstream.kept.listRepositories())) as string[], ['prod/team/app']);
});

test('a tag that somebody protected by hand is moved neither here nor there', async t => {
	const {client, upstream, url} = await startInFront(t);
	const {digest} = await pushThrough(client, 'one');
	t.is((await apiOf(t, url).send('POST', '/api/v1/refs/protect', {ref: `${team}:v1`})).status, 200);
	t.like((await pushThrough(client, 'two')).answer, {status: 403, error: 'DENIED'});
	t.is(await upstream.digestAt(v1), digest);
	// What it has already, it may be given again.
	t.is((await pushThrough(client, 'one')).answer.status, 201);
});

test('a client that leaves in the middle of its push leaves nothing half done: what is there is whole, and a repeat succeeds', async t => {
	const {client, url, upstream} = await startInFront(t);
	const {blobs, manifest, digest} = imageOfWord('one');
	for (const blob of blobs) await client.pushBlob(team, blob);
	const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
	upstream.faults.putBlob = async (...given) => {
		arrived.resolve();
		await released.promise;
		return upstream.kept.putBlob(...given);
	};
	const leaving = new AbortController();
	const push = fetch(`${url}/v2/${team}/manifests/v1`, {
		method: 'PUT',
		body: manifest,
		headers: {'Content-Type': mediaTypes.ociManifest},
		signal: leaving.signal,
	});
	await arrived.promise;
	leaving.abort();
	await t.throwsAsync(push);
	t.is(await upstream.digestAt(v1), undefined);
	released.resolve();
	t.is((await client.putManifest(team, 'v1', manifest)).status, 201);
	t.is(await upstream.digestAt(v1), digest);
});
