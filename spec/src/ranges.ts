/** Byte ranges: `Range` of a download (RFC 9110 section 14) and `Content-Range` of an uploaded chunk (distribution-spec, "Pushing a blob in chunks"). */
import {OciError} from './errors.ts';
import {excerpt} from './excerpts.ts';

/** Offsets in bytes, `end` inclusive; or the last `suffix` bytes. */
export type ByteRange = {start: number; end?: number} | {suffix: number};

/** Offsets in bytes, both inclusive. */
export type ContentRange = {start: number; end: number};

/**
 * A `Range` header to the one range it asks for. Undefined means the whole: the header is absent, of another unit, asks for several ranges or is malformed,
 * all of which RFC 9110 14.2 lets a server ignore. A range that ends before it starts is kept, so that it is answered with 416 as conformance demands.
 */
export const parseRange = (header: string | undefined): ByteRange | undefined => {
	const match = header === undefined ? null : rangePattern.exec(header);
	if (!match) return undefined;
	const [, first, last] = match;
	if (first) return last ? {start: offset(first), end: offset(last)} : {start: offset(first)};
	return last ? {suffix: offset(last)} : undefined;
};

/** The bytes a range means in content of `size` bytes; undefined when there are none, which is answered with 416. Nothing can be asked of empty content. */
export const resolveRange = (range: ByteRange, size: number): ContentRange | undefined => {
	const start = 'suffix' in range ? Math.max(size - range.suffix, 0) : range.start;
	const end = 'suffix' in range ? size - 1 : Math.min(range.end ?? size - 1, size - 1);
	return start <= end ? {start, end} : undefined;
};

/**
 * The `Content-Range` of a chunk. Undefined means append: the header is absent. Throws BLOB_UPLOAD_INVALID.
 * "It MUST match the following regular expression: ^[0-9]+-[0-9]+$"; `bytes 0-9/*`, as RFC 9110 writes it and some clients send it, is taken too.
 */
export const parseContentRange = (header: string | undefined): ContentRange | undefined => {
	if (header === undefined) return undefined;
	const match = contentRangePattern.exec(header);
	const range = {start: Number(match?.[1]), end: Number(match?.[2])};
	if (Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end) && range.start <= range.end) return range;
	throw new OciError('BLOB_UPLOAD_INVALID', {contentRange: excerpt(header)}, {message: 'malformed Content-Range, expected <start>-<end>'});
};

/** The `Range` header that tells how much of an upload is there. An empty one says `0-0`, as CNCF Distribution does: the form has no other word for it. */
export const formatUploadRange = (size: number): string => `0-${Math.max(size - 1, 0)}`;

const rangePattern = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;
const contentRangePattern = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/;

/** Offsets beyond what a number holds exactly lie beyond every blob as well. */
const offset = (digits: string): number => Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
