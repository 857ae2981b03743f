import test, {type ExecutionContext} from 'ava';
import {digestOf, mediaTypes, parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {startApp} from '../support/app.ts';
import {cacheOf, layerDigest, pushCache} from '../support/caches.ts';
import {type Answer, describe, encode, imageOf} from '../support/client.ts';

const repo = 'ci/app';
// Addresses as a trusted proxy tells them.
const main = {'X-Forwarded-For': '127.0.1.1'};
const other = {'X-Forwarded-For': '127.0.2.2'};

const policy = `refs:
  - match: "ci/**:main"
    protect: true
  - match: "ci/**:quiet"
    protect: true
    onDenied: discard
  - match: "ci/**:shared"
    protect: true
    onPush: merge
access:
  - who: {anyone: true}
    may: [pull, push, delete]
    on: "**:*"
  - who: {addresses: 127.0.1.0/24}
    may: protect
    on: "**:*"
`;

/** A registry in which ci/app:main and ci/app:quiet are the first image, with one client that may move them and one that may not. */
const start = async (t: ExecutionContext) => {
	const app = await startApp(t, {
		policy,
		environment: {
			LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1',
			LAYERCACHE_AUTH: 'none',
			// What is deleted past it is seen at once.
			LAYERCACHE_REGISTRY_INDEX_SECONDS: '0',
		},
	});
	const {client, log} = app;
	for (const blob of ['{}', 'one', 'two']) await client.pushBlob(repo, blob);
	const put = (reference: string, manifest: object, headers: Record<string, string>, mediaType: string = mediaTypes.ociManifest) =>
		client.request('PUT', `/v2/${repo}/manifests/${reference}`, {headers: {'Content-Type': mediaType, ...headers}, body: encode(manifest)});
	for (const tag of ['main', 'quiet']) t.is((await put(tag, first, main)).status, 201);
	return {
		...app,
		put,
		remove: (path: string, headers = other) => client.request('DELETE', `/v2/${repo}/${path}`, {headers}),
		digestAt: async (tag: string) => (await client.head(`/v2/${repo}/manifests/${tag}`)).headers.get('docker-content-digest'),
		denials: () => log.filter(({msg}) => msg === 'protected ref').map(({tag, did, outcome, client}) => ({tag, did, outcome, client})),
	};
};

const imageWith = (layer: string) => imageOf(describe('{}', mediaTypes.ociConfig), [describe(layer)]);
const first = imageWith('one');
const second = imageWith('two');
const digestIn = (manifest: object) => digestOf(Buffer.from(encode(manifest)));
const messageOf = ({text}: Answer) => JSON.parse(text).errors[0].message as string;

test('a protected tag is moved by those who may, and by nobody else', async t => {
	const {put, digestAt, denials} = await start(t);
	const refused = await put('main', second, other);
	t.like(refused, {status: 403, error: 'DENIED'});
	t.is(await digestAt('main'), digestIn(first));
	t.deepEqual(denials(), [{tag: 'main', did: 'push', outcome: 'refused', client: '127.0.2.2'}]);
	t.is((await put('main', second, main)).status, 201);
	t.is(await digestAt('main'), digestIn(second));
});

test('the refusal says what the author of the job can do, and who decides', async t => {
	const {put} = await start(t);
	const message = messageOf(await put('main', second, other));
	for (const words of ['the protected ci/app:main', 'a tag of its own', 'ignore-error=true', 'no rule of the policy']) {
		t.true(message.includes(words), message);
	}
});

test('a protected tag that is not there yet is not made by those who may not write it', async t => {
	const {client, put} = await start(t);
	t.is((await client.request('DELETE', `/v2/${repo}/manifests/main`, {headers: main})).status, 202);
	t.is((await put('main', second, other)).status, 403);
	t.is((await client.head(`/v2/${repo}/manifests/main`)).status, 404);
});

test('what is protected already is pushed again by anyone: nothing moves', async t => {
	const {put, digestAt, denials} = await start(t);
	const answer = await put('main', first, other);
	t.is(answer.status, 201);
	t.is(answer.headers.get('docker-content-digest'), digestIn(first));
	t.is(await digestAt('main'), digestIn(first));
	t.deepEqual(denials(), []);
});

test('several tags at once move all or none where one of them is protected', async t => {
	const {put, client, digestAt} = await start(t);
	const several = `${digestIn(second)}?tag=mine&tag=main`;
	t.is((await put(several, second, other)).status, 403);
	t.is((await client.head(`/v2/${repo}/manifests/mine`)).status, 404);
	t.is((await put(several, second, main)).status, 201);
	t.is(await digestAt('main'), digestIn(second));
	t.is(await digestAt('mine'), digestIn(second));
});

test('other tags, and manifests by their digest, are anyone’s', async t => {
	const {put} = await start(t);
	t.is((await put('pr-1', second, other)).status, 201);
	t.is((await put(digestIn(second), second, other)).status, 201);
});

test('where the rule says discard, a push is answered as any other, and nothing moves', async t => {
	const {put, client, digestAt, denials} = await start(t);
	const answer = await put('quiet', second, other);
	t.is(answer.status, 201);
	t.is(answer.headers.get('docker-content-digest'), digestIn(second));
	t.regex(answer.headers.get('warning') ?? '', /^299 - "ci\/app:quiet is protected: this push was dropped/);
	t.is(await digestAt('quiet'), digestIn(first));
	t.is((await client.head(`/v2/${repo}/manifests/${digestIn(second)}`)).status, 404);
	t.deepEqual(denials(), [{tag: 'quiet', did: 'push', outcome: 'discarded', client: '127.0.2.2'}]);
	const {text} = await client.get('/metrics');
	t.regex(text, /layercache_protected_refs_denials_total\{did="push",outcome="discarded"\} 1/);
});

test('what is discarded must be a manifest all the same', async t => {
	const {client} = await start(t);
	const headers = {'Content-Type': mediaTypes.ociManifest, ...other};
	const answer = await client.request('PUT', `/v2/${repo}/manifests/quiet`, {headers, body: '{'});
	t.like(answer, {status: 400, error: 'MANIFEST_INVALID'});
});

test('of several tags only the protected one is discarded', async t => {
	const {put, digestAt} = await start(t);
	t.is((await put(`${digestIn(second)}?tag=mine&tag=quiet`, second, other)).status, 201);
	t.is(await digestAt('mine'), digestIn(second));
	t.is(await digestAt('quiet'), digestIn(first));
});

test('a protected tag is not deleted, nor what it points at, nor what that needs', async t => {
	const {remove, denials} = await start(t);
	for (const path of ['manifests/main', 'manifests/quiet', `manifests/${digestIn(first)}`, `blobs/${digestOf(Buffer.from('one'))}`]) {
		const answer = await remove(path);
		t.like(answer, {status: 403, error: 'DENIED'}, path);
		t.regex(messageOf(answer), /may not move or delete the protected ci\/app:/);
	}
	t.is(denials().length, 4);
	t.true(denials().every(({did, outcome}) => did === 'delete' && outcome === 'refused'));
});

test('what no protected tag needs is deleted by anyone, and the rest by those who may', async t => {
	const {put, remove} = await start(t);
	await put('pr-1', second, other);
	for (const path of ['manifests/pr-1', `manifests/${digestIn(second)}`, `blobs/${digestOf(Buffer.from('two'))}`]) {
		t.is((await remove(path)).status, 202, path);
	}
	t.is((await remove('manifests/main', main)).status, 202);
});

test('a protected index keeps its manifests and their layers', async t => {
	const {put, remove} = await start(t);
	await put(digestIn(second), second, main);
	const child = {mediaType: mediaTypes.ociManifest, digest: digestIn(second), size: Buffer.byteLength(encode(second))};
	const index = {schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child]};
	t.is((await put('main', index, main, mediaTypes.ociIndex)).status, 201);
	t.is((await remove(`manifests/${digestIn(second)}`)).status, 403);
	t.is((await remove(`blobs/${digestOf(Buffer.from('two'))}`)).status, 403);
});

test('a protected cache that lacks a layer keeps the others', async t => {
	const {client, remove, store, put} = await start(t);
	await pushCache(client, repo, 'cache', {steps: ['one', 'two']});
	const {manifest, mediaType} = cacheOf(['one', 'two']);
	t.is((await put('main', JSON.parse(Buffer.from(manifest).toString()), main, mediaType)).status, 201);
	await store.remove([keys.blob(parseRepositoryName(repo), layerDigest('one'))]);
	t.is((await remove(`blobs/${layerDigest('two')}`)).status, 403);
});

test('a protected tag that merges keeps every push that counts', async t => {
	const {put, remove, denials} = await start(t);
	for (const manifest of [first, second]) t.is((await put('shared', manifest, main)).status, 201);
	for (const manifest of [first, second]) {
		t.is((await put('shared', manifest, other)).status, 201);
		t.is((await remove(`manifests/${digestIn(manifest)}`)).status, 403);
	}
	t.is((await put('shared', imageOf(describe('{}'), []), other)).status, 403);
	t.is((await remove('manifests/shared')).status, 403);
	t.is(denials().length, 4);
	t.is((await remove('manifests/shared', main)).status, 202);
});

test('a delete in a repository that is not there is answered as ever', async t => {
	const {client} = await start(t);
	const answer = await client.request('DELETE', `/v2/ci/none/manifests/${digestIn(first)}`, {headers: other});
	t.like(answer, {status: 404, error: 'MANIFEST_UNKNOWN'});
});

test('without a rule of access nobody moves what the policy protects, and the log says so at the start', async t => {
	const {client, log} = await startApp(t, {policy: 'refs: [{match: "ci/**:main", protect: true}]'});
	t.is(log.filter(({msg}) => msg.startsWith('the policy protects refs, and no rule of `access` gives anybody the right')).length, 1);
	await client.pushBlob(repo, '{}');
	await client.pushBlob(repo, 'one');
	t.is((await client.putManifest(repo, 'main', first)).status, 403);
	t.is((await client.putManifest(repo, 'pr-1', first)).status, 201);
});

test('a tag with two dots is asked for and never pushed, and the refusal says where to push', async t => {
	const {client} = await startApp(t);
	await client.pushBlob(repo, '{}');
	await client.pushBlob(repo, 'one');
	const answer = await client.putManifest(repo, 'feature-x..main', first);
	t.like(answer, {status: 400, error: 'TAG_INVALID'});
	t.is(messageOf(answer), 'push to ci/app:feature-x; feature-x..main is only for --cache-from: it asks for feature-x, else main');
	const several = await client.putManifest(repo, `${digestIn(first)}?tag=ok&tag=x..y`, first);
	t.is(several.status, 400);
	t.is((await client.head(`/v2/${repo}/manifests/ok`)).status, 404);
});

test('a push to a tag with two dots is refused with the line that was meant, also where pushes are discarded', async t => {
	const {client} = await startApp(t, {policy: 'refs: [{match: "ci/**:main", protect: true, onDenied: discard}]'});
	const answer = await pushCache(client, 'ci/app', 'main..base', {steps: ['one']});
	t.like(answer, {status: 400, error: 'TAG_INVALID'});
	t.regex(answer.text, /push to ci\/app:main;/);
});
