/** `onPush: merge`: what earlier pushes had stays. */
import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {startApp} from '../support/app.ts';
import {asImporter, asPusher, cacheOf, importCache, layerOf, layersOf, pushCache} from '../support/caches.ts';
import {type Client, describe, imageOf} from '../support/client.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const shared = `/v2/${repo}/manifests/shared`;
const merge = (more = '') => `
refs:
  - match: "ci/**:shared*"
    onPush: merge
${more}`;

/** Each push is a second later than the one before it. */
const start = async (t: Parameters<typeof startApp>[0], policy = merge()) => {
	let second = 0;
	const started = await startApp(t, {policy, store: createMemoryStore({now: () => new Date(second * 1000)})});
	const push = async (step: string, tag = 'shared') => {
		second += 1;
		const answer = await pushCache(started.client, repo, tag, {steps: [step]});
		t.is(answer.status, 201);
		return answer;
	};
	const pass = (seconds: number) => {
		second += seconds;
	};
	return {...started, push, pass};
};
const tagsOf = async (client: Client) => JSON.parse((await client.get(`/v2/${repo}/tags/list`)).text).tags;

test('an import has what every push to the tag had, also those that come at once', async t => {
	const {client, store, push} = await start(t);
	const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
	await Promise.all(names.map(name => push(name)));
	const imported = await importCache(client, repo, 'shared');
	t.deepEqual(imported.steps.toSorted(), layersOf(...names));
	t.is(imported.derived, 'union');
	t.is((await keysOf(store, `repos/${repo}/_heads/shared/`)).length, 8);
	t.deepEqual(await keysOf(store, `repos/${repo}/_tags/`), []);
});

test('a push is answered with its digest, which stays fetchable, and the next pusher sees the newest', async t => {
	const {client, push} = await start(t);
	const first = await push('one');
	await push('two');
	t.is(first.headers.get('docker-content-digest'), cacheOf(['one']).digest);
	t.deepEqual((await client.get(`/v2/${repo}/manifests/${cacheOf(['one']).digest}`)).body, Buffer.from(cacheOf(['one']).manifest));
	t.is((await client.head(shared, asPusher())).headers.get('docker-content-digest'), cacheOf(['two']).digest);
	await push('one');
	t.is((await client.head(shared, asPusher())).headers.get('docker-content-digest'), cacheOf(['one']).digest);
});

test('the same push again makes nothing new', async t => {
	const {client, store, push} = await start(t);
	await push('one');
	await push('two');
	const {digest} = await importCache(client, repo, 'shared');
	const before = await keysOf(store);
	await push('one');
	t.is((await importCache(client, repo, 'shared')).digest, digest);
	t.deepEqual(await keysOf(store), before);
});

test('one push alone is answered as it was pushed', async t => {
	const {client, push} = await start(t);
	await push('one');
	t.is((await importCache(client, repo, 'shared')).digest, cacheOf(['one']).digest);
});

test('what the tag had before it began to merge is one more source', async t => {
	const {store, client: before} = await startApp(t);
	await pushCache(before, repo, 'shared', {steps: ['plain']});
	const {client} = await startApp(t, {store, policy: merge()});
	await pushCache(client, repo, 'shared', {steps: ['one']});
	t.deepEqual((await importCache(client, repo, 'shared')).steps.toSorted(), layersOf('one', 'plain'));
	t.deepEqual(await tagsOf(client), ['shared']);
});

test('only so many pushes count, none much older than the newest, and only so many bytes of layers', async t => {
	const bounded = async (heads: string) => {
		const {client, push, pass} = await start(t, merge(`    heads: ${heads}`));
		await push('one');
		pass(3600);
		for (const step of ['two', 'three']) await push(step);
		return (await importCache(client, repo, 'shared')).steps.toSorted();
	};
	t.deepEqual(await bounded('{count: 2}'), layersOf('two', 'three'));
	t.deepEqual(await bounded('{count: 1}'), layersOf('three'));
	t.deepEqual(await bounded('{age: 30m}'), layersOf('two', 'three'));
	t.deepEqual(await bounded('{age: 2h}'), layersOf('one', 'two', 'three'));
	// The newest counts, however large it is.
	t.deepEqual(await bounded('{size: 1B}'), layersOf('three'));
	t.deepEqual(await bounded(`{size: ${layerOf('two').length + layerOf('three').length}B}`), layersOf('two', 'three'));
});

