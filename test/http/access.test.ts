/** Rights over HTTP: what each request of a caller may reach, and what it is told where it may not. Callers differ by their address. */
import test, {type ExecutionContext} from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {asImporter, asPusher, cacheOf, importCache, layerDigest, layerOf, layersOf, pushCache} from '../support/caches.ts';
import {type Answer, createClient, describe, encode, imageOf} from '../support/client.ts';
import {contentsOf} from '../support/stores.ts';
import {createUpstream} from '../support/upstreams.ts';

const repo = 'ci/app';

const access = `
access:
  - {who: {addresses: 127.0.1.1}, may: [pull, push, delete, protect], on: ["ci/**:*", "team/**:*"]}
  - {who: {addresses: 127.0.2.1}, may: pull, on: "ci/app:main"}
  - {who: {addresses: 127.0.2.1}, may: [pull, push, delete], on: "ci/app:pr-1"}
  - {who: {addresses: 127.0.3.1}, may: [pull, push, delete], on: "fork/app:*"}
`;

const start = async (t: ExecutionContext, refs = '') => {
	const app = await startApp(t, {
		openUpstream: () => createUpstream().registry,
		policy: `${refs}${access}`,
		environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1', LAYERCACHE_AUTH: 'none', LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'},
	});
	const at = (address: string) => createClient(app.url, {'X-Forwarded-For': address});
	return {...app, main: at('127.0.1.1'), pr: at('127.0.2.1'), fork: at('127.0.3.1'), stranger: at('127.0.9.9')};
};

const messageOf = ({text}: Answer): string => JSON.parse(text).errors[0].message;
const denied = {status: 403, error: 'DENIED'};
const manifestPath = (reference: string, name = repo) => `/v2/${name}/manifests/${reference}`;
const blobPath = (digest: string, name = repo) => `/v2/${name}/blobs/${digest}`;

test('whoever may read no tag of a repository reads nothing of it, by whatever name', async t => {
	const {main, fork, stranger} = await start(t);
	await pushCache(main, repo, 'main', {steps: ['one']});
	const {digest} = cacheOf(['one']);
	const paths = [
		manifestPath('main'),
		manifestPath(digest),
		blobPath(layerDigest('one')),
		`/v2/${repo}/tags/list`,
		`/v2/${repo}/referrers/${digest}`,
	];
	for (const client of [fork, stranger]) {
		for (const path of paths) t.like(await client.get(path), denied, path);
		t.is((await client.head(blobPath(layerDigest('one')), asPusher(mediaTypes.ociLayerGzip))).status, 403);
		// As for what is not there: nobody learns which of the two it is.
		t.like(await client.get(manifestPath('none')), denied);
		t.like(await client.get(blobPath(layerDigest('none'), 'ci/none')), denied);
	}
});

test('a tag is pulled by who may pull that tag, and by its digest by who may pull any of the repository', async t => {
	const {main, pr} = await start(t);
	for (const tag of ['main', 'secret']) await pushCache(main, repo, tag, {steps: [tag]});
	t.is((await pr.get(manifestPath('main'), asImporter)).status, 200);
	for (const headers of [asImporter, asPusher(), {}]) t.like(await pr.get(manifestPath('secret'), headers), denied);
	t.is((await pr.get(manifestPath(cacheOf(['secret']).digest))).status, 200);
	t.is((await pr.get(blobPath(layerDigest('secret')))).status, 200);
});

test('lists have what may be pulled, a page of them as many as there are', async t => {
	const {main, pr, fork, stranger} = await start(t);
	for (const tag of ['a', 'main', 'pr-1', 'pr-2', 'z']) await pushCache(main, repo, tag, {steps: [tag]});
	await pushCache(main, 'team/x', 'main', {steps: ['x']});
	await pushCache(fork, 'fork/app', 'main', {steps: ['x']});
	const list = async (client: typeof main, path: string) => JSON.parse((await client.get(path)).text);
	t.deepEqual((await list(main, `/v2/${repo}/tags/list`)).tags, ['a', 'main', 'pr-1', 'pr-2', 'z']);
	t.deepEqual((await list(pr, `/v2/${repo}/tags/list`)).tags, ['main', 'pr-1']);
	t.deepEqual((await list(pr, `/v2/${repo}/tags/list?n=1`)).tags, ['main']);
	t.deepEqual((await list(pr, `/v2/${repo}/tags/list?n=1&last=main`)).tags, ['pr-1']);
	t.deepEqual((await list(main, '/v2/_catalog')).repositories, [repo, 'team/x']);
	t.deepEqual((await list(pr, '/v2/_catalog')).repositories, [repo]);
	t.deepEqual((await list(fork, '/v2/_catalog')).repositories, ['fork/app']);
	t.deepEqual((await list(stranger, '/v2/_catalog')).repositories, []);
});

