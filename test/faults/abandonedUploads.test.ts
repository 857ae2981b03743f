/** Uploads that a crash left behind: which are found, which are left alone, and what becomes of one that goes on all the same. */
import {mkdir, readdir, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {abortAbandonedUploads} from '../../src/gc/abandonedUploads.ts';
import {createDiskStore} from '../../src/storage/disk.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {bodyOf, someBytes} from '../support/bytes.ts';
import type {S3Double} from '../support/s3Double.ts';
import {partBytes, startStoreOnDouble} from '../support/s3DoubleStore.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {until} from '../support/until.ts';

const hourMs = 3_600_000;
const idleMs = 24 * hourMs;

const sweep = async (store: ObjectStore) =>
	(await Array.fromAsync(abortAbandonedUploads(store, {idleMs}))).reduce((sum, count) => sum + count, 0);

/** What a process leaves that is killed: an upload of an hour count ago, and parts of other hour counts ago. */
const leave = (double: S3Double, key: string, {startedHoursAgo, partsHoursAgo}: Left) => {
	const id = double.bucket.begin(key, 'application/octet-stream');
	const upload = double.bucket.uploads.get(id);
	if (!upload) throw new Error('the double has lost an upload');
	upload.startedAt = new Date(Date.now() - startedHoursAgo * hourMs);
	for (const [at, hoursAgo] of partsHoursAgo.entries())
		upload.parts.set(at + 1, {bytes: Buffer.alloc(1), etag: '"x"', modified: new Date(Date.now() - hoursAgo * hourMs)});
	return id;
};
type Left = {startedHoursAgo: number; partsHoursAgo: readonly number[]};

const cases: readonly (readonly [title: string, left: Left, isAborted: boolean])[] = [
	['that was begun 25 hours ago and has no part', {startedHoursAgo: 25, partsHoursAgo: []}, true],
	['whose newest part is 25 hours old', {startedHoursAgo: 49, partsHoursAgo: [48, 25, 40]}, true],
	['whose newest part is 23 hours old, in the middle', {startedHoursAgo: 47, partsHoursAgo: [46, 23, 46]}, false],
	['that was begun 23 hours ago', {startedHoursAgo: 23, partsHoursAgo: []}, false],
	['whose only young part stands behind a thousand old ones', {startedHoursAgo: 47, partsHoursAgo: [...Array(1000).fill(40), 1]}, false],
];
for (const [title, left, isAborted] of cases) {
	test(`in S3, an upload ${title} is ${isAborted ? 'aborted' : 'left alone'}`, async t => {
		const {double, store} = await startStoreOnDouble(t);
		leave(double, 'repos/ci/app/_blobs/sha256/aa/aaaa', left);
		t.is(await sweep(store), isAborted ? 1 : 0);
		t.is(double.bucket.uploads.size, isAborted ? 0 : 1);
	});
}

const crashed: Left = {startedHoursAgo: 30, partsHoursAgo: [30]};

test('in S3, only what lies under our prefix is aborted', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {prefix: 'ours'});
	for (const key of ['ours/repos/a', 'ours', 'ours-too/repos/a', 'repos/a', 'theirs']) leave(double, key, crashed);
	t.is(await sweep(store), 1);
	t.deepEqual([...double.bucket.uploads.values()].map(({key}) => key).sort(), ['ours', 'ours-too/repos/a', 'repos/a', 'theirs']);
});

test("an upload's age is by the clock of the store, not of the replica", async t => {
	const minutesAhead = 10;
	const now = () => new Date(Date.now() + minutesAhead * 60_000);
	const {double, store} = await startStoreOnDouble(t, {now});
	const hoursAgo = 24 - minutesAhead / 120;
	leave(double, 'repos/a', {startedHoursAgo: hoursAgo, partsHoursAgo: [hoursAgo]});
	t.is(await sweep(store), 1);
});

test('in S3, parts are asked for only of uploads that are old enough', async t => {
	const {double, store} = await startStoreOnDouble(t);
	leave(double, 'repos/young', {startedHoursAgo: 1, partsHoursAgo: [1]});
	leave(double, 'repos/old', crashed);
	t.is(await sweep(store), 1);
	t.deepEqual(
		double.requests.filter(({operation}) => operation === 'ListParts').map(({key}) => key),
		['repos/old'],
	);
});

