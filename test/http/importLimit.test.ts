/** Caches that BuildKit would refuse for their size, and say so only in its log. */
import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {asPusher, cacheOf, importCache, pushCache, recordDigest} from '../support/caches.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const limitBytes = 64 * 1024;
const environment = {LAYERCACHE_CACHE_IMPORT_LIMIT_BYTES: String(limitBytes)};

/** Steps that have one layer in common, so that the config is large and the manifest is not. */
const manySteps = (count: number) => Array.from({length: count}, (_, at) => `step ${at}`);
const sizeOf = ({manifest, config}: ReturnType<typeof cacheOf>) => Math.max(manifest.length, config.length);

test('a cache that is too large is served cut down, and whoever pushed it was told', async t => {
	const {client, log, url} = await startApp(t, {environment});
	const old = cacheOf(manySteps(1000));
	t.true(sizeOf(old) > limitBytes);
	const put = await pushCache(client, repo, 'main', {steps: manySteps(1000)});
	t.is(put.status, 201);
	t.is(put.headers.get('docker-content-digest'), old.digest);
	t.regex(String(put.headers.get('warning')), /^299 - "its \w+ has \d+ bytes, and BuildKit imports at most 65536[^"]*"/);
	t.true(log.some(line => line.msg === 'manifest accepted with a warning' && String(line.warning).includes('65536')));

	const imported = await importCache(client, repo, 'main');
	t.is(imported.derived, 'compacted');
	const {records} = imported.document.config;
	t.true(records.length > 100 && records.length < 1000);
	const answer = await client.get(`/v2/${repo}/manifests/${imported.digest}`);
	t.true(answer.body.length <= limitBytes);
	t.true(JSON.parse(answer.text).config.size <= limitBytes);
	// A pusher is told what is stored, and does not send it again.
	t.is((await client.head(`/v2/${repo}/manifests/main`, asPusher())).headers.get('docker-content-digest'), old.digest);

	const metrics = await (await fetch(`${url}/metrics`)).text();
	t.true(metrics.includes('layercache_pushes_above_import_limit_total 1'));
	t.true(metrics.includes('layercache_derived_answers_total{way="compacted"} 1'));
	t.true(metrics.includes('layercache_derived_documents_total 1'));
});

test('what is newer stays, and what is older goes first', async t => {
	const policy = 'refs: [{match: "ci/**:main", union: ["main-*"]}]';
	const {client} = await startApp(t, {environment, policy});
	await pushCache(client, repo, 'main', {steps: manySteps(150)});
	await pushCache(client, repo, 'main-new', {steps: ['newest'], createdAt: '2026-05-01T00:00:00Z'});
	await pushCache(client, repo, 'main-more', {steps: Array.from({length: 150}, (_, at) => `more ${at}`)});
	const imported = await importCache(client, repo, 'main');
	t.is(imported.derived, 'union, compacted');
	t.true(imported.document.config.records.some(({digest}) => digest === recordDigest('newest')));
	t.true(imported.document.config.records.length < 301);
});

test('a cache within the limit is pushed without a warning and served as it is', async t => {
	const {client, store} = await startApp(t, {environment});
	const put = await pushCache(client, repo, 'main', {steps: manySteps(20)});
	t.is(put.headers.get('warning'), null);
	t.is((await importCache(client, repo, 'main')).derived, null);
	t.deepEqual(await keysOf(store, `repos/${repo}/_derived/`), []);
});