test('a push goes to the tags that one may push to, and says what one may instead', async t => {
	const {main, pr} = await start(t);
	await pushCache(main, repo, 'main', {steps: ['one']});
	t.is((await pushCache(pr, repo, 'pr-1', {steps: ['two']})).status, 201);
	const refused = await pushCache(pr, repo, 'main', {steps: ['evil']});
	t.like(refused, denied);
	t.is(
		messageOf(refused),
		'a client that is not logged in may not push to ci/app:main; it may push to ci/app:pr-1; let this job push to a tag of its own, or add ignore-error=true to its --cache-to',
	);
	t.like(await pushCache(pr, repo, 'pr-2', {steps: ['evil']}), denied);
	// Builders look first, and print what they hear then.
	t.regex(
		messageOf(await pr.get(manifestPath('pr-2'), asPusher())),
		/may not push to ci\/app:pr-2; it may push to ci\/app:pr-1; let this job/,
	);
	t.regex(messageOf(await pr.get(manifestPath('pr-2'), asImporter)), /may not pull ci\/app:pr-2; it may pull ci\/app:main, ci\/app:pr-1$/);
	const {manifest, mediaType, digest} = cacheOf(['two']);
	t.like(await pr.putManifest(repo, `${digest}?tag=pr-1&tag=main`, manifest, mediaType), denied);
	t.is((await pr.putManifest(repo, `${digest}?tag=pr-1`, manifest, mediaType)).status, 201);
	t.is((await pr.putManifest(repo, digest, manifest, mediaType)).status, 201);
	t.is((await importCache(main, repo, 'main')).digest, cacheOf(['one']).digest);
});

test('whoever may push to no tag of a repository uploads nothing to it, in whatever way', async t => {
	const {main, fork, store} = await start(t);
	await pushCache(main, repo, 'main', {steps: ['one']});
	const before = await contentsOf(store);
	const digest = digestOf(Buffer.from('x'));
	const location = (await main.request('POST', `/v2/${repo}/blobs/uploads/`)).headers.get('location') ?? '';
	const at = `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`;
	for (const [method, path] of [
		['POST', `/v2/${repo}/blobs/uploads/`],
		['POST', `/v2/${repo}/blobs/uploads/?digest=${digest}`],
		['POST', `/v2/${repo}/blobs/uploads/?mount=${layerDigest('one')}&from=${repo}`],
		['PUT', at],
		['PATCH', location],
		['GET', location],
		['DELETE', location],
		['PUT', manifestPath('main')],
		['PUT', manifestPath(cacheOf(['one']).digest)],
		['DELETE', manifestPath('main')],
		['DELETE', manifestPath(cacheOf(['one']).digest)],
		['DELETE', blobPath(layerDigest('one'))],
	] as const) {
		t.is((await fork.request(method, path, method.startsWith('P') ? {body: 'x'} : {})).status, 403, `${method} ${path}`);
	}
	t.deepEqual(await contentsOf(store), before);
});

test('a mount from what one may not read is an upload, and one from what one may read a mount', async t => {
	const {main, fork, pr} = await start(t);
	await pushCache(main, repo, 'main', {steps: ['one']});
	const mount = (client: typeof main, name: string) =>
		client.request('POST', `/v2/${name}/blobs/uploads/?mount=${layerDigest('one')}&from=${repo}`);
	t.is((await mount(fork, 'fork/app')).status, 202);
	t.is((await fork.head(blobPath(layerDigest('one'), 'fork/app'))).status, 404);
	t.is((await mount(main, 'team/x')).status, 201);
	t.like(await mount(pr, 'team/x'), denied);
});

test('what another tag needs is deleted by who may delete that tag, too', async t => {
	const {main, pr} = await start(t);
	await pushCache(main, repo, 'main', {steps: ['base', 'one']});
	await pushCache(pr, repo, 'pr-1', {steps: ['base', 'two']});
	const [mine, theirs] = [cacheOf(['base', 'two']), cacheOf(['base', 'one'])];
	for (const path of [manifestPath('main'), manifestPath(theirs.digest), blobPath(layerDigest('base')), blobPath(layerDigest('one'))])
		t.like(await pr.delete(path), denied, path);
	t.is((await pr.delete(blobPath(layerDigest('two')))).status, 202);
	t.is((await pr.delete(manifestPath(mine.digest))).status, 202);
	t.deepEqual((await importCache(main, repo, 'main')).steps.toSorted(), layersOf('base', 'one'));
});

test('an index of a tag keeps what it leads to from who may not delete that tag', async t => {
	const {main, pr} = await start(t);
	for (const blob of ['{}', 'layer']) await main.pushBlob(repo, blob);
	const image = imageOf(describe('{}', mediaTypes.ociConfig), [describe('layer')]);
	const child = describe(encode(image), mediaTypes.ociManifest);
	await main.putManifest(repo, child.digest, image);
	await main.putManifest(repo, 'v1', {schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child]}, mediaTypes.ociIndex);
	for (const path of [manifestPath(child.digest), blobPath(digestOf(Buffer.from('layer')))]) t.like(await pr.delete(path), denied);
	t.is((await main.delete(manifestPath('v1'))).status, 202);
	t.is((await pr.delete(manifestPath(child.digest))).status, 202);
});

