/** Rules that answer several tags' caches as one. */
import test from 'ava';
import {mediaTypes, parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {startApp} from '../support/app.ts';
import {asImporter, asPusher, cacheOf, importCache, layerDigest, layersOf, pushCache} from '../support/caches.ts';
import {describe, imageOf} from '../support/client.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const rule = (match: string, union: string) => `
refs:
  - match: "ci/**:${match}"
    union: ${union}
`;
const platforms = rule('main', '["main", "main-*"]');

test('a tag answers the caches of all tags that its rule names, and its own, in the order of their digests', async t => {
	const {client, log} = await startApp(t, {policy: platforms});
	for (const tag of ['main', 'main-arm64', 'main-amd64', 'mainly']) await pushCache(client, repo, tag, {steps: [tag, 'common']});
	const imported = await importCache(client, repo, 'main');
	t.deepEqual(imported.steps.toSorted(), layersOf('main', 'main-amd64', 'main-arm64', 'common'));
	t.is(imported.derived, 'union');
	for (const tag of ['main', 'main-arm64', 'main-amd64']) t.true(imported.from?.includes(`${tag}@${cacheOf([tag, 'common']).digest}`));
	t.like(
		log.find(line => line.msg === 'cache derived'),
		{repo, tag: 'main', ways: ['union'], count: 3, made: true},
	);
	const digests = log.find(line => line.msg === 'cache derived')?.sources as {digest: string}[];
	t.is(digests.length, 3);
});

test('a tag that was never pushed answers what its rule names, and 404 where there is nothing', async t => {
	const {client} = await startApp(t, {policy: rule('all', '["a", "b"]')});
	t.is((await client.head(`/v2/${repo}/manifests/all`, asImporter)).status, 404);
	await pushCache(client, repo, 'b', {steps: ['b']});
	const alone = await importCache(client, repo, 'all');
	t.is(alone.digest, cacheOf(['b']).digest);
	t.is(alone.derived, 'union');
	await pushCache(client, repo, 'a', {steps: ['a']});
	t.deepEqual((await importCache(client, repo, 'all')).steps.toSorted(), layersOf('a', 'b'));
	t.is((await client.head(`/v2/${repo}/manifests/all`, asPusher())).status, 404);
});

test('captures name sources, more than two tags too', async t => {
	const {client} = await startApp(t, {policy: rule('all-{os}', '["{os}-a", "{os}-b", "{os}-c"]')});
	for (const tag of ['linux-a', 'linux-b', 'linux-c', 'linux-d', 'other-a']) await pushCache(client, repo, tag, {steps: [tag]});
	t.deepEqual((await importCache(client, repo, 'all-linux')).steps.toSorted(), layersOf('linux-a', 'linux-b', 'linux-c'));
});

test('two servers make the same of the same, whichever was asked first, and store it once', async t => {
	const first = await startApp(t, {policy: platforms});
	const second = await startApp(t, {policy: platforms, store: first.store});
	for (const tag of ['main', 'main-a', 'main-b']) await pushCache(first.client, repo, tag, {steps: [tag]});
	const answers = await Promise.all([first, second, first, second].map(({client}) => importCache(client, repo, 'main')));
	t.is(new Set(answers.map(({digest}) => digest)).size, 1);
	t.is((await keysOf(first.store, `repos/${repo}/_derived/`)).length, 1);
});

test('what was told by one server is served by another, also after a source has moved', async t => {
	const first = await startApp(t, {policy: platforms});
	const second = await startApp(t, {policy: platforms, store: first.store});
	for (const tag of ['main', 'main-a']) await pushCache(first.client, repo, tag, {steps: [tag]});
	const {headers} = await first.client.head(`/v2/${repo}/manifests/main`, asImporter);
	await first.app.stop();
	await pushCache(second.client, repo, 'main-a', {steps: ['moved']});
	const answer = await second.client.get(`/v2/${repo}/manifests/${headers.get('docker-content-digest')}`);
	t.is(answer.status, 200);
	const {config} = JSON.parse(answer.text);
	t.is((await second.client.get(`/v2/${repo}/blobs/${config.digest}`, {Accept: `${config.mediaType}, */*`})).status, 200);
	t.deepEqual((await importCache(second.client, repo, 'main')).steps.toSorted(), layersOf('main', 'moved'));
});

test('a union has the form of an index where one of its sources has it', async t => {
	const {client} = await startApp(t, {policy: platforms});
	await pushCache(client, repo, 'main', {steps: ['new']});
	await pushCache(client, repo, 'main-old', {steps: ['old'], form: 'index'});
	const imported = await importCache(client, repo, 'main');
	t.is(imported.mediaType, mediaTypes.ociIndex);
	t.deepEqual(imported.steps.toSorted(), layersOf('new', 'old'));
});

test('a union has no layer that is gone, and none of a source whose config is', async t => {
	const {client, store} = await startApp(t, {policy: platforms, environment: {LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'}});
	await pushCache(client, repo, 'main', {steps: ['a', 'b']});
	await pushCache(client, repo, 'main-x', {steps: ['c', 'd']});
	await pushCache(client, repo, 'main-y', {steps: ['e']});
	await store.remove([keys.blob(repo, layerDigest('c')), keys.blob(repo, cacheOf(['e']).configDescriptor.digest)]);
	const imported = await importCache(client, repo, 'main');
	t.deepEqual(imported.steps.toSorted(), layersOf('a', 'b', 'd'));
	t.is(imported.derived, 'union, repaired');
});

test('images are neither answered with a union nor part of one', async t => {
	const {client} = await startApp(t, {policy: platforms});
	const image = imageOf(describe('{}', mediaTypes.ociConfig), []);
	await client.pushBlob(repo, '{}');
	await client.putManifest(repo, 'main-image', image);
	await pushCache(client, repo, 'main-a', {steps: ['a']});
	t.is((await importCache(client, repo, 'main')).digest, cacheOf(['a']).digest);
	await client.putManifest(repo, 'main', image);
	t.is((await client.get(`/v2/${repo}/manifests/main`, asImporter)).text, JSON.stringify(image));
});

test('a union of tags that merge has all that was pushed to each', async t => {
	const policy = `
refs:
  - match: "ci/**:job-*"
    onPush: merge
  - match: "ci/**:all"
    union: ["job-*"]
`;
	const {client} = await startApp(t, {policy});
	for (const [tag, step] of [
		['job-a', 'one'],
		['job-a', 'two'],
		['job-b', 'three'],
	] as const)
		await pushCache(client, repo, tag, {steps: [step]});
	t.deepEqual((await importCache(client, repo, 'all')).steps.toSorted(), layersOf('one', 'two', 'three'));
});
