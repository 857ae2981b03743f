import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {createGuard} from '../../src/registry/guard.ts';
import {keys} from '../../src/registry/keys.ts';
import {createLifetimes} from '../../src/registry/lifetimes.ts';
import {createTombstones} from '../../src/registry/tombstones.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {recording} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const key = 'repos/ci/app/_blobs/sha256/ab/abcd';
const lifetimes = createLifetimes({graceMs: 3_600_000, quarantineMs: 3_600_000, indexMs: 0});

/** One clock for the store and everyone; waiting moves it. */
const setUp = (wrap: (store: ObjectStore) => ObjectStore = store => store) => {
	let now = Date.UTC(2026, 0, 1);
	const waits: number[] = [];
	const inner = createMemoryStore({now: () => new Date(now)});
	const {store, asked} = recording(wrap(inner));
	const elapsed = () => now;
	const wait = async (ms: number) => {
		waits.push(ms);
		now += ms;
	};
	const tombstones = createTombstones(store, {lifetimes, elapsed});
	const guardOf = () => createGuard(store, tombstones, {lifetimes, elapsed, wait});
	const seen = async () => {
		const found = await tombstones.read(repo, key);
		if (!found) throw new Error('no tombstone');
		return found;
	};
	const pass = (ms: number) => {
		now += ms;
	};
	return {store: inner, asked, tombstones, guard: guardOf(), guardOf, seen, waits, pass, now: () => now};
};

test('where nothing is condemned, one listing answers for ten minutes, and no more is asked', async t => {
	const {guard, asked, pass} = setUp();
	for (let count = 0; count < 5; count++) t.is((await guard.secure(repo, [key], 'head')).doubtful.size, 0);
	t.deepEqual(asked, ['list']);
	pass(lifetimes.tombstoneListMs + 1);
	await guard.secure(repo, [key], 'head');
	t.deepEqual(asked, ['list', 'list']);
});

test('what is condemned is rescued by a swap, and the collector that saw it condemned comes too late', async t => {
	const {guard, tombstones, seen, asked} = setUp();
	t.true(await tombstones.condemn(repo, key, 'no tag keeps it'));
	const condemned = await seen();
	t.is((await guard.secure(repo, [key], 'blob')).doubtful.size, 0);
	t.like(await seen(), {state: 'rescued', reason: 'no tag keeps it', doubtful: false});
	t.is(await tombstones.beginDelete(repo, condemned), undefined);
	asked.length = 0;
	await guard.secure(repo, [key], 'blob');
	t.deepEqual(asked, []);
});

test('what was rescued is condemned anew, and never deleted on the strength of the old sentence', async t => {
	const {guard, tombstones, seen} = setUp();
	await tombstones.condemn(repo, key, 'a');
	await guard.secure(repo, [key], 'blob');
	const rescued = await seen();
	t.true(await tombstones.condemn(repo, key, 'b', rescued));
	t.false(await tombstones.condemn(repo, key, 'b', rescued));
	t.like(await seen(), {state: 'condemned', reason: 'b'});
});

test('a pusher that finds an object being deleted waits until its window is over, and is told that it may be gone', async t => {
	const {guard, tombstones, seen, waits, now} = setUp();
	await tombstones.condemn(repo, key, 'a');
	const until = await tombstones.beginDelete(repo, await seen());
	t.is(until?.getTime(), now() + lifetimes.deleteWindowMs);
	t.deepEqual([...(await guard.secure(repo, [key], 'manifest')).doubtful], [key]);
	t.deepEqual(waits, [lifetimes.deleteWindowMs + lifetimes.deleteSlackMs + 1]);
	t.like(await seen(), {state: 'rescued', doubtful: true});
});

test('what somebody began to delete stays doubtful to everyone, however often it is rescued and condemned, until it is free', async t => {
	const {guard, guardOf, tombstones, seen} = setUp();
	await tombstones.condemn(repo, key, 'a');
	await tombstones.beginDelete(repo, await seen());
	await guard.secure(repo, [key], 'head');
	t.is((await guard.secure(repo, [key], 'head')).doubtful.size, 1);
	await tombstones.condemn(repo, key, 'a', await seen());
	t.is((await guardOf().secure(repo, [key], 'head')).doubtful.size, 1);
	await tombstones.free(repo, await seen());
	t.is((await guardOf().secure(repo, [key], 'head')).doubtful.size, 0);
});

test('a tombstone that cannot be read fails no push: its window is waited for, and what the pusher remembers of the object is worth nothing', async t => {
	const {guard, store, seen, waits} = setUp();
	await store.write(keys.condemned(repo, key), Buffer.from('{"state":'));
	const {doubtful} = await guard.secure(repo, [key], 'head');
	t.deepEqual([...doubtful], [key]);
	t.deepEqual(waits, [lifetimes.deleteWindowMs + lifetimes.deleteSlackMs + 1]);
	t.is((await seen()).state, 'rescued');
});

test('a collector that takes over from another writes a tombstone of its own, so that a pusher who waited for the first waits for it too', async t => {
	const {tombstones, seen, pass} = setUp();
	await tombstones.condemn(repo, key, 'a');
	await tombstones.beginDelete(repo, await seen());
	const first = await seen();
	pass(60_000);
	t.truthy(await tombstones.beginDelete(repo, first));
	t.is(await tombstones.rescue(repo, first), undefined);
});

test('a store that was slow to store `deleting` removes nothing: a pusher may have counted from an earlier moment', async t => {
	let slow = () => {};
	const {tombstones, seen, pass} = setUp(store => ({
		...store,
		async write(...given) {
			const facts = await store.write(...given);
			slow();
			return facts;
		},
	}));
	await tombstones.condemn(repo, key, 'a');
	slow = () => pass(lifetimes.deleteSlackMs);
	t.is(await tombstones.beginDelete(repo, await seen()), undefined);
	t.is((await seen()).state, 'deleting');
});

test("a client's delete removes at once, and whoever pushes next waits", async t => {
	const {guard, store, waits} = setUp();
	await store.write(key, Buffer.from('x'));
	await guard.remove(repo, [key]);
	t.is(await store.stat(key), undefined);
	t.deepEqual([...(await guard.secure(repo, [key], 'blob')).doubtful], [key]);
	t.is(waits.length, 1);
});

test('a tombstone is dropped only as it was seen, and is gone then', async t => {
	const {tombstones, seen} = setUp();
	await tombstones.condemn(repo, key, 'a');
	await tombstones.free(repo, await seen());
	const free = await seen();
	await tombstones.condemn(repo, key, 'b', free);
	t.false(await tombstones.drop(repo, free));
	await tombstones.free(repo, await seen());
	t.true(await tombstones.drop(repo, await seen()));
	t.is(await tombstones.read(repo, key), undefined);
});

test('of a repository where more is condemned than a listing tells, each tombstone is asked for', async t => {
	const {guard, tombstones, asked} = setUp();
	for (let at = 0; at < 2000; at++) await tombstones.condemn(repo, `repos/ci/app/_blobs/sha256/aa/${at}`, 'a');
	await tombstones.condemn(repo, key, 'a');
	asked.length = 0;
	await guard.secure(repo, [key], 'head');
	t.deepEqual(asked, ['list', 'read', 'write']);
	t.is((await tombstones.read(repo, key))?.state, 'rescued');
});
