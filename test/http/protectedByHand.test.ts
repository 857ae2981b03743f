/** Tags that somebody protected by hand: refused to clients like those that the policy protects, whatever the policy says. */
import test, {type ExecutionContext} from 'ava';
import {digestOf, mediaTypes, parseRepositoryName, parseTag} from 'oci-spec-types';
import {readAll} from '../../src/lib/bytes.ts';
import {keys} from '../../src/registry/keys.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {apiOf} from '../support/adminApi.ts';
import {startApp} from '../support/app.ts';
import {describe, encode, imageOf} from '../support/client.ts';
import {keysOf, recording} from '../support/stores.ts';

const repo = 'ci/app';
const main = {'X-Forwarded-For': '127.0.1.1'};
const other = {'X-Forwarded-For': '127.0.2.2'};

const policy = `refs:
  - match: "ci/**:quiet"
    onDenied: discard
  - match: "ci/**:shared"
    onPush: merge
access:
  - who: {anyone: true}
    may: [pull, push, delete]
    on: "**:*"
  - who: {addresses: 127.0.1.0/24}
    may: protect
    on: "**:*"
`;

const start = async (t: ExecutionContext) => {
	const {store, asked} = recording(createMemoryStore());
	const app = await startApp(t, {
		store,
		policy,
		environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1', LAYERCACHE_AUTH: 'none'},
	});
	const {client, log} = app;
	for (const blob of ['{}', 'one', 'two']) await client.pushBlob(repo, blob);
	const put = (reference: string, manifest: object, headers = other) =>
		client.request('PUT', `/v2/${repo}/manifests/${reference}`, {
			headers: {'Content-Type': mediaTypes.ociManifest, ...headers},
			body: encode(manifest),
		});
	const keyOf = (tag: string) => keys.tag(parseRepositoryName(repo), parseTag(tag));
	const documentOf = async (tag: string): Promise<string> => {
		const object = await store.read(keyOf(tag));
		if (!object) throw new Error(`there is no ${tag}`);
		return (await readAll(object.body)).toString();
	};
	return {
		...app,
		asked,
		keyOf,
		documentOf,
		put,
		remove: (path: string, headers = other) => client.request('DELETE', `/v2/${repo}/${path}`, {headers}),
		digestAt: async (tag: string) => (await client.head(`/v2/${repo}/manifests/${tag}`)).headers.get('docker-content-digest'),
		/** Behind the server's back, as another process does it. */
		async protect(tag: string, isProtected = true) {
			const document = {...JSON.parse(await documentOf(tag)), protected: isProtected, nonce: `${tag} ${isProtected}`};
			await store.write(keyOf(tag), Buffer.from(JSON.stringify(document)));
		},
		denials: () => log.filter(({msg}) => msg === 'protected ref').map(({tag, did, outcome}) => [tag, did, outcome]),
	};
};

const imageWith = (layer: string) => imageOf(describe('{}', mediaTypes.ociConfig), [describe(layer)]);
const [first, second] = [imageWith('one'), imageWith('two')];
const digestIn = (manifest: object) => digestOf(Buffer.from(encode(manifest)));

test('a tag that is protected by hand is moved by those who may, stays protected, and is moved by nobody else', async t => {
	const {put, protect, digestAt, denials} = await start(t);
	await put('main', first);
	await protect('main');
	t.like(await put('main', second), {status: 403, error: 'DENIED'});
	t.is(await digestAt('main'), digestIn(first));
	t.is((await put('main', first)).status, 201, 'what is there already is no move');
	t.is((await put('main', second, main)).status, 201);
	t.is((await put('main', first)).status, 403);
	t.deepEqual(denials(), [
		['main', 'push', 'refused'],
		['main', 'push', 'refused'],
	]);
});

test('a tag that is protected no more is moved by anyone', async t => {
	const {put, protect, digestAt} = await start(t);
	await put('main', first);
	await protect('main');
	await put('main', second);
	await protect('main', false);
	t.is((await put('main', second)).status, 201);
	t.is(await digestAt('main'), digestIn(second));
});

test('neither it nor what it needs is deleted by others', async t => {
	const {put, protect, remove} = await start(t);
	await put('main', first);
	await protect('main');
	for (const path of ['manifests/main', `manifests/${digestIn(first)}`, `blobs/${digestOf(Buffer.from('one'))}`])
		t.is((await remove(path)).status, 403, path);
	t.is((await remove(`blobs/${digestOf(Buffer.from('two'))}`)).status, 202);
	t.is((await remove('manifests/main', main)).status, 202);
});

test('where its rule says discard, a push is answered as any other, and nothing moves', async t => {
	const {put, protect, digestAt, denials} = await start(t);
	await put('quiet', first);
	await protect('quiet');
	t.is((await put('quiet', second)).status, 201);
	t.is(await digestAt('quiet'), digestIn(first));
	t.deepEqual(denials(), [['quiet', 'push', 'discarded']]);
});

test('a tag that merges and is protected by hand gets no further push of others', async t => {
	const {client, put, protect, store, keyOf, documentOf} = await start(t);
	// It was an ordinary tag before it began to merge.
	await put('main', first);
	await store.write(keyOf('shared'), Buffer.from(await documentOf('main')));
	await protect('shared');
	t.is((await put('shared', second)).status, 403);
	t.is((await put('shared', second, main)).status, 201);
	t.is((await client.request('DELETE', `/v2/${repo}/manifests/shared`, {headers: other})).status, 403);
});

test('a tag that merges and was protected since somebody looked keeps all that was pushed to it, also from a prune', async t => {
	const {client, put, protect, store, keyOf, documentOf, url} = await start(t);
	await put('main', first);
	await store.write(keyOf('shared'), Buffer.from(await documentOf('main')));
	await put('shared', second);
	const api = apiOf(t, url);
	const prune = async (dryRun: boolean) => {
		const begun = await api.send('POST', '/api/v1/prune', {tag: 'shared', dryRun});
		return (await api.follow(begun.headers.get('location') ?? '')).result;
	};
	t.is((await prune(true)).removals.length, 1);
	await protect('shared');
	t.is((await prune(false)).removals.length, 0);
	t.is((await keysOf(store, `repos/${repo}/_heads/`)).length, 1);
	t.is((await client.head(`/v2/${repo}/manifests/shared`)).status, 200);
});

test('whether a tag is protected costs a push no request to the store', async t => {
	const {put, asked} = await start(t);
	await put('main', first);
	const costOf = async (headers: Record<string, string>) => {
		asked.length = 0;
		await put('main', second, headers as typeof main);
		await put('main', first, headers as typeof main);
		return asked.length;
	};
	t.is(await costOf(other), await costOf(main));
});
