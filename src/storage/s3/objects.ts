/** Single objects in S3: looked at, read, and written in one request. */
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
import type {S3} from './client.ts';
import type {Content} from './content.ts';
import {resumingBody} from './resumingBody.ts';
import {S3Failure} from './s3Failure.ts';
import {sumHeaders} from './sums.ts';

export const statObject = async (s3: S3, key: string): Promise<ObjectFacts | undefined> => {
	try {
		const {headers, answeredAt} = await s3.ask({operation: 'HeadObject', method: 'HEAD', fullKey: s3.fullKey(key)});
		return {...factsIn(key, headers), answeredAt};
	} catch (error) {
		if (isAbsent(error)) return undefined;
		throw error;
	}
};

export const readObject = async (s3: S3, key: string, range?: ByteRange): Promise<StoredObject | undefined> => {
	try {
		const answer = await s3.open({
			operation: 'GetObject',
			method: 'GET',
			fullKey: s3.fullKey(key),
			...(range && {headers: {range: formatRange(range)}}),
		});
		const part = parseContentRange(answer.headers['content-range']);
		const facts = {...factsIn(key, answer.headers), ...(part && {size: part.size}), answeredAt: answer.answeredAt};
		const {size, etag} = facts;
		const {start, end} = part ?? {start: 0, end: size - 1};
		const body = resumingBody(s3, answer.body, {key, etag, size, start, end});
		if (range && !part) {
			// Some servers answer a range of an empty object with the whole of it.
			body.destroy();
			throw new RangeUnsatisfiable(key, size);
		}
		return {facts, ...(part && {range: {start, end}}), body};
	} catch (error) {
		if (isAbsent(error)) return undefined;
		if (error instanceof S3Failure && error.status === 416) throw new RangeUnsatisfiable(key, (await statObject(s3, key))?.size ?? 0);
		throw error;
	}
};

/** `sha256` of the content, in hex. */
export type PutOptions = WriteOptions & {sha256?: string | undefined; signal?: AbortSignal};

/** One PUT. S3 checks the SHA-256, or else the CRC: what we verified must not be changed on the way, nor by a mistake of ours with memory that is used again. */
export const putObject = async (
	s3: S3,
	key: string,
	content: Content,
	{contentType = octetStream, sha256, signal, ...conditions}: PutOptions,
): Promise<ObjectFacts> => {
	// A hash is known before the bytes are, a sum is not.
	if (!sha256) await content.whole();
	const answer = await conditionally(key, conditions, () =>
		s3.ask({
			operation: 'PutObject',
			method: 'PUT',
			fullKey: s3.fullKey(key),
			headers: {'content-type': contentType, ...conditionHeaders(conditions), ...sumHeaders(content.crc32())},
			body: content,
			sha256,
			signal,
		}),
	);
	return {key, size: content.size, etag: etagOf(s3, 'PutObject', answer.headers.etag), contentType, answeredAt: answer.answeredAt};
};

export const conditionHeaders = ({ifAbsent, ifMatch}: WriteOptions): Record<string, string> => ({
	...(ifAbsent && {'if-none-match': '*'}),
	...(ifMatch !== undefined && {'if-match': ifMatch}),
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
	if (etag) return etag as Etag;
	throw new S3Failure(`S3 (bucket ${s3.bucket}) answered ${operation} with 200, and did not say that it was done`, {
		code: 'NoResult',
		status: 200,
	});
};

export const isAbsent = (error: unknown): boolean =>
	error instanceof S3Failure && error.status === 404 && error.code !== 'NoSuchBucket' && error.code !== 'NoSuchUpload';

const factsIn = (key: string, headers: Readonly<Record<string, string>>) => ({
	key,
	size: Number(headers['content-length'] ?? 0),
	etag: headers.etag as Etag,
	contentType: headers['content-type'] ?? octetStream,
	modified: headers['last-modified'] === undefined ? undefined : new Date(headers['last-modified']),
});

const formatRange = (range: ByteRange) => ('suffix' in range ? `bytes=-${range.suffix}` : `bytes=${range.start}-${range.end ?? ''}`);

const parseContentRange = (header: string | undefined) => {
	const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? '') ?? [];
	return size === undefined ? undefined : {start: Number(start), end: Number(end), size: Number(size)};
};