const union =
	'refs:\n  - {match: "ci/**:main", union: [main, "main-*", "secret-*"]}\n  - {match: "ci/**:pr-{n}", fallback: [secret-1, main]}';

test('a union has the caches that its reader may pull, and each reader is answered by its own rights, in whatever order they ask', async t => {
	const {main, pr} = await start(t, union);
	for (const tag of ['main', 'main-arm64', 'secret-1']) await pushCache(main, repo, tag, {steps: [tag]});
	for (let round = 0; round < 3; round += 1) {
		const [all, own] = await Promise.all([importCache(main, repo, 'main'), importCache(pr, repo, 'main')]);
		t.deepEqual(all.steps.toSorted(), layersOf('main', 'main-arm64', 'secret-1'));
		t.deepEqual(own.steps, layersOf('main'));
		t.is(own.derived, null);
		t.is(own.digest, cacheOf(['main']).digest);
	}
});

test('so it is in front of another registry', async t => {
	const routed = `upstreams: {there: {url: "https://there.example"}}\nroutes: [{match: "ci/**:*", upstream: there}]\n${union}`;
	const {main, pr} = await start(t, routed);
	for (const tag of ['main', 'secret-1']) await pushCache(main, repo, tag, {steps: [tag]});
	t.deepEqual((await importCache(main, repo, 'main')).steps.toSorted(), layersOf('main', 'secret-1'));
	t.deepEqual((await importCache(pr, repo, 'main')).steps, layersOf('main'));
});

test('a chain passes over what its reader may not pull', async t => {
	const {main, pr} = await start(t, union);
	for (const tag of ['main', 'secret-1']) await pushCache(main, repo, tag, {steps: [tag]});
	t.deepEqual((await importCache(main, repo, 'pr-1')).steps, layersOf('secret-1'));
	t.deepEqual((await importCache(pr, repo, 'pr-1')).steps, layersOf('main'));
});

test('a chain passes over a tag as a whole, also what that would answer to who may pull it', async t => {
	const {main, pr} = await start(t, 'refs:\n  - {match: "ci/**:pr-1", fallback: [secret-1]}\n  - {match: "ci/**:secret-1", union: [main]}');
	await pushCache(main, repo, 'main', {steps: ['main']});
	t.deepEqual((await importCache(main, repo, 'pr-1')).steps, layersOf('main'));
	t.is((await pr.head(manifestPath('pr-1'), asImporter)).status, 404);
});

test('two dots ask for what one may pull of them, and for nothing else', async t => {
	const {main, pr} = await start(t);
	for (const tag of ['main', 'secret']) await pushCache(main, repo, tag, {steps: [tag]});
	t.deepEqual((await importCache(pr, repo, 'pr-1..secret..main')).steps, layersOf('main'));
	t.deepEqual((await importCache(main, repo, 'pr-1..secret..main')).steps, layersOf('secret'));
	t.deepEqual((await importCache(pr, repo, 'pr-9..main')).steps, layersOf('main'));
	t.like(await pr.get(manifestPath('secret..pr-2'), asImporter), denied);
});

test('a cache that is repaired for one reader is made of nothing that another may pull', async t => {
	const {main, pr} = await start(t, union);
	for (const tag of ['main', 'secret-1']) await pushCache(main, repo, tag, {steps: [tag, `${tag} too`]});
	t.is((await main.delete(blobPath(layerDigest('main too')))).status, 202);
	t.deepEqual((await importCache(main, repo, 'main')).steps.toSorted(), layersOf('main', 'secret-1', 'secret-1 too'));
	const own = await importCache(pr, repo, 'main');
	t.deepEqual(own.steps, layersOf('main'));
	t.is(own.derived, 'repaired');
	t.false(own.from?.includes('secret'));
});

test('a protected tag whose rule says discard drops the push of who may not push there at all, where they may push elsewhere', async t => {
	const {main, pr, fork} = await start(t, 'refs: [{match: "ci/**:main", protect: true, onDenied: discard}]');
	await pushCache(main, repo, 'main', {steps: ['one']});
	const dropped = await pushCache(pr, repo, 'main', {steps: ['evil']});
	t.is(dropped.status, 201);
	t.regex(dropped.headers.get('warning') ?? '', /ci\/app:main is protected: this push was dropped/);
	t.is((await importCache(main, repo, 'main')).digest, cacheOf(['one']).digest);
	const {manifest, mediaType} = cacheOf(['evil']);
	t.like(await fork.putManifest(repo, 'main', manifest, mediaType), denied);
});

test('without a policy everybody reads and writes, as ever', async t => {
	const {client} = await startApp(t);
	t.is((await pushCache(client, 'any/thing', 'x', {steps: ['one']})).status, 201);
	t.is((await client.get(blobPath(layerDigest('one'), 'any/thing'))).text, layerOf('one'));
	t.is((await client.delete(manifestPath('x', 'any/thing'))).status, 202);
});
