import test from 'ava';
import {digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {createHeads} from '../../src/registry/heads.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {guardOf} from '../support/guard.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const [a, dashed, b] = [parseTag('a'), parseTag('a-b'), parseTag('b')];
const [one, two] = [digestOf(Buffer.from('one')), digestOf(Buffer.from('two'))];

const setUp = () => {
	let second = 0;
	const store = createMemoryStore({now: () => new Date(second * 1000)});
	const heads = createHeads(store, guardOf(store));
	const push = async (tag: typeof a, digest: typeof one) => {
		second += 1;
		await heads.add(repo, tag, digest);
	};
	return {store, heads, push};
};

test('the heads of a tag are told newest first, and those of a tag that begins alike are not among them', async t => {
	const {heads, push} = setUp();
	await push(a, two);
	await push(dashed, two);
	await push(a, one);
	t.deepEqual(await heads.of(repo, a), [
		{key: `repos/ci/app/_heads/a/${one.replace(':', '-')}`, tag: a, digest: one, pushedAt: new Date(3000)},
		{key: `repos/ci/app/_heads/a/${two.replace(':', '-')}`, tag: a, digest: two, pushedAt: new Date(1000)},
	]);
	t.deepEqual(
		(await heads.find(repo, 'a')).map(({tag, digest}) => [tag, digest]),
		[
			[a, one],
			[dashed, two],
			[a, two],
		],
	);
});

test('the same push again makes no new head, and makes it the newest', async t => {
	const {store, heads, push} = setUp();
	for (const digest of [one, two, one]) await push(a, digest);
	t.is((await keysOf(store)).length, 2);
	t.is((await heads.of(repo, a))[0]?.digest, one);
});

test('tags with heads are told in byte order, in which `a` comes before `a-b`', async t => {
	const {heads, push} = setUp();
	for (const tag of [b, dashed, a]) await push(tag, one);
	t.deepEqual(await heads.tags(repo), [a, dashed, b]);
});

test('a tag is removed with all its heads, a manifest from all tags', async t => {
	const {heads, push} = setUp();
	for (const tag of [a, dashed]) for (const digest of [one, two]) await push(tag, digest);
	await heads.removeThoseAt(repo, one);
	t.deepEqual(
		(await heads.find(repo, '')).map(head => head.digest),
		[two, two],
	);
	t.true(await heads.remove(repo, a));
	t.false(await heads.remove(repo, a));
	t.deepEqual(await heads.tags(repo), [dashed]);
});
