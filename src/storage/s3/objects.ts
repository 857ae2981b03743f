/** Single objects in S3: looked at, read, and written in one request. */
import type {Readable} from 'node:stream';
import {GetObjectCommand, HeadObjectCommand, PutObjectCommand} from '@aws-sdk/client-s3';
import type {ByteRange} from 'oci-spec-types';
import {
	type Etag,
	type ObjectFacts,
	octetStream,
	PreconditionFailed,
	RangeUnsatisfiable,
	type StoredObject,
	type WriteOptions,
} from '../objectStore.ts';
import {inPieces, type S3, type SendOptions} from './client.ts';
import {resumingBody} from './resumingBody.ts';
import {S3Failure} from './s3Failure.ts';

export const statObject = async (s3: S3, key: string): Promise<ObjectFacts | undefined> => {
	try {
		const answer = await s3.send(new HeadObjectCommand({Bucket: s3.bucket, Key: s3.fullKey(key)}));
		return {
			key,
			size: answer.ContentLength ?? 0,
			etag: answer.ETag as Etag,
			contentType: answer.ContentType ?? octetStream,
			modified: answer.LastModified,
			answeredAt: answer.answeredAt,
		};
	} catch (error) {
		if (isAbsent(error)) return undefined;
		throw error;
	}
};

export const readObject = async (s3: S3, key: string, range?: ByteRange): Promise<StoredObject | undefined> => {
	try {
		const answer = await s3.send(
			new GetObjectCommand({Bucket: s3.bucket, Key: s3.fullKey(key), ...(range && {Range: formatRange(range)})}),
		);
		const part = parseContentRange(answer.ContentRange);
		const size = part?.size ?? answer.ContentLength ?? 0;
		const etag = answer.ETag as Etag;
		const {start, end} = part ?? {start: 0, end: size - 1};
		const body = resumingBody(s3, answer.Body as unknown as Readable, {key, etag, size, start, end});
		if (range && !part) {
			// Some servers answer a range of an empty object with the whole of it.
			body.destroy();
			throw new RangeUnsatisfiable(key, size);
		}
		return {
			facts: {
				key,
				size,
				etag,
				contentType: answer.ContentType ?? octetStream,
				modified: answer.LastModified,
				answeredAt: answer.answeredAt,
			},
			...(part && {range: {start, end}}),
			body,
		};
	} catch (error) {
		if (isAbsent(error)) return undefined;
		if (error instanceof S3Failure && error.status === 416) throw new RangeUnsatisfiable(key, (await statObject(s3, key))?.size ?? 0);
		throw error;
	}
};

/** One PUT. */
export const putObject = async (
	s3: S3,
	key: string,
	{pieces, size}: {pieces: readonly Uint8Array[]; size: number},
	{contentType = octetStream, ...conditions}: WriteOptions,
	sendOptions: SendOptions,
): Promise<ObjectFacts> => {
	const answer = await conditionally(key, conditions, () =>
		s3.send(
			new PutObjectCommand({
				Bucket: s3.bucket,
				Key: s3.fullKey(key),
				...inPieces(pieces, size),
				ContentType: contentType,
				...conditionHeaders(conditions),
			}),
			sendOptions,
		),
	);
	return {key, size, etag: answer.ETag as Etag, contentType, answeredAt: answer.answeredAt};
};

export const conditionHeaders = ({ifAbsent, ifMatch}: WriteOptions) => ({
	...(ifAbsent && {IfNoneMatch: '*'}),
	...(ifMatch !== undefined && {IfMatch: ifMatch}),
});

/** Says PreconditionFailed in the place of S3's several ways to refuse a condition. */
export const conditionally = async <T>(key: string, {ifAbsent, ifMatch}: WriteOptions, send: () => Promise<T>): Promise<T> => {
	if (!ifAbsent && ifMatch === undefined) return send();
	try {
		return await send();
	} catch (error) {
		if (!(error instanceof S3Failure)) throw error;
		// "A conflicting operation occurs during the request": that was asked again and again before it came here.
		if (error.status === 412 || error.status === 409) throw new PreconditionFailed(key, {cause: error});
		if (error.status === 404 && ifMatch !== undefined && isAbsent(error)) throw new PreconditionFailed(key, {cause: error});
		throw error;
	}
};

/** S3 begins some answers with 200 before it knows how they end: what was done has an ETag, whatever else the answer says. */
export const etagOf = (s3: S3, operation: string, etag: string | undefined): Etag => {
	if (etag !== undefined) return etag as Etag;
	throw new S3Failure(`S3 (bucket ${s3.bucket}) answered ${operation} with 200, and did not say that it was done`, {
		code: 'NoResult',
		status: 200,
	});
};

export const isAbsent = (error: unknown): boolean =>
	error instanceof S3Failure && error.status === 404 && error.code !== 'NoSuchBucket' && error.code !== 'NoSuchUpload';

const formatRange = (range: ByteRange) => ('suffix' in range ? `bytes=-${range.suffix}` : `bytes=${range.start}-${range.end ?? ''}`);

const parseContentRange = (header: string | undefined) => {
	const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? '') ?? [];
	return size === undefined ? undefined : {start: Number(start), end: Number(end), size: Number(size)};
};
