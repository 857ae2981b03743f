/** `GET /api/v1/refs/<repository>:<tag>`: what an importer would be answered, and why. */
import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {startApp} from '../support/app.ts';
import {cacheOf, importCache, layerDigest, pushCache} from '../support/caches.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const policy = 'refs: [{match: "ci/**:main", union: ["main-*"]}, {match: "ci/**:*", fallback: ["main"]}]';
const environment = {LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'};

test('it tells of what an answer is made, what is gone of that, and makes nothing', async t => {
	const {client, store} = await startApp(t, {policy, environment});
	const explain = async (tag: string) => JSON.parse((await client.get(`/api/v1/refs/${repo}:${tag}`)).text);
	t.like(await explain('main'), {repository: repo, tag: 'main', answer: 'nothing', ways: [], sources: [], importLimitBytes: 1024 * 1024});

	await pushCache(client, repo, 'main', {steps: ['one', 'two']});
	const {digest} = cacheOf(['one', 'two']);
	t.like(await explain('main'), {answer: 'as pushed', from: 'main', digest, ways: []});
	t.like(await explain('feature'), {answer: 'derived', from: 'main', digest, ways: ['fallback']});

	await pushCache(client, repo, 'main-arm64', {steps: ['three']});
	await store.remove([keys.blob(repo, layerDigest('two'))]);
	const explained = await explain('feature');
	t.like(explained, {answer: 'derived', from: 'main', digest: undefined, ways: ['fallback', 'union', 'repaired']});
	t.like(explained.sources[0], {tag: 'main', digest, layers: 2, missing: [layerDigest('two')]});
	t.like(explained.sources[1], {tag: 'main-arm64', digest: cacheOf(['three']).digest, layers: 1, missing: []});
	t.deepEqual(await keysOf(store, `repos/${repo}/_derived/`), []);

	const imported = await importCache(client, repo, 'main');
	t.is((await explain('main')).digest, imported.digest);
});

test('a ref that is none, and another method, are refused', async t => {
	const {client} = await startApp(t);
	t.like(await client.get('/api/v1/refs/ci/app'), {status: 400, error: 'invalid'});
	t.like(await client.get('/api/v1/refs/CI/app:main'), {status: 400, error: 'invalid'});
	t.like(await client.get('/api/v1/refs/ci/app:-main'), {status: 400, error: 'invalid'});
	t.like(await client.get('/api/v1/refs/%ff:main'), {status: 400, error: 'invalid'});
	t.like(await client.request('POST', '/api/v1/refs/ci/app:main'), {status: 405, error: 'method'});
});

test('a colon may be escaped', async t => {
	const {client} = await startApp(t);
	t.like(JSON.parse((await client.get('/api/v1/refs/ci/app%3Amain')).text), {repository: 'ci/app', tag: 'main'});
});
