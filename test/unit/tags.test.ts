import test from 'ava';
import {type Digest, digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {createTags} from '../../src/registry/tags.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {guardOf} from '../support/guard.ts';
import {recording} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const tag = parseTag('main');
const digest = (name: string) => digestOf(Buffer.from(name));
const isSecured = () => true;
const target = (name: string) => ({digest: digest(name), mediaType: 'application/json', size: 1});

const start = () => {
	const store = createMemoryStore();
	const tags = createTags(store, guardOf(store));
	const stored = async (): Promise<{digest: Digest; previous: {digest: Digest; since: string}[]; deleted?: boolean}> => {
		const object = await store.read(keys.tag(repo, tag));
		return JSON.parse(Buffer.concat(await Array.fromAsync(object?.body ?? [])).toString());
	};
	const push = async (name: string, second: number) => tags.point(repo, tag, target(name), {at: new Date(second * 1000), isSecured});
	return {store, tags, stored, push};
};

test('a tag remembers what it replaced and when, newest first, each once', async t => {
	const {push, stored} = start();
	await push('a', 1);
	await push('b', 2);
	await push('c', 3);
	await push('a', 4);
	const {digest: now, previous} = await stored();
	t.is(now, digest('a'));
	t.deepEqual(previous, [
		{digest: digest('c'), since: new Date(4000).toISOString()},
		{digest: digest('b'), since: new Date(3000).toISOString()},
	]);
});

test('pushing the current digest again only renews it', async t => {
	const {push, stored} = start();
	await push('a', 1);
	await push('b', 2);
	await push('b', 3);
	t.like(await stored(), {digest: digest('b'), pushedAt: new Date(3000).toISOString()});
	t.deepEqual(
		(await stored()).previous.map(entry => entry.digest),
		[digest('a')],
	);
});

test('what is remembered is bounded', async t => {
	const {push, stored} = start();
	for (let index = 0; index < 40; index++) await push(`m${index}`, index);
	const {previous} = await stored();
	t.is(previous.length, 16);
	t.is(previous[0]?.digest, digest('m38'));
});

test('a deleted tag keeps what it had for imports in flight, and is gone for everyone else', async t => {
	const {push, stored, tags} = start();
	await push('a', 1);
	t.true(await tags.remove(repo, tag));
	t.is(await tags.read(repo, tag), undefined);
	t.false(await tags.remove(repo, tag));
	const document = await stored();
	t.true(document.deleted);
	t.deepEqual(
		document.previous.map(entry => entry.digest),
		[digest('a')],
	);
});

test('a tag that is pushed again after it was deleted lives, and still remembers', async t => {
	const {push, stored, tags} = start();
	await push('a', 1);
	await tags.remove(repo, tag);
	await push('b', 3);
	t.is((await tags.read(repo, tag))?.digest, digest('b'));
	t.deepEqual(
		(await stored()).previous.map(entry => entry.digest),
		[digest('a')],
	);
	t.deepEqual(await Array.fromAsync(tags.list(repo)), [tag]);
});

test('a tag is deleted only while the condition holds', async t => {
	const {push, tags} = start();
	await push('b', 1);
	t.false(await tags.remove(repo, tag, found => found.digest === digest('a')));
	t.is((await tags.read(repo, tag))?.digest, digest('b'));
});

test('listing reads no document of a tag that was never deleted', async t => {
	const store = createMemoryStore();
	const tags = createTags(store, guardOf(store));
	for (const name of ['a', 'b', 'c']) await tags.point(repo, parseTag(name), target(name), {at: new Date(), isSecured});
	await tags.remove(repo, parseTag('b'));
	const read: string[] = [];
	const watching: ObjectStore = {
		...store,
		read: (key, range) => {
			read.push(key);
			return store.read(key, range);
		},
	};
	const watched = createTags(watching, guardOf(store));
	t.deepEqual(await Array.fromAsync(watched.list(repo)), [parseTag('a'), parseTag('c')]);
	t.deepEqual(read, [keys.tag(repo, parseTag('b'))]);
});

test('the newest tags that match are found, deleted ones not among them', async t => {
	let second = 0;
	const store = createMemoryStore({now: () => new Date(second * 1000)});
	const tags = createTags(store, guardOf(store));
	for (const name of ['main', 'main-arm64', 'main-amd64', 'main-gone', 'other']) {
		await tags.point(repo, parseTag(name), target(name), {at: new Date(second * 1000), isSecured});
		second += 1;
	}
	await tags.remove(repo, parseTag('main-gone'));
	const find = (limit: number) => tags.find(repo, {prefix: 'main', matches: (name: string) => name !== 'main', limit});
	t.deepEqual(await find(9), [
		{tag: parseTag('main-amd64'), digest: digest('main-amd64'), pushedAt: new Date(2000)},
		{tag: parseTag('main-arm64'), digest: digest('main-arm64'), pushedAt: new Date(1000)},
	]);
	t.is((await find(1))[0]?.tag, parseTag('main-amd64'));
});

test('what a listing says is unchanged is not read again to be found', async t => {
	const {store, asked} = recording(createMemoryStore());
	const tags = createTags(store, guardOf(store));
	for (const name of ['a', 'b', 'c']) await tags.point(repo, parseTag(name), target(name), {at: new Date(), isSecured});
	const other = createTags(store, guardOf(store));
	await other.point(repo, parseTag('c'), target('moved'), {at: new Date(), isSecured});
	asked.length = 0;
	const found = await tags.find(repo, {prefix: '', matches: () => true, limit: 9});
	t.deepEqual(asked, ['list', 'read']);
	t.true(found.some(facts => facts.digest === digest('moved')));
});

test('a tag is not moved to what was secured too long ago, and stays as it is', async t => {
	const {tags, push, stored} = start();
	await push('a', 1);
	t.false(await tags.point(repo, tag, target('b'), {at: new Date(2000), isSecured: () => false}));
	t.is((await stored()).digest, digest('a'));
});

test('a tag is taken back from where a push has moved it, and not from where another did', async t => {
	const {tags, push, stored} = start();
	await push('a', 1);
	await push('b', 2);
	await tags.takeBack(repo, tag, target('a'), new Date(1000));
	t.is((await stored()).deleted, undefined);
	await tags.takeBack(repo, tag, target('b'), new Date(2000));
	t.true((await stored()).deleted);
});
