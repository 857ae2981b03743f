import test from 'ava';
import {mediaTypes, parseManifest, parseRepositoryName, parseTag} from 'oci-spec-types';
import {isCacheManifest} from '../../src/cache/cacheDocument.ts';
import {createQueue} from '../../src/upstream/queue.ts';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';
import {asPusher, importCache, layersOf, pushCache} from '../support/caches.ts';
import {keysOf} from '../support/stores.ts';
import {until} from '../support/until.ts';
import {createUpstream, imageOfWord, pushThrough, startInFront, team, v1} from '../support/upstreams.ts';

const away = async () => {
	throw new UpstreamFailure('UNAVAILABLE', {
		host: 'there.example',
		operation: 'putManifest',
		message: 'there.example is away',
		isPassing: true,
	});
};
const queued = {route: 'images: queued'};

test('a queued image is acknowledged while the upstream is away, read from here meanwhile, and is there soon after', async t => {
	const {client, upstream, store, log} = await startInFront(t, queued);
	Object.assign(upstream.faults, {putBlob: away, putManifest: away, readTag: away, getManifest: away, statBlob: away});
	const {answer, digest} = await pushThrough(client, 'one');
	t.is(answer.status, 201);
	for (const headers of [{}, asPusher()])
		t.is((await client.head(`/v2/${team}/manifests/v1`, headers)).headers.get('docker-content-digest'), digest);
	await until(() => log.some(({msg}) => msg.startsWith('not handed over')));
	t.is((await keysOf(store, 'handovers/')).length, 1);

	for (const name of Object.keys(upstream.faults)) delete upstream.faults[name as keyof typeof upstream.faults];
	const other = await pushThrough(client, 'two', 'v2');
	await until(async () => (await upstream.digestAt(parseTag('v2'))) === other.digest);
	t.is(await upstream.digestAt(v1), undefined);
});

test('what waits survives the process, and is handed over by the next one', async t => {
	const first = await startInFront(t, queued);
	first.upstream.faults.putManifest = away;
	const {digest} = await pushThrough(first.client, 'one');
	await until(() => first.log.some(({msg}) => msg.startsWith('not handed over')));
	await first.app.stop();
	t.is(await first.upstream.digestAt(v1), undefined);
	t.is(await createQueue(first.store, {holder: 'test'}).hasten(() => true), 1);
	const next = await startInFront(t, {...queued, store: first.store});
	await until(async () => (await next.upstream.digestAt(v1)) === digest);
	await until(async () => (await keysOf(next.store, 'handovers/')).length === 0);
});

test('of several pushes to a tag the last one has it there, and each manifest is there by its digest', async t => {
	const {client, upstream, store} = await startInFront(t, queued);
	upstream.faults.putBlob = away;
	const words = ['one', 'two', 'three'];
	for (const word of words) t.is((await pushThrough(client, word)).answer.status, 201);
	upstream.faults.putBlob = undefined;
	await createQueue(store, {holder: 'test'}).hasten(() => true);
	await pushThrough(client, 'another', 'v2');
	await until(async () => (await keysOf(store, 'handovers/')).length === 0);
	t.is(await upstream.digestAt(v1), imageOfWord('three').digest);
	for (const word of words) t.is(await upstream.digestAt(imageOfWord(word).digest), imageOfWord(word).digest);
});

test('a cache is handed over too where a route says so, as an image manifest with the types of OCI, and the one here stays as it was', async t => {
	const {client, upstream, store} = await startInFront(t, {route: 'caches: both'});
	const answer = await pushCache(client, team, 'cache', {steps: ['a', 'b'], form: 'index'});
	t.is(answer.status, 201);
	await until(async () => (await keysOf(store, 'handovers/')).length === 0);
	const there = await upstream.kept.getManifest(team, parseTag('cache'));
	t.is(there.mediaType, mediaTypes.ociManifest);
	t.true(isCacheManifest(parseManifest(there.bytes, there.mediaType)));
	const here = await importCache(client, team, 'cache');
	t.is(here.mediaType, mediaTypes.ociIndex);
	t.deepEqual(here.steps.toSorted(), layersOf('a', 'b'));
});

test('a cache of a tag that merges is handed over as the union that the tag answers', async t => {
	const {client, upstream, store} = await startInFront(t, {
		route: 'caches: both',
		policy: 'refs: [{match: "team/**:shared", onPush: merge}]',
	});
	for (const step of ['a', 'b']) await pushCache(client, team, 'shared', {steps: [step]});
	await until(async () => (await keysOf(store, 'handovers/')).length === 0);
	const there = await upstream.kept.getManifest(team, parseTag('shared'));
	t.is(parseManifest(there.bytes, there.mediaType).kind, 'image');
	for (const layer of layersOf('a', 'b')) t.is((await upstream.kept.statBlob(team, layer)).digest, layer);
});

test('an upstream that hangs holds back nothing that waits for another one', async t => {
	const other = createUpstream();
	const {client, upstream} = await startInFront(t, {
		routes: ['{match: "team/**:*", upstream: there, images: queued}', '{match: "zoo/**:*", upstream: other, images: queued}'],
		others: {other: other.registry},
	});
	const hangs = Promise.withResolvers<never>();
	t.teardown(() => hangs.reject(new Error('the test is over')));
	upstream.faults.statBlob = () => hangs.promise;
	for (const word of ['one', 'two', 'three', 'four']) await pushThrough(client, word, word);
	const {digest} = await pushThrough(client, 'five', 'v1', 'zoo/app');
	await until(async () => (await other.digestAt(v1, parseRepositoryName('zoo/app'))) === digest);
	t.is(await upstream.digestAt(parseTag('four')), undefined);
});
