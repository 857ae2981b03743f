/** Ids of uploads: UUIDs of version 7, which tell when the upload began, so that an old one is known without asking anybody. */
import {z} from 'zod';
import {OciError} from './errors.ts';
import {excerpt} from './excerpts.ts';

const uploadIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** "The `<blob-push-location>` MUST contain a UUID representing a unique session ID": RFC 9562 section 5.7, in lower case. */
export const uploadIdSchema = z.string().regex(uploadIdPattern, 'must be a UUID of version 7, in lower case').brand<'UploadId'>();
export type UploadId = z.infer<typeof uploadIdSchema>;

/** True for an id that `parseUploadId` takes. */
export const isUploadId = (text: string): text is UploadId => uploadIdPattern.test(text);

/** Text to an upload id. Throws BLOB_UPLOAD_UNKNOWN: an id that we cannot have given is unknown. */
export const parseUploadId = (text: unknown): UploadId => {
	if (typeof text === 'string' && isUploadId(text)) return text;
	throw new OciError('BLOB_UPLOAD_UNKNOWN', {upload: typeof text === 'string' ? excerpt(text) : typeof text});
};

/** An id of an upload that begins at `nowMs` (milliseconds since 1970). `random`: at least 10 bytes, of which 74 bits are used. */
export const createUploadId = (nowMs: number, random: Uint8Array): UploadId => {
	if (!Number.isInteger(nowMs) || nowMs < 0 || nowMs >= 2 ** 48) throw new RangeError(`no time of a UUID: ${nowMs}`);
	if (random.length < 10) throw new RangeError('a UUID needs 10 random bytes');
	const [a = 0, b = 0, c = 0] = random;
	const time = nowMs.toString(16).padStart(12, '0');
	const version = (0x7000 | ((a & 0x0f) << 8) | b).toString(16);
	const variant = (0x80 | (c & 0x3f)).toString(16);
	const rest = [...random.subarray(3, 10)].map(byte => byte.toString(16).padStart(2, '0')).join('');
	return parseUploadId(`${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}${rest.slice(0, 2)}-${rest.slice(2)}`);
};

/** When the upload began, in milliseconds since 1970. */
export const uploadStartedAt = (id: UploadId): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
