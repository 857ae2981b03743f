/** One multipart upload: its parts, sent or copied, then all of it or nothing. */
import {createHash} from 'node:crypto';
import {
	AbortMultipartUploadCommand,
	type CompletedPart,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	UploadPartCommand,
	UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import {type Etag, octetStream, type WriteOptions} from '../objectStore.ts';
import {inPieces, type S3, unsignedPayload} from './client.ts';
import {conditionally, conditionHeaders, etagOf, statObject} from './objects.ts';
import {S3Failure} from './s3Failure.ts';

export type Multipart = {
	sendPart(number: number, part: {pieces: readonly Uint8Array[]; size: number}): Promise<void>;
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
	const place = {Bucket: s3.bucket, Key: s3.fullKey(key)};
	const sums = of === 'bytes' ? ({ChecksumAlgorithm: 'CRC32'} as const) : {};
	const {UploadId} = await s3.send(new CreateMultipartUploadCommand({...place, ContentType: contentType, ...sums}));
	const upload = {...place, UploadId};
	const parts: CompletedPart[] = [];
	const underWay = new Set<Promise<unknown>>();
	const stop = new AbortController();

	const add = async (number: number, sent: Promise<Omit<CompletedPart, 'PartNumber'>>) => {
		underWay.add(sent);
		try {
			parts[number - 1] = {PartNumber: number, ...(await sent)};
		} finally {
			underWay.delete(sent);
		}
	};

	return {
		sendPart(number, {pieces, size}) {
			const body = inPieces(pieces, size);
			const command = new UploadPartCommand({...upload, PartNumber: number, ...body});
			return add(
				number,
				s3.send(command, {payload: unsignedPayload, signal: stop.signal}).then(({ETag}) => ({ETag, ChecksumCRC32: body.ChecksumCRC32})),
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
				s3.send(command, {signal: stop.signal}).then(answer => ({ETag: etagOf(s3, 'UploadPartCopy', answer.CopyPartResult?.ETag)})),
			);
		},

		async complete() {
			const command = () =>
				new CompleteMultipartUploadCommand({...upload, MultipartUpload: {Parts: parts}, ...conditionHeaders(conditions)});
			try {
				const answer = await conditionally(key, conditions, () => s3.send(command()));
				return {etag: etagOf(s3, 'CompleteMultipartUpload', answer.ETag), answeredAt: answer.answeredAt};
			} catch (error) {
				// The SDK asked twice, and S3 had done it at the first time: then the object is there, and ours.
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

/** S3's own rule, where nothing is encrypted: the MD5 of the parts' MD5s, and their number. */
const etagOfParts = (parts: readonly CompletedPart[]) => {
	const md5 = createHash('md5');
	for (const {ETag = ''} of parts) md5.update(ETag.replaceAll('"', ''), 'hex');
	return `"${md5.digest('hex')}-${parts.length}"`;
};
