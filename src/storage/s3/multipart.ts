/** One multipart upload: its parts, sent or copied, then all of it or nothing. */
import {createHash} from 'node:crypto';
import {AbortMultipartUploadCommand, UploadPartCopyCommand} from '@aws-sdk/client-s3';
import {type Etag, octetStream, type WriteOptions} from '../objectStore.ts';
import type {S3} from './client.ts';
import {type Content, contentOf} from './content.ts';
import {conditionally, conditionHeaders, etagOf, statObject} from './objects.ts';
import {S3Failure} from './s3Failure.ts';
import {summed} from './sums.ts';
import {escapeText, textOf} from './xml.ts';

export type Multipart = {
	/** Its sum goes before the bytes where they are all there, else after them. `once`: what S3 refuses is not sent again. */
	sendPart(number: number, part: Content, options?: {once?: boolean}): Promise<void>;
	/** `source` as in a copy; `range` with its ends inclusive. */
	copyPart(number: number, source: string, range?: {start: number; end: number}): Promise<void>;
	/** Makes the parts the object. */
	complete(): Promise<{etag: Etag; answeredAt: Date}>;
	/** Stops what is under way and removes what has arrived. Does its best: what it leaves, the sweeper finds. */
	abort(): Promise<void>;
};

/** `of`: what its parts are. Those that are sent come with a sum, which has to be announced; of those that S3 copies there is none. */
export const beginMultipart = async (
	s3: S3,
	key: string,
	of: 'bytes' | 'copies',
	{contentType = octetStream, ...conditions}: WriteOptions,
): Promise<Multipart> => {
	const fullKey = s3.fullKey(key);
	const uploadId = await createUpload(s3, fullKey, {
		'content-type': contentType,
		...(of === 'bytes' && {'x-amz-checksum-algorithm': 'CRC32'}),
	});
	const upload = {Bucket: s3.bucket, Key: fullKey, UploadId: uploadId};
	const parts: SentPart[] = [];
	const underWay = new Set<Promise<unknown>>();
	const stop = new AbortController();

	const add = async (number: number, sent: Promise<SentPart>) => {
		underWay.add(sent);
		try {
			parts[number - 1] = await sent;
		} finally {
			underWay.delete(sent);
		}
	};

	return {
		sendPart(number, content, {once = false} = {}) {
			const sent = s3.ask({
				...summed(content),
				operation: 'UploadPart',
				method: 'PUT',
				fullKey,
				query: {partNumber: String(number), uploadId},
				signal: stop.signal,
				once,
			});
			return add(
				number,
				sent.then(({headers}) => ({etag: etagOf(s3, 'UploadPart', headers.etag), crc32: content.crc32()})),
			);
		},

		copyPart(number, source, range) {
			const command = new UploadPartCopyCommand({
				...upload,
				PartNumber: number,
				CopySource: source,
				...(range && {CopySourceRange: `bytes=${range.start}-${range.end}`}),
			});
			return add(
				number,
				s3.send(command, {signal: stop.signal}).then(answer => ({etag: etagOf(s3, 'UploadPartCopy', answer.CopyPartResult?.ETag)})),
			);
		},

		async complete() {
			const list = contentOf(Buffer.from(formatParts(parts)));
			try {
				const {text, answeredAt} = await conditionally(key, conditions, () =>
					s3.ask({
						operation: 'CompleteMultipartUpload',
						method: 'POST',
						fullKey,
						query: {uploadId},
						headers: {'content-type': 'application/xml', ...conditionHeaders(conditions)},
						body: list,
					}),
				);
				return {etag: etagOf(s3, 'CompleteMultipartUpload', textOf(text, 'ETag')), answeredAt};
			} catch (error) {
				// We asked twice, and S3 had done it at the first time: then the object is there, and ours.
				const stored = error instanceof S3Failure && error.code === 'NoSuchUpload' ? await statObject(s3, key) : undefined;
				if (!stored || stored.etag !== etagOfParts(parts)) throw error;
				return stored;
			}
		},

		async abort() {
			stop.abort(new Error('the upload was given up'));
			await Promise.allSettled(underWay);
			// The client waits for its answer meanwhile.
			await s3.send(new AbortMultipartUploadCommand(upload), {signal: AbortSignal.timeout(abortPatienceMs)}).catch(() => undefined);
		},
	};
};

const abortPatienceMs = 5000;

type SentPart = {etag: Etag; crc32?: string | undefined};

const createUpload = async (s3: S3, fullKey: string, headers: Record<string, string>): Promise<string> => {
	const {text} = await s3.ask({operation: 'CreateMultipartUpload', method: 'POST', fullKey, query: {uploads: ''}, headers});
	const uploadId = textOf(text, 'UploadId');
	if (uploadId) return uploadId;
	throw new S3Failure(`S3 (bucket ${s3.bucket}) began an upload in parts and gave it no id`, {code: 'NoResult', status: 200});
};

const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

const formatParts = (parts: readonly SentPart[]) => {
	const rows = parts.map(({etag, crc32}, at) => {
		const sum = crc32 ? `<ChecksumCRC32>${crc32}</ChecksumCRC32>` : '';
		return `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escapeText(etag)}</ETag>${sum}</Part>`;
	});
	return `<CompleteMultipartUpload xmlns="${s3Namespace}">${rows.join('')}</CompleteMultipartUpload>`;
};

/** S3's own rule, where nothing is encrypted: the MD5 of the parts' MD5s, and their number. */
const etagOfParts = (parts: readonly SentPart[]) => {
	const md5 = createHash('md5');
	for (const {etag} of parts) md5.update(etag.replaceAll('"', ''), 'hex');
	return `"${md5.digest('hex')}-${parts.length}"`;
};
