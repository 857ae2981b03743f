/** Streams cut into parts. */
import test from 'ava';
import fc from 'fast-check';
import {createSlabs} from '../../src/lib/slabs.ts';
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
			for await (const {pieces, size, isLast, release} of inParts(body, () => partBytes, slabs, 30)) {
				const bytes = Buffer.concat(pieces);
				t.is(bytes.length, size);
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
