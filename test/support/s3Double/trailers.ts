/** Bodies in frames with a sum after them, as AWS takes them from whoever does not sign them: `aws-chunked`. */
import {crc32} from 'node:zlib';
import {S3Refusal} from './refusal.ts';

export const unsignedTrailer = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

const leastFrameBytes = 8 * 1024;

/** The bytes in the frames. Throws S3Refusal where they, their length or, if `isChecked`, their sum are not what was said. */
export const unframed = (body: Buffer, headers: Readonly<Record<string, string>>, isChecked: boolean): Buffer => {
	if (!headers['content-encoding']?.split(',').includes('aws-chunked')) throw malformed('Content-Encoding');
	const frames: Buffer[] = [];
	let at = 0;
	const line = () => {
		const end = body.indexOf('\r\n', at);
		if (end < 0) throw malformed('the end of a line');
		const text = body.subarray(at, end).toString('latin1');
		at = end + 2;
		return text;
	};
	for (;;) {
		const length = line();
		if (!/^[0-9a-f]+$/.test(length)) throw malformed('the length of a frame');
		const frame = body.subarray(at, at + Number.parseInt(length, 16));
		at += frame.length;
		if (frame.length === 0) break;
		if (line() !== '') throw malformed('the end of a frame');
		if ((frames.at(-1)?.length ?? leastFrameBytes) < leastFrameBytes) throw new S3Refusal(403, 'InvalidChunkSizeError');
		frames.push(frame);
	}
	const bytes = Buffer.concat(frames);
	if (String(bytes.length) !== headers['x-amz-decoded-content-length']) throw malformed('x-amz-decoded-content-length');
	const [name, sum] = line().split(':');
	if (name !== 'x-amz-checksum-crc32' || headers['x-amz-trailer'] !== name) throw new S3Refusal(400, 'MalformedTrailerError');
	if (line() !== '' || at !== body.length) throw malformed('the end');
	if (isChecked && sum !== Buffer.from(crc32(bytes).toString(16).padStart(8, '0'), 'hex').toString('base64'))
		throw new S3Refusal(400, 'BadDigest');
	return bytes;
};

const malformed = (what: string) => new S3Refusal(400, 'IncompleteBody', `The body's frames are not as they should be: ${what}`);
