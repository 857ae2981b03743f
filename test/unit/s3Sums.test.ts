/** Sums before the bytes and after them. */
import {crc32} from 'node:zlib';
import test from 'ava';
import {type Content, contentOf, formatCrc32} from '../../src/storage/s3/content.ts';
import {frameBytes, summed} from '../../src/storage/s3/sums.ts';
import {someBytes} from '../support/bytes.ts';
import {unframed} from '../support/s3Double/trailers.ts';

const sizes = [1, 1000, frameBytes - 1, frameBytes, frameBytes + 1, 3 * frameBytes, 3 * frameBytes + 77];
const chunkings = [1, 1000, frameBytes - 3, frameBytes, 10 * frameBytes];

const inPieces = function* (bytes: Uint8Array, length: number) {
	for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
};

test('what still comes is framed, as long as was announced, however it comes, and its sum comes last', async t => {
	for (const size of sizes)
		for (const length of chunkings) {
			if (size / length > 1000) continue;
			const bytes = someBytes(size);
			const crc = formatCrc32(crc32(bytes));
			const content: Content = {...contentOf(bytes), bytes: () => inPieces(bytes, length), isWhole: () => false, crc32: () => crc};
			const {headers, body} = summed(content);
			const sent = Buffer.concat(await Array.fromAsync(body.bytes()));
			t.is(sent.length, body.size, `${size} in pieces of ${length}`);
			t.true(unframed(sent, headers, true).equals(bytes));
			t.true(sent.toString('latin1').endsWith(`\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`));
		}
});

test('what is there has its sum before it, and no frames', t => {
	const content = {...contentOf(Buffer.from('abc')), crc32: () => 'NSRBwg=='};
	t.deepEqual(summed(content), {headers: {'x-amz-checksum-crc32': 'NSRBwg=='}, body: content});
	t.deepEqual(summed(contentOf(Buffer.from('abc'))).headers, {});
});
