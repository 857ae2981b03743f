import test from 'ava';
import {mediaTypes, parseTag} from 'oci-spec-types';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';
import {asImporter, asPusher, cacheOf, importCache, layersOf, pushCache} from '../support/caches.ts';
import {describe} from '../support/client.ts';
import {imageOfWord, pushThere, pushThrough, startInFront, team, v1} from '../support/upstreams.ts';

const away = async () => {
	throw new UpstreamFailure('UNAVAILABLE', {
		host: 'there.example',
		operation: 'getManifest',
		message: 'there.example is away',
		isPassing: true,
	});
};
const digestOfAnswer = ({headers}: {headers: Headers}) => headers.get('docker-content-digest');

test('what only the upstream has is read through the same name: its manifest by tag and digest, its blobs, parts of them, and its tags', async t => {
	const {client, upstream} = await startInFront(t);
	const {manifest, digest, layer, blobs} = await pushThere(upstream.kept, 'one');
	await pushCache(client, team, 'cache', {steps: ['a']});
	for (const reference of ['v1', digest]) t.is((await client.get(`/v2/${team}/manifests/${reference}`)).text, manifest);
	t.is((await client.get(`/v2/${team}/blobs/${layer}`)).text, blobs[1]);
	t.like(await client.get(`/v2/${team}/blobs/${layer}`, {Range: 'bytes=0-2'}), {status: 206, text: blobs[1].slice(0, 3)});
	t.deepEqual(JSON.parse((await client.get(`/v2/${team}/tags/list`)).text).tags, ['cache', 'v1']);
	t.deepEqual(JSON.parse((await client.get(`/v2/${team}/tags/list?n=1&last=cache`)).text).tags, ['v1']);
});

test('what is nowhere is 404, and with reads: here the upstream is not asked', async t => {
	const {client, upstream} = await startInFront(t);
	for (const path of ['manifests/v1', `manifests/${imageOfWord('x').digest}`, `blobs/${imageOfWord('x').layer}`, 'tags/list'])
		t.is((await client.get(`/v2/${team}/${path}`)).status, 404);
	t.true(upstream.asked.length > 0);

	const closed = await startInFront(t, {route: 'reads: here'});
	const {digest, layer} = await pushThere(closed.upstream.kept, 'one');
	for (const path of ['manifests/v1', `manifests/${digest}`, `blobs/${layer}`, 'tags/list'])
		t.is((await closed.client.get(`/v2/${team}/${path}`)).status, 404);
	t.deepEqual(closed.upstream.asked, []);
});

test('a client is sent on to where the upstream would send us, unless downloads are never redirected', async t => {
	const at = new URL('https://blobs.example/signed');
	for (const [environment, status] of [
		[{}, 307],
		[{LAYERCACHE_REDIRECT_DOWNLOADS: 'never'}, 200],
	] as const) {
		const {client, upstream} = await startInFront(t, {environment});
		const word = 'x'.repeat(100_000);
		const {layer} = await pushThere(upstream.kept, word);
		upstream.faults.locateBlob = async () => at;
		const answer = await client.get(`/v2/${team}/blobs/${layer}`);
		t.is(answer.status, status);
		t.is(answer.headers.get('location'), status === 307 ? at.href : null);
		// What is here is never fetched from there.
		await pushThrough(client, word);
		t.is((await client.get(`/v2/${team}/blobs/${layer}`)).status, 200);
	}
});

test('a tag that others have moved at the upstream means what it means there, though we have another image by it', async t => {
	const {client, upstream} = await startInFront(t);
	await pushThrough(client, 'one');
	const {digest} = await pushThere(upstream.kept, 'two');
	t.is(digestOfAnswer(await client.get(`/v2/${team}/manifests/v1`)), digest);
	t.is(digestOfAnswer(await client.head(`/v2/${team}/manifests/v1`, asPusher())), digest);
});

test('an image that the upstream has lost is told to be absent, so that a push sends it again', async t => {
	const {client, upstream} = await startInFront(t);
	const {digest} = await pushThrough(client, 'one');
	t.is((await client.head(`/v2/${team}/manifests/v1`, asPusher())).status, 200);
	await upstream.kept.deleteManifest(team, digest);
	t.is((await client.head(`/v2/${team}/manifests/v1`, asPusher())).status, 404);
	t.is((await client.get(`/v2/${team}/manifests/v1`)).status, 404);
	await pushThrough(client, 'one');
	t.is(await upstream.digestAt(v1), digest);
});

