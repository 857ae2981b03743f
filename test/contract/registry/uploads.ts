/** Uploads: begun, sent in one piece or several, ended or cancelled. */
import {createUploadId, digestOf, type UploadId} from 'oci-spec-types';
import {bodyOf, someBytes} from '../../support/bytes.ts';
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, type Ground, isThere, readBytes, throwsCode} from './support.ts';

export const uploadContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test('an upload begins with nothing, and every one has a name of its own', async (t, {registry, repo}) => {
		const uploads = await Promise.all([registry.startUpload(repo), registry.startUpload(repo)]);
		t.not(uploads[0], uploads[1]);
		for (const upload of uploads) t.is(await registry.uploadSize(repo, upload), 0);
	});

	for (const [title, size] of [
		['known', 200_000],
		['unknown', undefined],
	] as const)
		test(
			`a blob comes in one piece, its length ${title}`,
			async (t, {registry, repo}) => {
				const bytes = someBytes(200_000, 31);
				const digest = digestOf(bytes);
				const upload = await registry.startUpload(repo);
				await registry.finishUpload(repo, upload, digest, {body: bodyOf(bytes), size, first: true});
				t.true((await readBytes(registry, repo, digest)).equals(bytes));
			},
			...(size === undefined ? (['unknown lengths'] as const) : []),
		);

	for (const [title, told] of [
		['their places told', true],
		['one after the other', false],
	] as const)
		test(
			`a blob comes in chunks, ${title}`,
			async (t, {registry, repo}) => {
				const bytes = someBytes(250_000, 32);
				const upload = await registry.startUpload(repo);
				let sent = 0;
				for (const size of [100_000, 1, 99_999]) {
					const range = told ? {start: sent, end: sent + size - 1} : undefined;
					const body = bodyOf(bytes.subarray(sent, sent + size));
					sent += size;
					t.is(await registry.appendUpload(repo, upload, {body, size, range, first: sent === size}), sent);
					t.is(await registry.uploadSize(repo, upload), sent);
				}
				t.false(await isThere(registry, repo, digestOf(bytes)));
				await registry.finishUpload(repo, upload, digestOf(bytes), {body: bodyOf(bytes.subarray(sent)), size: 50_000});
				t.true((await readBytes(registry, repo, digestOf(bytes))).equals(bytes));
			},
			'chunks',
		);

	test(
		'the last piece may be nothing',
		async (t, {registry, repo}) => {
			const bytes = someBytes(70_000, 33);
			const upload = await registry.startUpload(repo);
			await registry.appendUpload(repo, upload, {body: bodyOf(bytes)});
			await registry.finishUpload(repo, upload, digestOf(bytes), nothing());
			t.true((await readBytes(registry, repo, digestOf(bytes))).equals(bytes));
		},
		'chunks',
	);

	test('an upload of nothing is the empty blob', async (t, {registry, repo}) => {
		const digest = digestOf(Buffer.alloc(0));
		await registry.finishUpload(repo, await registry.startUpload(repo), digest, {...nothing(), first: true});
		t.deepEqual(await registry.statBlob(repo, digest), {digest, size: 0});
	});

	test(
		'a chunk that does not begin where the upload ends is refused with what there is, and the upload goes on',
		async (t, {registry, repo}) => {
			const bytes = someBytes(60_000, 34);
			const upload = await registry.startUpload(repo);
			await registry.appendUpload(repo, upload, {body: bodyOf(bytes.subarray(0, 10_000)), size: 10_000});
			for (const start of [0, 9_999, 10_001]) {
				const chunk = {body: bodyOf(bytes.subarray(start, start + 100)), size: 100, range: {start, end: start + 99}};
				const error = await throwsCode(t, registry.appendUpload(repo, upload, chunk), 'BLOB_UPLOAD_INVALID');
				t.is(error.status, 416);
				t.is(error.headers.Range, '0-9999');
			}
			await registry.finishUpload(repo, upload, digestOf(bytes), {
				body: bodyOf(bytes.subarray(10_000)),
				range: {start: 10_000, end: 59_999},
			});
			t.true((await readBytes(registry, repo, digestOf(bytes))).equals(bytes));
		},
		'chunks',
		'places of chunks',
	);

	for (const [title, promised] of [
		['shorter', 1001],
		['longer', 999],
	] as const)
		test(
			`a chunk that is ${title} than was said is refused`,
			async (t, {registry, repo}) => {
				const upload = await registry.startUpload(repo);
				const body = bodyOf(someBytes(1000, 35), {chunkBytes: 100});
				await throwsCode(t, registry.appendUpload(repo, upload, {body, size: promised}), 'SIZE_INVALID');
			},
			'chunks',
			'lengths of chunks',
		);

	for (const whole of [true, false])
		test(
			`${whole ? 'one piece' : 'chunks'} of another digest are refused and not stored`,
			async (t, {registry, repo}) => {
				const digest = digestOf(someBytes(80_000, 36));
				const bytes = someBytes(80_000, 37);
				const upload = await registry.startUpload(repo);
				if (!whole) await registry.appendUpload(repo, upload, {body: bodyOf(bytes), size: 80_000});
				const last = whole ? {body: bodyOf(bytes), size: 80_000, first: true} : nothing();
				await throwsCode(t, registry.finishUpload(repo, upload, digest, last), 'DIGEST_INVALID');
				t.false(await isThere(registry, repo, digest));
				t.false(await isThere(registry, repo, digestOf(bytes)));
			},
			...(whole ? [] : (['chunks', 'digests of chunks'] as const)),
		);

	test(
		'an upload that ended long ago is unknown',
		async (t, {registry, repo}) => {
			await isUnknown(t, {registry, repo}, createUploadId(Date.now() - 30 * 24 * 3_600_000, Buffer.alloc(10, 7)));
		},
		'uploads that ended long ago',
	);

	test(
		'a cancelled upload is unknown, and its bytes are no blob',
		async (t, {registry, repo}) => {
			const bytes = someBytes(5000, 38);
			const upload = await registry.startUpload(repo);
			await registry.appendUpload(repo, upload, {body: bodyOf(bytes), size: 5000});
			await registry.cancelUpload(repo, upload);
			await isUnknown(t, {registry, repo}, upload);
			t.false(await isThere(registry, repo, digestOf(bytes)));
		},
		'chunks',
	);

	test(
		'two uploads of one blob do not disturb each other',
		async (t, {registry, repo}) => {
			const bytes = someBytes(90_000, 39);
			const [one, two] = await Promise.all([registry.startUpload(repo), registry.startUpload(repo)]);
			await Promise.all([one, two].map(upload => registry.appendUpload(repo, upload, {body: bodyOf(bytes), size: 90_000})));
			await Promise.all([one, two].map(upload => registry.finishUpload(repo, upload, digestOf(bytes), nothing())));
			t.true((await readBytes(registry, repo, digestOf(bytes))).equals(bytes));
		},
		'chunks',
	);
};

const nothing = () => ({body: bodyOf(Buffer.alloc(0)), size: 0});

const isUnknown = async (t: Parameters<typeof throwsCode>[0], {registry, repo}: Pick<Ground, 'registry' | 'repo'>, upload: UploadId) => {
	const chunk = () => ({body: bodyOf(Buffer.from('more')), size: 4});
	await throwsCode(t, registry.uploadSize(repo, upload), 'BLOB_UPLOAD_UNKNOWN');
	await throwsCode(t, registry.appendUpload(repo, upload, chunk()), 'BLOB_UPLOAD_UNKNOWN');
	await throwsCode(t, registry.finishUpload(repo, upload, digestOf(Buffer.from('more')), chunk()), 'BLOB_UPLOAD_UNKNOWN');
	await throwsCode(t, registry.cancelUpload(repo, upload), 'BLOB_UPLOAD_UNKNOWN');
};
