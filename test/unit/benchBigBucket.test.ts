/** The store double of the benchmark, which makes its objects up: it has to be a bucket in which everything fits together. */
import test from 'ava';
import {blobDigest, createContents, digestOf, manifestOf, repositoryName} from '../../scripts/bench/bigBucket/contents.ts';
import {createObjects} from '../../scripts/bench/bigBucket/objects.ts';

const shape = {repositories: 3, blobs: 40, refs: 2};
const everything = {prefix: '', after: '', delimiter: '', limit: 10_000};

test('all keys come in byte order, each leads to its object, and there are as many as the shape says', t => {
	const objects = createObjects(createContents(shape));
	const keys = objects.list(everything).objects.map(({key}) => key);
	t.is(keys.length, 3 * (40 + 2 * 2));
	t.deepEqual(keys, [...keys].sort());
	t.true(keys.every(key => objects.get(key) !== undefined));
	t.is(objects.get('repos/absent'), undefined);
});

test('a tag names a manifest that is there, and that names blobs that are there', t => {
	const objects = createObjects(createContents(shape));
	const base = `repos/${repositoryName(1)}`;
	const {digest} = JSON.parse(objects.get(`${base}/_tags/ref-0001`)?.bytes().toString() ?? '');
	const manifest = objects.get(`${base}/_manifests/sha256/${digest.slice(7)}`)?.bytes();
	t.deepEqual(manifest, manifestOf(shape, 1, 1));
	t.is(manifest && digestOf(manifest), digest);
	const {config, layers} = JSON.parse(manifest?.toString() ?? '');
	t.is(layers.length, 10);
	for (const {digest: blob, size} of [config, ...layers]) {
		const hex = blob.slice(7);
		t.is(objects.get(`${base}/_blobs/sha256/${hex.slice(0, 2)}/${hex}`)?.size, size);
	}
	t.not(blobDigest(0, 1), blobDigest(1, 1));
});

test('a listing goes on where its last page ended, over what was made up, written and removed', t => {
	const objects = createObjects(createContents(shape));
	const prefix = `repos/${repositoryName(2)}/`;
	const before = objects.list({...everything, prefix}).objects.map(({key}) => key);
	const [first = '', second = ''] = before;
	objects.remove(first);
	objects.put(`${second}-and-more`, Buffer.from('new'), 'text/plain');
	const seen: string[] = [];
	for (let after: string | undefined = ''; after !== undefined; ) {
		const page = objects.list({...everything, prefix, after, limit: 7});
		t.true(page.objects.length <= 7);
		seen.push(...page.objects.map(({key}) => key));
		after = page.next;
	}
	t.deepEqual(seen, [second, `${second}-and-more`, ...before.slice(2)]);
});

test('with a delimiter a listing names each folder once, and goes on behind it', t => {
	const objects = createObjects(createContents(shape));
	const query = {prefix: 'repos/growth/', after: '', delimiter: '/', limit: 2};
	const first = objects.list(query);
	t.deepEqual(first.prefixes, [`repos/${repositoryName(0)}/`, `repos/${repositoryName(1)}/`]);
	const rest = objects.list({...query, after: first.next ?? ''});
	t.deepEqual(rest, {objects: [], prefixes: [`repos/${repositoryName(2)}/`], next: undefined});
});

test('what was written over or removed is what is found from then on', t => {
	const objects = createObjects(createContents(shape));
	const key = createContents(shape).keyAt(5);
	const old = objects.get(key);
	objects.put(key, Buffer.from('other'), 'text/plain');
	t.is(objects.get(key)?.size, 5);
	t.not(objects.get(key)?.etag, old?.etag);
	objects.remove(key);
	t.is(objects.get(key), undefined);
});
