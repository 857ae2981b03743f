/** One walk along the repositories: what it finds, what it reads, and what it costs. */
import test from 'ava';
import fc from 'fast-check';
import {digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {createBlobTable} from '../../src/registry/blobTable.ts';
import type {ManifestEntry} from '../../src/registry/inventory.ts';
import {keys} from '../../src/registry/keys.ts';
import {unpackReferences} from '../../src/registry/packedManifest.ts';
import {walkRepositories} from '../../src/registry/walk.ts';
import {createWalkMemory} from '../../src/registry/walkMemory.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {recording} from '../support/stores.ts';

const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const repoOf = parseRepositoryName;

const setUp = () => {
	const memory = createMemoryStore();
	const {store, asked} = recording(memory);
	const blob = async (repo: string, text: string) => {
		const digest = digestOf(Buffer.from(text));
		await memory.write(keys.blob(repoOf(repo), digest), Buffer.from(text));
		return digest;
	};
	const document = (key: string, value: object) => memory.write(key, Buffer.from(JSON.stringify({...value, nonce: 'n'})));
	return {
		store,
		asked,
		blob,
		document,
		async push(repo: string, tag: string, ...layers: readonly string[]) {
			const descriptors = await Promise.all(
				layers.map(async text => ({mediaType: layerType, digest: await blob(repo, text), size: text.length})),
			);
			const [config, ...rest] = descriptors;
			const bytes = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: manifestType, config, layers: rest}));
			const digest = digestOf(bytes);
			await memory.write(keys.manifest(repoOf(repo), digest), bytes, {contentType: manifestType});
			await document(keys.tag(repoOf(repo), parseTag(tag)), {
				...{digest, mediaType: manifestType, size: bytes.length},
				...{pushedAt: '2026-01-01T00:00:00.000Z', previous: []},
			});
			return digest;
		},
		gets: () => asked.filter(operation => operation === 'read').length,
	};
};

const namesOf = async (walk: ReturnType<typeof walkRepositories>) => (await Array.fromAsync(walk)).map(({repo}) => repo as string);

test('keys of one repository lie together whatever the names around it, and each is found once', async t => {
	const component = fc.stringMatching(/^[a-z0-9]{1,2}((\.|_|__|-)[a-z0-9]{1,2})?$/);
	const names = fc.uniqueArray(
		fc.array(component, {minLength: 1, maxLength: 3}).map(parts => parts.join('/')),
		{maxLength: 12},
	);
	await fc.assert(
		fc.asyncProperty(names, async repos => {
			const {store, push} = setUp();
			for (const repo of repos) await push(repo, 'main', 'config', `layer of ${repo}`);
			const all = await namesOf(walkRepositories(store));
			t.deepEqual([...all].sort(), [...repos].sort());
			for (const [index, repo] of all.entries()) {
				t.deepEqual(await namesOf(walkRepositories(store, {after: repoOf(repo)})), all.slice(index + 1), repo);
				t.deepEqual(await namesOf(walkRepositories(store, {only: repoOf(repo)})), [repo]);
			}
		}),
		{numRuns: 100},
	);
});

test('repositories below and beside one of the same beginning are not mixed with it', async t => {
	const {store, push} = setUp();
	for (const repo of ['a/0x', 'a', 'a-b', 'a/z', 'a.b', 'a_b']) await push(repo, 'main', 'c', repo);
	const found = await Array.fromAsync(walkRepositories(store));
	t.deepEqual(
		found.map(({repo, blobs, tags}) => [repo as string, blobs.count, tags.size]),
		['a-b', 'a.b', 'a/0x', 'a', 'a/z', 'a_b'].map(repo => [repo, 2, 1]),
	);
});

