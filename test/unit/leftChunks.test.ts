/** Chunks that nobody closed: which of them the sweeper takes. */
import test from 'ava';
import {createUploadId, parseRepositoryName, type UploadId} from 'oci-spec-types';
import {removeLeftChunks} from '../../src/gc/leftChunks.ts';
import {keys} from '../../src/registry/keys.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {keysOf, recording} from '../support/stores.ts';

const hourMs = 3_600_000;
const today = Date.parse('2026-02-01T00:00:00Z');

const setUp = () => {
	const time = {now: today};
	const memory = createMemoryStore({now: () => new Date(time.now)});
	const {store, asked} = recording(memory);
	let uploads = 0;
	return {
		store: memory,
		asked,
		/** An upload that began so many hours ago, with objects that were written so many hours ago. */
		async leave(repo: string, startedHoursAgo: number, ...writtenHoursAgo: readonly number[]): Promise<UploadId> {
			uploads += 1;
			const upload = createUploadId(today - startedHoursAgo * hourMs, Buffer.alloc(10, uploads));
			for (const [at, hoursAgo] of writtenHoursAgo.entries()) {
				time.now = today - hoursAgo * hourMs;
				await memory.write(keys.chunk(parseRepositoryName(repo), upload, at, 'nonce'), Buffer.from('x'));
			}
			time.now = today;
			return upload;
		},
		async cancel(repo: string, startedHoursAgo: number) {
			const upload = await this.leave(repo, startedHoursAgo);
			time.now = today - startedHoursAgo * hourMs;
			await memory.write(keys.cancelledUpload(parseRepositoryName(repo), upload), new Uint8Array());
			time.now = today;
		},

		async sweep(pauses: number[] = []) {
			const pause = async (ms: number) => pauses.push(ms);
			const counts = await Array.fromAsync(removeLeftChunks(store, {endedMs: 72 * hourMs, idleMs: 24 * hourMs, pause}));
			return counts.reduce((sum, count) => sum + count, 0);
		},
	};
};

test('chunks and marks of an upload that is over are removed, in every repository, also one that holds nothing else', async t => {
	const left = setUp();
	await left.leave('ci/app', 73, 73, 72, 71);
	await left.leave('ci/app/deep/er', 1000, 999);
	await left.leave('other', 80, 80);
	await left.cancel('other', 90);
	t.is(await left.sweep(), 6);
	t.deepEqual(await keysOf(left.store), []);
});

test('what may still be used is left alone: a younger upload, and an old one that was written to of late', async t => {
	const {store, leave, sweep} = setUp();
	await leave('ci/app', 71, 71);
	await leave('ci/app', 100, 100, 23);
	const before = await keysOf(store);
	t.is(await sweep(), 0);
	t.deepEqual(await keysOf(store), before);
});

test('nothing but uploads is touched', async t => {
	const {store, leave, sweep} = setUp();
	await leave('ci/app', 100, 100);
	const others = ['layout.json', 'repos/ci/app/_blobs/sha256/aa/aa', 'repos/ci/app/_tags/_uploads', 'repos/ci/app/_uploads/strange/0-a'];
	const young = createMemoryStore();
	for (const key of others) {
		await store.write(key, Buffer.from('x'));
		await young.write(key, Buffer.from('x'));
	}
	t.is(await sweep(), 1);
	t.deepEqual(await keysOf(store), await keysOf(young));
});

test('a repository costs one listing and one of its uploads, each after a pause; old uploads one more', async t => {
	const {asked, leave, sweep} = setUp();
	for (const _ of Array(50)) await leave('ci/app', 2, 2);
	await leave('ci/app', 100, 100);
	const pauses: number[] = [];
	asked.length = 0;
	await sweep(pauses);
	const lists = asked.filter(operation => operation === 'list').length;
	// repos/, repos/ci/, repos/ci/app/, its uploads, and the old one.
	t.is(lists, 5);
	t.is(pauses.length, lists);
	t.true(pauses.every(ms => ms > 0));
});

test('one upload that cannot be removed, and a folder that is no repository, do not keep the rest', async t => {
	const {store, leave, sweep} = setUp();
	const first = await leave('ci/app', 100, 100);
	await leave('ci/app', 99, 99);
	await leave('other', 98, 98);
	await store.write('repos/Backup of ci/_uploads/x/y', Buffer.from('x'));
	const {remove} = store;
	store.remove = keys => (keys.some(key => key.includes(first)) ? Promise.reject(new Error('denied')) : remove(keys));
	await t.throwsAsync(sweep(), {message: 'denied'});
	t.is((await keysOf(store, 'repos/')).length, 2);
});
