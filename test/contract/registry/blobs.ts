/** Blobs: stored whole or not at all, looked for, mounted. */
import {digestOf} from 'oci-spec-types';
import {bodyOf, collect, someBytes} from '../../support/bytes.ts';
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, isThere, putBytes, readBytes, throwsCode} from './support.ts';

export const blobContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test('a blob that was never stored is unknown, whoever asks', async (t, {registry, repo}) => {
		const digest = digestOf(Buffer.from('never stored'));
		await throwsCode(t, registry.statBlob(repo, digest), 'BLOB_UNKNOWN');
		await throwsCode(t, registry.statBlob(repo, digest, 'importer'), 'BLOB_UNKNOWN');
		await throwsCode(t, registry.statBlob(repo, digest, 'pusher'), 'BLOB_UNKNOWN');
		await throwsCode(t, registry.readBlob(repo, digest), 'BLOB_UNKNOWN');
		t.deepEqual(await registry.statBlobs(repo, [digest]), new Map());
	});

	for (const [title, bytes] of sizes) {
		test(`a blob of ${title} is read back byte for byte, with its size`, async (t, {registry, repo}) => {
			const digest = digestOf(bytes);
			await registry.putBlob(repo, digest, bodyOf(bytes, {chunkBytes: 10_007}), bytes.length);
			t.deepEqual(await registry.statBlob(repo, digest), {digest, size: bytes.length});
			t.like(await registry.statBlob(repo, digest, 'pusher'), {digest, size: bytes.length});
			const {body, ...facts} = await registry.readBlob(repo, digest);
			t.like(facts, {digest, size: bytes.length});
			t.is(facts.range, undefined);
			t.true((await collect(body)).equals(bytes));
		});
	}

	test(
		'the size of a blob need not be known beforehand',
		async (t, {registry, repo}) => {
			const bytes = someBytes(200_000, 3);
			const digest = digestOf(bytes);
			await registry.putBlob(repo, digest, bodyOf(bytes));
			t.true((await readBytes(registry, repo, digest)).equals(bytes));
		},
		'unknown lengths',
	);

	test(
		'a blob is stored under its sha512',
		async (t, {registry, repo}) => {
			const bytes = someBytes(70_000, 4);
			const digest = digestOf(bytes, 'sha512');
			await registry.putBlob(repo, digest, bodyOf(bytes), bytes.length);
			t.deepEqual(await registry.statBlob(repo, digest), {digest, size: bytes.length});
			t.true((await readBytes(registry, repo, digest)).equals(bytes));
		},
		'sha512 blobs',
	);

	test('of several blobs the sizes of those that are there are told', async (t, {registry, repo}) => {
		const there = await Promise.all(['one', 'two', 'three'].map(word => putBytes(registry, repo, word)));
		const absent = ['four', 'five'].map(word => digestOf(Buffer.from(word)));
		const found = await registry.statBlobs(repo, [...absent, ...there]);
		t.deepEqual(new Map([...found].sort()), new Map([...there.map((digest, at) => [digest, [3, 3, 5][at] ?? 0] as const)].sort()));
		t.is((await registry.statBlobs(repo, [])).size, 0);
	});

	for (const size of [1000, 300_000])
		for (const known of ['known', 'unknown'])
			test(
				`${size} bytes of another digest, their length ${known}, are refused and not stored`,
				async (t, {registry, repo}) => {
					const digest = digestOf(someBytes(size, 5));
					const act = registry.putBlob(repo, digest, bodyOf(someBytes(size, 6)), known === 'known' ? size : undefined);
					await throwsCode(t, act, 'DIGEST_INVALID');
					t.false(await isThere(registry, repo, digest));
				},
				...(known === 'known' ? [] : (['unknown lengths'] as const)),
			);

	for (const [title, sent] of [
		['fewer', 150_000],
		['more', 150_002],
	] as const)
		test(`${title} bytes than were announced are refused and not stored`, async (t, {registry, repo}) => {
			const bytes = someBytes(sent, 7);
			const digest = digestOf(bytes);
			await throwsCode(t, registry.putBlob(repo, digest, bodyOf(bytes), 150_001), 'SIZE_INVALID');
			t.false(await isThere(registry, repo, digest));
		});

	test('bytes where none were announced are refused', async (t, {registry, repo}) => {
		const nothing = digestOf(Buffer.alloc(0));
		await throwsCode(t, registry.putBlob(repo, nothing, bodyOf(Buffer.from('x')), 0), 'SIZE_INVALID');
		await throwsCode(t, registry.putBlob(repo, digestOf(Buffer.from('x')), bodyOf(Buffer.alloc(0)), 0), 'DIGEST_INVALID');
		t.false(await isThere(registry, repo, nothing));
	});

	test('a body that breaks off is thrown as it is, and nothing is stored', async (t, {registry, repo}) => {
		const bytes = someBytes(200_000, 8);
		const digest = digestOf(bytes);
		const broken = bodyOf(bytes.subarray(0, 150_000), {
			async end() {
				throw new RangeError('the client has gone');
			},
		});
		await t.throwsAsync(registry.putBlob(repo, digest, broken, bytes.length), {instanceOf: RangeError, message: 'the client has gone'});
		t.false(await isThere(registry, repo, digest));
	});

	test('the same blob may be stored again, and by many at once', async (t, {registry, repo}) => {
		const bytes = someBytes(100_000, 9);
		const digests = await Promise.all(Array.from({length: 8}, () => putBytes(registry, repo, bytes)));
		await putBytes(registry, repo, bytes);
		t.deepEqual([...new Set(digests)], [digestOf(bytes)]);
		t.true((await readBytes(registry, repo, digestOf(bytes))).equals(bytes));
	});

	test("a blob is its repository's own", async (t, {registry, repo, other}) => {
		const digest = await putBytes(registry, repo, 'of this repository');
		t.true(await isThere(registry, repo, digest));
		t.false(await isThere(registry, other, digest));
		await throwsCode(t, registry.readBlob(other, digest), 'BLOB_UNKNOWN');
	});

	test(
		'a blob is mounted from the repository that holds it',
		async (t, {registry, repo, other}) => {
			const bytes = someBytes(50_000, 10);
			const digest = await putBytes(registry, other, bytes);
			t.true(await registry.mountBlob(repo, digest, other));
			t.true((await readBytes(registry, repo, digest)).equals(bytes));
		},
		'mounts',
	);

	test('what is not there to be mounted has to be uploaded', async (t, {registry, repo, other}) => {
		await putBytes(registry, other, 'something else');
		const digest = digestOf(Buffer.from('nobody holds this'));
		t.false(await registry.mountBlob(repo, digest, other));
		t.false(await registry.mountBlob(repo, digest));
		t.false(await isThere(registry, repo, digest));
	});

	test('an upload that was expected and never came is not there', async (t, {registry, repo}) => {
		const digest = digestOf(Buffer.from('sent past us'));
		registry.expectUpload(repo, digest);
		await throwsCode(t, registry.statBlob(repo, digest), 'BLOB_UNKNOWN');
		await putBytes(registry, repo, 'sent past us');
		t.deepEqual(await registry.statBlob(repo, digest, 'pusher'), {digest, size: 12});
	});
};

const sizes = [
	['no bytes', Buffer.alloc(0)],
	['one byte', Buffer.from('x')],
	['64 KiB', someBytes(65_536, 1)],
	['a million bytes and one', someBytes(1_000_001, 2)],
] as const;