test('the same holds where reads stay here, and of what refers to an image', async t => {
	const {client, upstream} = await startInFront(t, {route: 'reads: here'});
	const {digest, manifest} = await pushThrough(client, 'one');
	const signature = imageOfWord('signature', {subject: describe(manifest, mediaTypes.ociManifest)});
	for (const blob of signature.blobs) await client.pushBlob(team, blob);
	await client.putManifest(team, signature.digest, signature.manifest);
	t.is((await client.head(`/v2/${team}/manifests/${signature.digest}`, asPusher())).status, 200);
	await upstream.kept.deleteManifest(team, digest);
	await upstream.kept.deleteManifest(team, signature.digest);
	for (const reference of ['v1', signature.digest]) {
		t.is((await client.head(`/v2/${team}/manifests/${reference}`, asPusher())).status, 404);
		t.is((await client.head(`/v2/${team}/manifests/${reference}`)).status, 200);
	}
});

test('a cache that is here is answered from here, whatever the upstream has by its tag, and without asking it', async t => {
	const {client, upstream} = await startInFront(t);
	await pushThere(upstream.kept, 'one');
	await pushCache(client, team, 'v1', {steps: ['a']});
	upstream.asked.length = 0;
	t.deepEqual((await importCache(client, team, 'v1')).steps, layersOf('a'));
	t.is((await client.head(`/v2/${team}/manifests/v1`, asPusher())).status, 200);
	t.deepEqual(upstream.asked, []);
});

test('a cache that only the upstream has is imported from there, before that of another tag', async t => {
	const {client, upstream} = await startInFront(t, {policy: 'refs: [{match: "team/**:*", fallback: [main]}]'});
	const cache = cacheOf(['old']);
	for (const bytes of ['the layer of old', cache.config]) {
		const {digest} = describe(bytes);
		await upstream.kept.putBlob(
			team,
			digest,
			(async function* () {
				yield Buffer.from(bytes);
			})(),
		);
	}
	await upstream.kept.putManifest(team, {bytes: cache.manifest, mediaType: cache.mediaType}, {tags: [parseTag('feature')]});
	await pushCache(client, team, 'main', {steps: ['a']});
	t.deepEqual((await importCache(client, team, 'other')).steps, layersOf('a'));
	t.is(digestOfAnswer(await client.head(`/v2/${team}/manifests/feature`, asImporter)), cache.digest);
	t.deepEqual((await importCache(client, team, 'feature')).steps, layersOf('old'));
});

test('while the upstream is away, what is here is answered, a push is told that there is nothing, and what is only there is an error that names it', async t => {
	const {client, upstream, log} = await startInFront(t);
	const {digest} = await pushThrough(client, 'one');
	await pushThere(upstream.kept, 'two', [parseTag('v2')]);
	Object.assign(upstream.faults, {readTag: away, getManifest: away, statBlob: away, readBlob: away});
	t.is(digestOfAnswer(await client.get(`/v2/${team}/manifests/v1`)), digest);
	t.true(log.some(({msg, upstream: name}) => msg === 'upstream passed over' && name === 'there'));
	t.is((await client.head(`/v2/${team}/manifests/v1`, asPusher())).status, 404);
	t.is((await client.head(`/v2/${team}/manifests/v3`, asPusher())).status, 404);
	t.is((await client.head(`/v2/${team}/manifests/${imageOfWord('x').digest}`, asPusher())).status, 404);
	// docker looks so before it sends a layer, and gives up where that fails.
	t.is((await client.head(`/v2/${team}/blobs/${imageOfWord('two').layer}`)).status, 404);
	t.is((await client.get(`/v2/${team}/blobs/${imageOfWord('two').layer}`)).status, 503);
	const answer = await client.get(`/v2/${team}/manifests/v2`);
	t.like(answer, {status: 503, error: 'UNAVAILABLE'});
	t.regex(answer.text, /there\.example is away/);
	t.is((await pushCache(client, team, 'cache', {steps: ['a']})).status, 201);
	t.deepEqual((await importCache(client, team, 'cache')).steps, layersOf('a'));
});

test('an upstream that was away a moment ago is not waited for again by those who have another answer', async t => {
	let now = 0;
	const {client, upstream} = await startInFront(t, {elapsed: () => now, policy: 'refs: [{match: "team/**:*", fallback: [main]}]'});
	await pushCache(client, team, 'main', {steps: ['a']});
	Object.assign(upstream.faults, {readTag: away, getManifest: away});
	const look = async (tag: string) => {
		upstream.asked.length = 0;
		t.is((await client.head(`/v2/${team}/manifests/${tag}`, asPusher())).status, 404);
		t.deepEqual((await importCache(client, team, tag)).steps, layersOf('a'));
		return upstream.asked.filter(name => name === 'getManifest').length;
	};
	t.is(await look('new-1'), 1);
	t.is(await look('new-2'), 0);
	now += 10_000;
	for (const name of Object.keys(upstream.faults)) delete upstream.faults[name as keyof typeof upstream.faults];
	t.is(await look('new-3'), 2);
});