test('an inventory tells blobs, manifests with what they reference, tags, heads and pointers', async t => {
	const {store, push, document} = setUp();
	const repo = repoOf('ci/app');
	const digest = await push('ci/app', 'main', 'config', 'one', 'two', 'two');
	await store.write(keys.head(repo, parseTag('shared'), digest), new Uint8Array());
	await store.write(keys.deletedTag(repo, parseTag('old')), new Uint8Array());
	await store.write(keys.referrer(repo, digest, digest), Buffer.from('{}'));
	await store.write(keys.condemned(repo, keys.blob(repo, digestOf(Buffer.from('one')))), Buffer.from('{}'));
	await store.write(keys.condemned(repo, keys.manifest(repo, digest)), Buffer.from('{}'));
	await document(keys.derived(repo, 'k'), {digest, config: digest, ways: [], tag: 'main', sources: [{tag: 'main', digest}], missing: []});
	await store.write(
		keys.typeS3Manifest(repo, parseTag('main')),
		Buffer.from(JSON.stringify({layers: [{blob: digestOf(Buffer.from('one'))}]})),
	);
	await store.write(keys.typeS3Blob(repo, digestOf(Buffer.from('one'))), Buffer.from('one'));
	const [inventory] = await Array.fromAsync(walkRepositories(store));
	if (!inventory) return t.fail();
	const {blobs, manifests, tags, heads, derived, deletedTags, referrers, tombstones, typeS3, damaged} = inventory;
	t.is(blobs.count, 3);
	t.is(blobs.bytes, 'config'.length + 'one'.length + 'two'.length);
	t.is(blobs.get(digestOf(Buffer.from('one')))?.size, 3);
	t.is(blobs.get(digest), undefined);
	t.deepEqual(
		referencesOf(manifests.get(digest)).map(({digest: of, size, mediaType, as}) => [of, size, mediaType, as]),
		['config', 'one', 'two'].map(text => [digestOf(Buffer.from(text)), text.length, layerType, 'blob']),
	);
	t.like(tags.get(parseTag('main')), {digest, deleted: false, protected: false, previous: []});
	t.deepEqual([heads.length, derived.length, deletedTags.length, referrers.length], [1, 1, 1, 1]);
	t.not(tombstones.blobs.get(digestOf(Buffer.from('one'))), undefined);
	t.deepEqual([...tombstones.others.keys()], [keys.manifest(repo, digest)]);
	t.deepEqual(typeS3.manifests[0]?.layers, [digestOf(Buffer.from('one'))]);
	t.is(typeS3.layers.length, 1);
	t.deepEqual(damaged, []);
});

test('documents that have not changed are not read again, and one that has is', async t => {
	const {store, push, gets, asked} = setUp();
	const memory = createWalkMemory();
	const walk = async () => {
		asked.length = 0;
		const found = await Array.fromAsync(walkRepositories(store, {memory}));
		memory.forgetUnasked();
		return found;
	};
	for (const tag of ['a', 'b', 'c']) await push('ci/app', tag, 'config', tag);
	await walk();
	t.is(gets(), 6);
	const [again] = await walk();
	t.is(gets(), 0);
	t.is(again?.tags.size, 3);
	t.is(referencesOf(again?.manifests.values().next().value).length, 2);
	await push('ci/app', 'a', 'config', 'new');
	await walk();
	t.is(gets(), 2);
});

test('a memory that is full keeps what came first, and forgets what is gone', t => {
	const memory = createWalkMemory({maxBytes: 1000});
	memory.set('a', '1', 'A', 500);
	memory.set('b', '1', 'B', 500);
	t.deepEqual([memory.get('a', '1'), memory.get('b', '1'), memory.get('a', '2')], ['A', undefined, undefined]);
	memory.forgetUnasked();
	memory.forgetUnasked();
	t.is(memory.get('a', '1'), undefined);
	memory.set('b', '1', 'B', 500);
	t.is(memory.get('b', '1'), 'B');
});

test('a document that cannot be read is named, and the rest is told all the same', async t => {
	const {store, push} = setUp();
	const repo = repoOf('ci/app');
	await push('ci/app', 'main', 'config', 'one');
	await store.write(keys.tag(repo, parseTag('bad')), Buffer.from('{"digest": 1}'));
	await store.write(keys.manifest(repo, digestOf(Buffer.from('bad'))), Buffer.from('bad'), {contentType: manifestType});
	const [inventory] = await Array.fromAsync(walkRepositories(store));
	t.deepEqual(inventory?.damaged.map(({key}) => key).toSorted(), [
		keys.manifest(repo, digestOf(Buffer.from('bad'))),
		keys.tag(repo, parseTag('bad')),
	]);
	t.is(inventory?.tags.size, 1);
});

test('what is no object of a repository is left out', async t => {
	const {store, push} = setUp();
	await push('ci/app', 'main', 'config', 'one');
	for (const key of ['repos/Backup/_blobs/x', 'repos/readme.txt', 'repos/ci/app/_blobs/sha256/zz/none', 'repos/ci/app/_strange/x'])
		await store.write(key, Buffer.from('x'));
	const found = await Array.fromAsync(walkRepositories(store));
	t.deepEqual(
		found.map(({repo, blobs}) => [repo as string, blobs.count]),
		[['ci/app', 2]],
	);
});

test('a million blobs take less than 100 MB', t => {
	globalThis.gc?.();
	const before = process.memoryUsage();
	const table = createBlobTable();
	const at = new Date('2026-01-01T00:00:00Z');
	for (let index = 0; index < 1_000_000; index += 1)
		table.add(`sha256:${index.toString(16).padStart(64, '0')}` as ReturnType<typeof digestOf>, index, at);
	const {arrayBuffers} = process.memoryUsage();
	t.true(arrayBuffers - before.arrayBuffers < 100_000_000, `${arrayBuffers - before.arrayBuffers}`);
	t.is(table.count, 1_000_000);
	t.is(table.indexOf(table.at(765_432).digest), 765_432);
	t.is(table.indexOf(digestOf(Buffer.from('none'))), undefined);
});

const referencesOf = (manifest: ManifestEntry | undefined) => (manifest ? unpackReferences(manifest.rows) : []);
