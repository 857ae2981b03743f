import test from 'ava';
import {digestOf, parseRepositoryName} from 'oci-spec-types';
import {gcKeys} from '../../src/gc/gcKeys.ts';
import {lastVerification, type VerifyOptions, verify} from '../../src/gc/verify.ts';
import {keys} from '../../src/registry/keys.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {cacheOf, layerDigest, recordDigest} from '../support/caches.ts';
import {createFilledStore} from '../support/filledStore.ts';
import {keysOf} from '../support/stores.ts';

const day = 24 * 60 * 60 * 1000;
const app = parseRepositoryName('ci/app');

const optionsOf = (given: Partial<VerifyOptions> = {}): VerifyOptions => ({
	elapsed: () => 0,
	wait: async () => undefined,
	staleTombstoneMs: 7 * day,
	signal: new AbortController().signal,
	...given,
});

const kindsOf = ({findings}: Awaited<ReturnType<typeof verify>>) => findings.map(({kind, key}) => `${kind} ${key}`);

test('a store in order has no findings, and every blob and manifest was read', async t => {
	const {store, push} = createFilledStore();
	await push('ci/app', 'main', ['base', 'compile']);
	await push('ci/app', 'next', ['base', 'test']);
	await push('ci/web', 'main', ['base']);
	const report = await verify(store, optionsOf());
	t.like(report, {complete: true, repositories: 2, findings: [], findingCount: 0});
	// Three layers and two configs, one and one; and a manifest for each tag.
	t.is(report.checked.count, 5 + 2 + 3);
	t.deepEqual(await lastVerification(store), report);
});

test('a blob and a manifest whose bytes are not those of their digests are named, with what they have become', async t => {
	const {store, push} = createFilledStore();
	const digest = await push('ci/app', 'main', ['base', 'compile']);
	const [blob, manifest] = [keys.blob(app, layerDigest('compile')), keys.manifest(app, digest)];
	const {manifest: bytes, mediaType} = cacheOf(['base', 'compile']);
	await store.write(blob, Buffer.from('rot'));
	await store.write(manifest, Buffer.concat([bytes, Buffer.from(' ')]), {contentType: mediaType});
	const report = await verify(store, optionsOf());
	t.deepEqual(kindsOf(report), [`damaged ${blob}`, `damaged ${manifest}`]);
	await store.write(manifest, Buffer.from('rot'), {contentType: mediaType});
	t.true(kindsOf(await verify(store, optionsOf())).includes(`unreadable ${manifest}`));
	t.regex(report.findings[0]?.problem ?? '', new RegExp(`3 bytes .* ${digestOf(Buffer.from('rot'))}`));
});

test('a manifest that misses a blob is named with the refs that lead to it', async t => {
	const {store, push} = createFilledStore();
	const digest = await push('ci/app', 'main', ['base', 'compile']);
	await store.remove([keys.blob(app, layerDigest('compile'))]);
	const {findings} = await verify(store, optionsOf());
	t.is(findings.length, 1);
	t.like(findings[0], {kind: 'incomplete', key: keys.manifest(app, digest), digest});
	t.deepEqual(findings[0]?.tags, ['main' as never]);
	t.regex(findings[0]?.problem ?? '', new RegExp(layerDigest('compile')));
});

test('a tag and a head that point nowhere are named', async t => {
	const {store, push} = createFilledStore();
	await push('ci/app', 'kept', ['base']);
	const digest = await push('ci/app', 'main', ['base', 'compile']);
	const head = keys.head(app, 'shared' as never, digest);
	await store.write(head, new Uint8Array());
	await store.remove([keys.manifest(app, digest)]);
	t.deepEqual(kindsOf(await verify(store, optionsOf())), [`dangling ${keys.tag(app, 'main' as never)}`, `dangling ${head}`]);
});

test('a tombstone that should be gone is named, and a young one is not', async t => {
	const {store, push, pass} = createFilledStore();
	await push('ci/app', 'main', ['base']);
	const [old, young] = ['old', 'young'].map(name => `repos/ci/app/_gc/condemned/_blobs/sha256/${name}`) as [string, string];
	await store.write(old, Buffer.from('{}'));
	pass(8 * day);
	await store.write(young, Buffer.from('{}'));
	t.deepEqual(kindsOf(await verify(store, optionsOf())), [`stale ${old}`]);
});

test('what is deleted while it is looked at is no finding', async t => {
	const {store, push} = createFilledStore();
	const digest = await push('ci/app', 'main', ['base', 'compile']);
	await push('ci/app', 'kept', ['base']);
	// As the collector does it, once the repository has been listed: the tag, the manifest, its blobs.
	const deleting: ObjectStore = {
		...store,
		async read(key, range) {
			if (key.includes('_blobs'))
				await store.remove([keys.tag(app, 'main' as never), keys.manifest(app, digest), keys.blob(app, layerDigest('compile'))]);
			return store.read(key, range);
		},
	};
	t.like(await verify(deleting, optionsOf()), {complete: true, findingCount: 0});
});