test('lists and deletes take the heads of a tag for the tag', async t => {
	const {client, store, push} = await start(t);
	for (const tag of ['shared', 'shared-b', 'a', 'z', 'shared.c']) await push('one', tag);
	t.deepEqual(await tagsOf(client), ['a', 'shared', 'shared-b', 'shared.c', 'z']);
	t.deepEqual(JSON.parse((await client.get(`/v2/${repo}/tags/list?n=2&last=a`)).text).tags, ['shared', 'shared-b']);
	t.is((await client.delete(shared)).status, 202);
	t.like(await client.delete(shared), {status: 404, error: 'MANIFEST_UNKNOWN'});
	t.like(await client.get(shared, asImporter), {status: 404, error: 'MANIFEST_UNKNOWN'});
	t.deepEqual(await tagsOf(client), ['a', 'shared-b', 'shared.c', 'z']);
	t.deepEqual(await keysOf(store, `repos/${repo}/_heads/shared/`), []);
});

test('what was deleted while no rule let the tag merge does not come back with the rule', async t => {
	const store = createMemoryStore();
	const merging = await startApp(t, {policy: merge(), store});
	await pushCache(merging.client, repo, 'shared', {steps: ['one']});
	const plain = await startApp(t, {store});
	await pushCache(plain.client, repo, 'shared', {steps: ['two']});
	t.is((await plain.client.delete(shared)).status, 202);
	t.like(await merging.client.get(shared, asImporter), {status: 404, error: 'MANIFEST_UNKNOWN'});
});

test('a manifest that is deleted is no head of any tag any more', async t => {
	const {client, push} = await start(t);
	for (const step of ['one', 'two']) for (const tag of ['shared', 'shared-b']) await push(step, tag);
	t.is((await client.delete(`/v2/${repo}/manifests/${cacheOf(['two']).digest}`)).status, 202);
	for (const tag of ['shared', 'shared-b']) t.deepEqual((await importCache(client, repo, tag)).steps, layersOf('one'));
	t.is((await client.head(shared, asPusher())).headers.get('docker-content-digest'), cacheOf(['one']).digest);
});

test('an image that is pushed to such a tag is answered byte for byte, and not mixed with caches', async t => {
	const {client, push, pass} = await start(t);
	await push('one');
	pass(1);
	const image = imageOf(describe('{}', 'application/vnd.oci.image.config.v1+json'), []);
	await client.pushBlob(repo, '{}');
	await client.putManifest(repo, 'shared', image);
	t.is((await client.get(shared, asImporter)).text, JSON.stringify(image));
	await push('two');
	t.deepEqual((await importCache(client, repo, 'shared')).steps.toSorted(), layersOf('one', 'two'));
});

test('a push by digest with several tags reaches those that merge and those that do not', async t => {
	const {client} = await start(t);
	const {digest, manifest, mediaType} = cacheOf([]);
	await client.pushBlob(repo, cacheOf([]).config);
	t.is((await client.putManifest(repo, `${digest}?tag=shared&tag=plain`, manifest, mediaType)).status, 201);
	t.deepEqual(await tagsOf(client), ['plain', 'shared']);
	for (const tag of ['shared', 'plain'])
		t.is((await client.head(`/v2/${repo}/manifests/${tag}`, asPusher())).headers.get('docker-content-digest'), digest);
});

for (const union of ['["shared-*"]', '["shared-a", "shared-b"]', '["shared-a", "shared-b", "shared-c"]'])
	test(`a merging tag that is pushed to all day takes no other's place in the union ${union}`, async t => {
		const {client, push} = await start(t, `${merge()}  - match: "ci/**:all"\n    union: ${union}\n`);
		await push('quiet', 'shared-b');
		for (let number = 0; number < 70; number += 1) await push(`busy ${number}`, 'shared-a');
		const {steps} = await importCache(client, repo, 'all');
		t.is(steps.length, 64);
		t.true(steps.includes(layersOf('quiet')[0] as (typeof steps)[number]));
	});

test('what counts of a merging tag counts in the unions of others, too', async t => {
	const {client, push} = await start(t, `${merge('    heads: {count: 1}\n')}  - match: "ci/**:all"\n    union: ["shared*"]\n`);
	for (const step of ['one', 'two']) await push(step);
	t.deepEqual((await importCache(client, repo, 'all')).steps, layersOf('two'));
});