test('an upload that was completed between the look and the abort is none that failed', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const a = leave(double, 'repos/a', crashed);
	const b = leave(double, 'repos/b', crashed);
	double.faults = ({operation, key}) => {
		if (operation === 'ListParts' && key === 'repos/a') double.bucket.uploads.delete(a);
		if (operation === 'AbortMultipartUpload') double.bucket.uploads.delete(b);
		return undefined;
	};
	t.is(await sweep(store), 1);
	t.is(double.count('AbortMultipartUpload'), 1);
});

test('one upload that cannot be aborted does not keep the others, and is told of in the end', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {patienceSeconds: 0.02}});
	for (const key of ['repos/a', 'repos/b', 'repos/c']) leave(double, key, crashed);
	double.faults = ({operation, key}) =>
		operation === 'AbortMultipartUpload' && key === 'repos/b' ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined;
	await t.throwsAsync(sweep(store), {instanceOf: StoreUnavailable, message: /AbortMultipartUpload.*AccessDenied/});
	t.deepEqual(
		[...double.bucket.uploads.values()].map(({key}) => key),
		['repos/b'],
	);
});

test('without the right to list parts nothing is aborted', async t => {
	const {double, store} = await startStoreOnDouble(t);
	leave(double, 'repos/a', crashed);
	double.faults = ({operation}) => (operation === 'ListParts' ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined);
	await t.throwsAsync(sweep(store), {instanceOf: StoreUnavailable, message: /AccessDenied/});
	t.is(double.bucket.uploads.size, 1);
});

test('an upload that goes on while it is aborted fails as a store that is away, and succeeds when it is repeated', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const bytes = someBytes(3 * partBytes);
	const end = async () => {
		// The last is held back until the stream has ended.
		await until(() => [...double.bucket.uploads.values()].some(({parts}) => parts.size === 2));
		for (const upload of double.bucket.uploads.values()) {
			const old = new Date(Date.now() - 30 * hourMs);
			upload.startedAt = old;
			for (const part of upload.parts.values()) part.modified = old;
		}
		t.is(await sweep(store), 1);
	};
	await t.throwsAsync(store.upload('blobs/a', bodyOf(bytes, {end}), {size: bytes.length}), {instanceOf: StoreUnavailable});
	t.is(await store.stat('blobs/a'), undefined);
	t.like(await store.upload('blobs/a', bodyOf(bytes), {size: bytes.length}), {size: bytes.length});
});

test('in memory, an upload is abandoned when no byte has come for a day', async t => {
	const time = {now: Date.parse('2026-01-01T00:00:00Z')};
	const store = createMemoryStore({now: () => new Date(time.now)});
	const counts: number[] = [];
	async function* slow() {
		yield Buffer.from('a');
		time.now += 23 * hourMs;
		yield Buffer.from('b');
		time.now += 23 * hourMs;
		counts.push(await sweep(store));
		time.now += 2 * hourMs;
		counts.push(await sweep(store));
	}
	await t.throwsAsync(store.upload('blobs/a', slow()));
	t.deepEqual(counts, [0, 1]);
});

test('on disk, an upload is abandoned when no byte has come for a day', async t => {
	const path = await temporaryFolder(t);
	const store = createDiskStore({path});
	t.teardown(() => store.close());
	const folder = join(path, 'incoming');
	await mkdir(folder);
	const leaveFile = async (hex: string, startedHoursAgo: number, writtenHoursAgo?: number) => {
		const name = `${Date.now() - startedHoursAgo * hourMs}-${hex.repeat(16)}`;
		await writeFile(join(folder, `${name}.key`), 'blobs/a');
		if (writtenHoursAgo === undefined) return name;
		const written = new Date(Date.now() - writtenHoursAgo * hourMs);
		await writeFile(join(folder, name), 'bytes');
		await utimes(join(folder, name), written, written);
		return name;
	};
	await leaveFile('a', 30, 25);
	await leaveFile('b', 30);
	const goesOn = await leaveFile('c', 30, 23);
	const young = await leaveFile('d', 23);
	t.is(await sweep(store), 2);
	t.deepEqual((await readdir(folder)).sort(), [goesOn, `${goesOn}.key`, `${young}.key`].sort());
});
