/** Parts of blobs, readers that leave, and addresses at which a blob is read without us. */
import {digestOf, OciError} from 'oci-spec-types';
import {collect, someBytes} from '../../support/bytes.ts';
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, putBytes, readBytes, throwsCode} from './support.ts';

export const blobReadingContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test('a part of a blob is what its range says, both ends included', async (t, {registry, repo}) => {
		const bytes = someBytes(100_000, 21);
		const digest = await putBytes(registry, repo, bytes);
		for (const [range, start, end] of [
			[{start: 0, end: 0}, 0, 0],
			[{start: 10, end: 70_010}, 10, 70_010],
			[{start: 99_990}, 99_990, 99_999],
			[{start: 99_990, end: 5_000_000}, 99_990, 99_999],
			[{suffix: 7}, 99_993, 99_999],
			[{suffix: 5_000_000}, 0, 99_999],
		] as const) {
			const content = await registry.readBlob(repo, digest, range);
			t.is(content.size, 100_000);
			t.true((await collect(content.body)).equals(bytes.subarray(start, end + 1)));
			// All of it is no part, whether or not it is called one.
			if (content.range || end - start < 99_999) t.deepEqual(content.range, {start, end});
		}
	});

	test('a range behind the end is refused with the size there is', async (t, {registry, repo}) => {
		const digest = await putBytes(registry, repo, '0123456789');
		for (const range of [{start: 10}, {start: 10, end: 20}, {start: 5_000_000}]) {
			const error = await throwsCode(t, registry.readBlob(repo, digest, range), 'RANGE_INVALID');
			t.is(error.status, 416);
			t.is(error.headers['Content-Range'], 'bytes */10');
		}
	});

	test('a part of what is not there is unknown', async (t, {registry, repo}) => {
		await throwsCode(t, registry.readBlob(repo, digestOf(Buffer.from('not there')), {start: 1}), 'BLOB_UNKNOWN');
	});

	test('a reader may leave at the beginning or in the middle, and others read on', async (t, {registry, repo}) => {
		const bytes = someBytes(2_000_000, 22);
		const digest = await putBytes(registry, repo, bytes);
		const staying = await registry.readBlob(repo, digest);
		const unread = await registry.readBlob(repo, digest);
		unread.body.destroy();
		const left = await registry.readBlob(repo, digest);
		for await (const chunk of left.body) if (chunk.length > 0) break;
		left.body.destroy();
		t.true((await collect(staying.body)).equals(bytes));
		t.true((await readBytes(registry, repo, digest)).equals(bytes));
	});

	test('many read one blob at once', async (t, {registry, repo}) => {
		const bytes = someBytes(300_000, 23);
		const digest = await putBytes(registry, repo, bytes);
		for (const read of await Promise.all(Array.from({length: 16}, () => readBytes(registry, repo, digest)))) t.true(read.equals(bytes));
	});

	test('where an address of a blob is told, it gives those bytes to anybody', async (t, {registry, repo}) => {
		const digest = await putBytes(registry, repo, 'read past us');
		const url = await registry.locateBlob(repo, digest);
		if (url) t.is(await (await fetch(url)).text(), 'read past us');
		else t.is((await readBytes(registry, repo, digest)).toString(), 'read past us');
	});

	test('whether there is an address says nothing about the blob', async (t, {registry, repo}) => {
		const digest = digestOf(Buffer.from('nowhere'));
		await t.notThrowsAsync(registry.locateBlob(repo, digest));
		await throwsCode(t, registry.statBlob(repo, digest), 'BLOB_UNKNOWN');
	});

	test('where an address for an upload is told, it takes those bytes from anybody', async (t, {registry, repo}) => {
		const digest = digestOf(Buffer.from('sent past us'));
		const upload = await registry.startUpload(repo);
		const url = await registry.locateUpload(repo, upload, digest, 12);
		if (!url) {
			t.pass();
			return;
		}
		t.true((await fetch(url, {method: 'PUT', body: 'sent past us'})).ok);
		t.is((await readBytes(registry, repo, digest)).toString(), 'sent past us');
	});

	test('every failure is an OciError', async (t, {registry, repo}) => {
		const digest = digestOf(Buffer.from('not there either'));
		const acts = [
			registry.statBlob(repo, digest),
			registry.readBlob(repo, digest),
			registry.getManifest(repo, digest),
			registry.deleteManifest(repo, digest),
		];
		for (const act of acts) await t.throwsAsync(act, {instanceOf: OciError});
	});
};