test('a run that was interrupted is gone on with where it was left, and its findings are kept', async t => {
	const {store, push} = createFilledStore();
	for (const repo of ['a/a', 'b/b', 'c/c']) await push(repo, 'main', ['base', 'compile', 'test']);
	await store.write(keys.blob(parseRepositoryName('a/a'), layerDigest('base')), Buffer.from('rot'));
	const stopping = new AbortController();
	const stopIn: VerifyOptions['onProgress'] = ({repository}) => repository === 'b/b' && stopping.abort();
	const first = await verify(store, optionsOf({signal: stopping.signal, onProgress: stopIn}));
	t.like(first, {complete: false, repositories: 1, findingCount: 1});

	const read: string[] = [];
	const watched: ObjectStore = {
		...store,
		read(key, range) {
			read.push(key);
			return store.read(key, range);
		},
	};
	const second = await verify(watched, optionsOf());
	t.like(second, {complete: true, repositories: 3, findingCount: 1, startedAt: first.startedAt});
	t.false(read.some(key => key.startsWith('repos/a/a/_blobs')));
	t.is(second.checked.count, 3 * 5);

	const third = await verify(store, optionsOf());
	t.is(third.checked.count, 15, 'one that came to its end begins anew');
});

test('a run after kill -9 goes on from the last checkpoint, within a large repository too', async t => {
	const {store, push} = createFilledStore();
	await push(
		'ci/app',
		'main',
		Array.from({length: 40}, (_, at) => `step ${at}`),
	);
	let seconds = 0;
	const killed = new Error('killed');
	const dying: ObjectStore = {
		...store,
		async read(key, range) {
			if (key.includes('_blobs') && ++seconds > 30) throw killed;
			return store.read(key, range);
		},
		// Nothing is written any more once it is dead.
		write: (key, bytes, options) => (seconds > 30 ? Promise.reject(killed) : store.write(key, bytes, options)),
	};
	await t.throwsAsync(verify(dying, optionsOf({elapsed: () => seconds * 1000})), {is: killed});
	const counted = (await lastVerification(store))?.checked.count ?? 0;
	t.true(counted >= 5 && counted <= 30, String(counted));
	const report = await verify(store, optionsOf());
	t.like(report, {complete: true, findingCount: 0});
	t.is(report.checked.count, 42);
});

test('one object that cannot be read is a finding; a store that is away ends the run, and accuses nobody', async t => {
	const {store, push} = createFilledStore();
	await push(
		'ci/app',
		'main',
		Array.from({length: 40}, (_, at) => `step ${at}`),
	);
	const bad = keys.blob(app, layerDigest('step 7'));
	const failing = (isBad: (key: string) => boolean): ObjectStore => ({
		...store,
		read: (key, range) => (isBad(key) ? Promise.reject(new Error('EIO')) : store.read(key, range)),
	});
	t.deepEqual(
		kindsOf(
			await verify(
				failing(key => key === bad),
				optionsOf(),
			),
		),
		[`unreadable ${bad}`],
	);

	await t.throwsAsync(
		verify(
			failing(key => key.includes('_blobs')),
			optionsOf(),
		),
		{message: 'EIO'},
	);
	t.like(await verify(store, optionsOf()), {complete: true, findingCount: 0});
});

test('it reads no faster than it was told', async t => {
	const {store, push} = createFilledStore();
	const manifest = cacheOf(['a', 'b']);
	await push('ci/app', 'main', ['a', 'b']);
	await store.write(keys.blob(app, recordDigest('large')), Buffer.alloc(1_000_000));
	let ms = 0;
	let waited = 0;
	const wait = async (more: number) => {
		waited = Math.max(waited, ms + more);
		ms += more;
	};
	const {checked} = await verify(store, optionsOf({bytesPerSecond: 100_000, elapsed: () => ms, wait}));
	t.true(checked.bytes > 1_000_000 + manifest.config.length);
	t.true(waited >= (checked.bytes / 100_000) * 1000 - 10, `${waited} ms for ${checked.bytes} bytes`);
});

test('only the repositories that were asked for are read, and a run of others is not gone on with', async t => {
	const {store, push} = createFilledStore();
	for (const repo of ['a/a', 'b/b']) await push(repo, 'main', ['base']);
	const stopping = new AbortController();
	await verify(store, optionsOf({signal: stopping.signal, onProgress: () => stopping.abort()}));
	const only = {pattern: 'a/*', matches: (repo: string) => repo === 'a/a'};
	t.like(await verify(store, optionsOf({only})), {complete: true, repositories: 1, checked: {count: 3}});
	t.deepEqual(await keysOf(store, 'gc/'), [gcKeys.verify]);
});
