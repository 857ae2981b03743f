/** Lengths and ranges as registries tell them: of a download (RFC 9110 section 14) and of an upload (distribution-spec, "Pushing a blob in chunks"). */
import type {ByteRange} from 'oci-spec-types';

export const formatRangeHeader = (range: ByteRange): string =>
	'suffix' in range ? `bytes=-${range.suffix}` : `bytes=${range.start}-${range.end ?? ''}`;

/** `Content-Length` in bytes; undefined where there is none that is a number. */
export const parseSize = (header: string | undefined): number | undefined =>
	header && /^\d{1,15}$/.test(header) ? Number(header) : undefined;

/** `Content-Range` of an answer: what it carries, ends inclusive, of `size` bytes. Of an answer 416 only the size is there. */
export const parseContentRangeOf = (header = ''): {start: number; end: number; size: number} | undefined => {
	const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15})$/.exec(header);
	if (!match) return undefined;
	const [start, end, size] = [Number(match[1] ?? 0), Number(match[2] ?? -1), Number(match[3])];
	return match[1] !== undefined && (start > end || end >= size) ? undefined : {start, end, size};
};

/** How many bytes an upload has by its `Range`. `0-0` is how some write that there are none, and means one byte elsewhere: then `believed` decides. */
export const parseUploadRange = (header: string | undefined, believed = 0): number | undefined => {
	const match = /^(?:bytes=)?0-(\d{1,15})$/.exec(header ?? '');
	if (!match) return undefined;
	const size = Number(match[1]) + 1;
	return size === 1 && believed === 0 ? 0 : size;
};
