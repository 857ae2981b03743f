/** What a process believes about the blobs of a repository: for how long, and what it asks the store. */
import test from 'ava';
import {type Digest, digestOf, parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {createPresence} from '../../src/registry/presence.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {recording} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const lifetimeMs = 300_000;
const digests = Array.from({length: 12}, (_, at) => digestOf(Buffer.from(`layer ${at}`)));
const [a, b, c] = digests as [Digest, Digest, Digest];

const setUp = (change: (store: ObjectStore) => Partial<ObjectStore> = () => ({})) => {
	const inner = createMemoryStore();
	const {store, asked} = recording({...inner, ...change(inner)});
	const now = {ms: 1};
	// No two moments are the same.
	const elapsed = () => {
		now.ms += 0.001;
		return now.ms;
	};
	const presence = createPresence(store, {lifetimeMs, elapsed});
	const put = (digest: Digest) => inner.write(keys.blob(repo, digest), Buffer.from('0123456789'));
	const remove = (digest: Digest) => inner.remove([keys.blob(repo, digest)]);
	return {presence, asked, now, put, remove};
};

test('one listing answers all questions of a push, asked at once or one after the other', async t => {
	const {presence, asked, put} = setUp();
	await put(a);
	const found = await Promise.all(digests.map(digest => presence.find(repo, digest, 'pusher')));
	t.deepEqual(found, [10, ...Array(11).fill(undefined)]);
	t.is(await presence.find(repo, b, 'pusher'), undefined);
	t.deepEqual(asked, ['list']);
});

test('a reader is never told of an absence that is older than its question', async t => {
	const {presence, asked, put} = setUp();
	t.is(await presence.find(repo, a, 'pusher'), undefined);
	await put(a);
	t.is(await presence.find(repo, a, 'reader'), 10);
	t.deepEqual(asked, ['list', 'stat']);
});

test('a reader that joins a listing of someone else looks again for what is not in it', async t => {
	const gates = [Promise.withResolvers<void>()];
	const {presence, asked, now, put} = setUp(inner => ({
		async *list(prefix, options) {
			const entries = await Array.fromAsync(inner.list(prefix, options));
			await gates[0]?.promise;
			yield* entries;
		},
	}));
	const first = presence.find(repo, a, 'reader');
	await put(b);
	now.ms += 1;
	const second = presence.find(repo, b, 'reader');
	gates[0]?.resolve();
	t.deepEqual(await Promise.all([first, second]), [undefined, 10]);
	t.deepEqual(asked, ['list', 'stat']);
});

test('a reader that joins the question of another is not told of an absence that may be older', async t => {
	const held = Promise.withResolvers<void>();
	let stats = 0;
	const {presence, put} = setUp(inner => ({
		async stat(key) {
			const facts = await inner.stat(key);
			stats += 1;
			if (stats === 1) await held.promise;
			return facts;
		},
	}));
	await presence.find(repo, c, 'pusher');
	const first = presence.find(repo, a, 'reader');
	await new Promise(setImmediate);
	await put(a);
	const second = presence.find(repo, a, 'reader');
	held.resolve();
	t.is(await first, undefined);
	t.is(await second, 10);
});

test('equal questions that are answered "here" are one question', async t => {
	const {presence, asked, put} = setUp();
	await presence.find(repo, c, 'pusher');
	await put(a);
	const found = await Promise.all(Array.from({length: 5}, () => presence.find(repo, a, 'reader')));
	t.deepEqual(found, [10, 10, 10, 10, 10]);
	t.deepEqual(asked, ['list', 'stat']);
});

test('a later push does not live on the absences of an earlier one', async t => {
	const {presence, asked, now, put} = setUp();
	t.is(await presence.find(repo, a, 'pusher'), undefined);
	await put(a);
	now.ms += 10_001;
	t.is(await presence.find(repo, a, 'pusher'), 10);
	t.deepEqual(asked, ['list', 'list']);
});

test('what was stored here is known at once', async t => {
	const {presence, asked} = setUp();
	presence.added(repo, a, 7);
	t.is(await presence.find(repo, a, 'reader'), 7);
	t.deepEqual(asked, []);
});

test('what was seen is believed for its lifetime, and no longer', async t => {
	const {presence, asked, now, put, remove} = setUp();
	await put(a);
	await presence.find(repo, a, 'reader');
	await remove(a);
	now.ms += lifetimeMs - 1;
	t.is(await presence.find(repo, a, 'reader'), 10);
	now.ms += 2;
	t.is(await presence.find(repo, a, 'reader'), undefined);
	t.deepEqual(asked, ['list', 'list']);
});

test('a belief is as old as the question that led to it, and not as its answer', async t => {
	const {presence, asked, now, put} = setUp(inner => ({
		async *list(prefix, options) {
			now.ms += 1000;
			yield* inner.list(prefix, options);
		},
	}));
	await put(a);
	await presence.find(repo, a, 'reader');
	now.ms = 1 + lifetimeMs + 1;
	await presence.find(repo, a, 'reader');
	t.deepEqual(asked, ['list', 'list']);
});

test('what is removed here is gone at once, also when a listing under way still has it', async t => {
	const held = Promise.withResolvers<void>();
	const {presence, put, remove} = setUp(inner => ({
		async *list(prefix, options) {
			const entries = await Array.fromAsync(inner.list(prefix, options));
			await held.promise;
			yield* entries;
		},
	}));
	await put(a);
	const asking = presence.find(repo, b, 'pusher');
	await new Promise(setImmediate);
	await remove(a);
	presence.removed(repo, a);
	held.resolve();
	await asking;
	t.is(await presence.find(repo, a, 'reader'), undefined);
});

test('a repository with more blobs than two pages is asked for one at a time', async t => {
	const {presence, asked, put} = setUp();
	const many = Array.from({length: 2001}, (_, at) => digestOf(Buffer.from(`many ${at}`)));
	for (const digest of many) await put(digest);
	const known = await Promise.all(many.map(digest => presence.find(repo, digest, 'reader')));
	t.true(known.every(size => size === 10));
	t.is(await presence.find(repo, a, 'pusher'), undefined);
	t.is(asked.filter(name => name === 'list').length, 1);
	t.deepEqual((await presence.findAll(repo, [...digests, ...many.slice(0, 20)])).size, 20);
	t.is(asked.filter(name => name === 'list').length, 1);
});

test('a manifest is checked with one listing, or a few questions, or none', async t => {
	const {presence, asked, put} = setUp();
	for (const digest of digests.slice(0, 10)) await put(digest);
	t.is((await presence.findAll(repo, digests)).size, 10);
	t.deepEqual(asked, ['list']);
	await presence.findAll(repo, digests.slice(0, 10));
	t.deepEqual(asked, ['list']);
	t.deepEqual([...(await presence.findAll(repo, digests)).keys()], digests.slice(0, 10));
	t.deepEqual(asked, ['list', 'stat', 'stat']);
});

test('the check of a manifest looks afresh for what a push was told is absent', async t => {
	const {presence, put} = setUp();
	for (const digest of digests) t.is(await presence.find(repo, digest, 'pusher'), undefined);
	for (const digest of digests) await put(digest);
	t.is((await presence.findAll(repo, digests)).size, digests.length);
});

test('a pusher that asks again for what went past this process is not told an old absence', async t => {
	const {presence, asked, put} = setUp();
	t.is(await presence.find(repo, a, 'pusher'), undefined);
	presence.expect(repo, a);
	await put(a);
	t.is(await presence.find(repo, a, 'pusher'), 10);
	t.deepEqual(asked, ['list', 'stat']);
});

test('looking ahead asks once for what went past this process, and only then', async t => {
	const {presence, asked, put} = setUp();
	for (const digest of digests) await presence.find(repo, digest, 'pusher');
	presence.lookAhead(repo);
	t.deepEqual(asked, ['list']);
	for (const digest of digests) {
		presence.expect(repo, digest);
		await put(digest);
	}
	presence.lookAhead(repo);
	await new Promise(setImmediate);
	t.is((await presence.findAll(repo, digests)).size, digests.length);
	presence.lookAhead(repo);
	t.deepEqual(asked, ['list', 'list']);
});

test('a listing that fails, fails those who asked, and is asked again', async t => {
	let isAway = true;
	const {presence, put} = setUp(inner => ({
		list: (prefix, options) => {
			if (isAway) throw new StoreUnavailable('away');
			return inner.list(prefix, options);
		},
	}));
	await put(a);
	await t.throwsAsync(presence.find(repo, a, 'reader'), {instanceOf: StoreUnavailable});
	isAway = false;
	t.is(await presence.find(repo, a, 'reader'), 10);
});

test("without a lifetime every question is the store's", async t => {
	const {store, asked} = recording(createMemoryStore());
	const presence = createPresence(store, {lifetimeMs: 0, elapsed: () => 0});
	presence.added(repo, a, 7);
	t.is(await presence.find(repo, a, 'pusher'), undefined);
	t.is((await presence.findAll(repo, [a, b])).size, 0);
	t.deepEqual(asked, ['stat', 'stat', 'stat']);
});

test('a listing that takes longer than it is believed still answers those who asked', async t => {
	const {presence, now, put} = setUp(inner => ({
		async *list(prefix, options) {
			now.ms += 2 * lifetimeMs;
			yield* inner.list(prefix, options);
		},
	}));
	for (const digest of digests) await put(digest);
	t.is(await presence.find(repo, a, 'reader'), 10);
	t.is((await presence.findAll(repo, digests)).size, digests.length);
});

test('what is forgotten for want of room is not called absent', async t => {
	const {presence, asked, put} = setUp();
	await put(a);
	t.is(await presence.find(repo, a, 'pusher'), 10);
	const others = Array.from({length: 60}, (_, at) => parseRepositoryName(`other/${at}`));
	for (const other of others) for (let at = 0; at < 1900; at += 1) presence.added(other, digestOf(Buffer.from(`${other} ${at}`)), 1);
	t.is(await presence.find(repo, a, 'pusher'), 10);
	t.deepEqual(asked, ['list', 'list']);
});

test('what is forgotten of a very large repository is not called absent either', async t => {
	const {presence, asked, put} = setUp();
	await put(a);
	t.is(await presence.find(repo, a, 'pusher'), 10);
	for (let at = 0; at < 20_000; at += 1) presence.added(repo, digestOf(Buffer.from(`many ${at}`)), 1);
	t.is(await presence.find(repo, a, 'pusher'), 10);
	t.deepEqual(asked, ['list', 'list']);
});

test('the check of a manifest joins a look ahead that is under way, and those that come meanwhile begin no other', async t => {
	const held = Promise.withResolvers<void>();
	let isHeld = false;
	const {presence, asked, put} = setUp(inner => ({
		async *list(prefix, options) {
			const entries = await Array.fromAsync(inner.list(prefix, options));
			if (isHeld) await held.promise;
			yield* entries;
		},
	}));
	await presence.find(repo, c, 'pusher');
	for (const digest of digests) {
		presence.expect(repo, digest);
		await put(digest);
	}
	isHeld = true;
	presence.lookAhead(repo);
	presence.lookAhead(repo);
	const checking = presence.findAll(repo, digests);
	held.resolve();
	t.is((await checking).size, digests.length);
	t.deepEqual(asked, ['list', 'list']);
});

test('what never arrives is looked for ahead of time once', async t => {
	const {presence, asked} = setUp();
	presence.expect(repo, a);
	presence.lookAhead(repo);
	await new Promise(setImmediate);
	presence.lookAhead(repo);
	t.deepEqual(asked, ['list']);
});

test('what is removed here stays gone, however many listings still have it', async t => {
	const held = Promise.withResolvers<void>();
	const {presence, now, put, remove} = setUp(inner => ({
		async *list(prefix, options) {
			const entries = await Array.fromAsync(inner.list(prefix, options));
			await held.promise;
			yield* entries;
		},
	}));
	await put(a);
	const older = presence.find(repo, b, 'pusher');
	await new Promise(setImmediate);
	now.ms += 1;
	const newer = presence.findAll(repo, digests.slice(1));
	await new Promise(setImmediate);
	await remove(a);
	presence.removed(repo, a);
	held.resolve();
	await Promise.all([older, newer]);
	t.is(await presence.find(repo, a, 'reader'), undefined);
});

test('a read that found nothing takes nothing from a listing that began later', async t => {
	const held = Promise.withResolvers<void>();
	const {presence, put} = setUp(inner => ({
		async *list(prefix, options) {
			const entries = await Array.fromAsync(inner.list(prefix, options));
			await held.promise;
			yield* entries;
		},
	}));
	for (const digest of digests) await put(digest);
	const checking = presence.findAll(repo, digests);
	await new Promise(setImmediate);
	presence.missed(repo, a);
	held.resolve();
	t.is((await checking).size, digests.length);
});
