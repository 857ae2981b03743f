/** Streams cut into parts. */
import {crc32} from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {LengthMismatch} from '../../src/lib/exactLength.ts';
import {createSlabs} from '../../src/lib/slabs.ts';
import {formatCrc32} from '../../src/storage/s3/objects.ts';
import {inParts} from '../../src/storage/s3/parts.ts';
import {partBytesFor} from '../../src/storage/s3/uploads.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

test('however a stream comes, its parts are its bytes, each full but the last, and only that one says so', async t => {
	const chunk = fc.uint8Array({maxLength: 70});
	await fc.assert(
		fc.asyncProperty(fc.array(chunk, {maxLength: 12}), fc.integer({min: 1, max: 64}), async (chunks, partBytes) => {
			const slabs = createSlabs({slabBytes: 8, totalBytes: 64});
			const body = (async function* () {
				yield* chunks;
			})();
			const parts: {bytes: Buffer; isLast: boolean}[] = [];
			const cutting = {size: undefined, sizeOf: () => partBytes, slabs, stallSeconds: 30, withSums: true};
			for await (const {pieces, size, crc32: sum, isLast, release} of inParts(body, cutting)) {
				const bytes = Buffer.concat(pieces);
				t.is(bytes.length, size);
				if (size > 0) t.is(sum, formatCrc32(crc32(bytes)));
				parts.push({bytes, isLast});
				release();
			}
			t.true(Buffer.concat(parts.map(({bytes}) => bytes)).equals(Buffer.concat(chunks)));
			t.true(parts.every(({bytes, isLast}, at) => (at === parts.length - 1 ? isLast : !isLast && bytes.length === partBytes)));
			const everything = await Promise.race([slabs.lease(64), new Promise(resolve => setImmediate(resolve, undefined))]);
			t.truthy(everything, 'all memory came back');
		}),
	);
});

test('a stream that is not as long as was said fails, and gives its memory back', async t => {
	for (const size of [9, 11]) {
		const slabs = createSlabs({slabBytes: 8, totalBytes: 64});
		const body = (async function* () {
			yield* [Buffer.alloc(4), Buffer.alloc(6)];
		})();
		const cut = async () => {
			for await (const {release} of inParts(body, {size, sizeOf: () => 4, slabs, stallSeconds: 30, withSums: false})) release();
		};
		await t.throwsAsync(cut(), {instanceOf: LengthMismatch});
		await slabs.lease(64);
	}
});

test('no length needs more than 10,000 parts, and all but the last are equal', t => {
	for (const size of [20 * MiB, 50 * GiB, 80 * GiB + 1, 500 * GiB, 5 * 1024 * GiB]) {
		const sizeOf = partBytesFor(size, 8 * MiB);
		const count = Math.ceil(size / sizeOf(1));
		t.true(count <= 10_000 && sizeOf(1) >= 8 * MiB, `${size}`);
		t.is(sizeOf(count), size - (count - 1) * sizeOf(1));
	}
});

test('an unknown length starts with small parts, and 50 GiB are reached long before the last', t => {
	const sizeOf = partBytesFor(undefined, 8 * MiB);
	let size = 0;
	let number = 1;
	for (; size < 50 * GiB; number += 1) size += sizeOf(number);
	t.is(sizeOf(1), 8 * MiB);
	t.true(number < 5_000);
	for (; number <= 10_000; number += 1) size += sizeOf(number);
	t.true(size > 400 * GiB);
});
