/** How S3 is told the CRC of what it gets: before the bytes where they are all there, else after them, in a trailer. */
import {type Content, formatCrc32} from './content.ts';

export const sumHeaders = (crc32: string | undefined): Record<string, string> => (crc32 === undefined ? {} : {[sumHeader]: crc32});

/** The request's headers and body for content that has a sum once it is whole. */
export const summed = (content: Content): {headers: Record<string, string>; body: Content} => {
	if (content.isWhole()) return {headers: sumHeaders(content.crc32()), body: content};
	const headers = {
		'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
		'content-encoding': 'aws-chunked',
		'x-amz-decoded-content-length': String(content.size),
		'x-amz-trailer': sumHeader,
	};
	return {headers, body: framed(content)};
};

const sumHeader = 'x-amz-checksum-crc32';

/** AWS wants 8 KiB at least. MinIO keeps a whole frame before it looks at it; short ones cost both sides a call each. */
export const frameBytes = 256 * 1024;

/** As `aws-chunked` has it: each frame with its length in hex before it, then an empty one, then the trailer. */
const framed = (content: Content): Content => {
	const {size} = content;
	return {...content, size: sizeOfFrames(size) + ending(formatCrc32(0)).length, bytes: () => frames(content)};
};

async function* frames(content: Content): AsyncGenerator<Uint8Array> {
	let rest = content.size;
	let left = 0;
	for await (const piece of content.bytes()) {
		for (let bytes = piece; bytes.length > 0; ) {
			if (left === 0) {
				left = Math.min(frameBytes, rest);
				yield Buffer.from(beginning(left, rest === content.size));
			}
			const taken = bytes.subarray(0, left);
			yield taken;
			left -= taken.length;
			rest -= taken.length;
			bytes = bytes.subarray(taken.length);
		}
	}
	yield Buffer.from(ending(content.crc32()));
}

const beginning = (length: number, isFirst: boolean) => `${isFirst ? '' : '\r\n'}${length.toString(16)}\r\n`;
const ending = (crc32: string | undefined) => `\r\n0\r\n${sumHeader}:${crc32}\r\n\r\n`;

const sizeOfFrames = (size: number) => {
	const full = Math.floor(size / frameBytes);
	const last = size % frameBytes;
	const lengths = full * beginning(frameBytes, false).length + (last > 0 ? beginning(last, false).length : 0);
	return size + lengths - '\r\n'.length;
};
