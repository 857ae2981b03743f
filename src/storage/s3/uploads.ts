/** Streams into S3: one PUT when short, else parts in parallel, each sent again from memory when S3 refuses it for a passing reason. */
import {digestHex} from 'oci-spec-types';
import type {Slabs} from '../../lib/slabs.ts';
import {type Bytes, type ObjectFacts, octetStream, type UploadOptions, type WriteOptions} from '../objectStore.ts';
import type {S3} from './client.ts';
import {beginMultipart, type Multipart} from './multipart.ts';
import {putObject} from './objects.ts';
import {inParts, type Part} from './parts.ts';

/** Two pools: what a build waits for at its end, a config, must not queue behind the layers of all others. */
export type UploadMemory = {documents: Slabs; layers: Slabs};

export const uploadStream = async (
	s3: S3,
	memory: UploadMemory,
	key: string,
	body: Bytes,
	{size, sha256, ...options}: UploadOptions,
): Promise<ObjectFacts> => {
	const isShort = size !== undefined && size <= s3.tuning.singleBytes;
	const partBytes = partBytesFor(size, s3.tuning.partBytes);
	const sizeOf = (number: number) => (isShort ? size : partBytes(number));
	const slabs = size !== undefined && size <= s3.tuning.documentBytes ? memory.documents : memory.layers;
	// A hash of the whole says more than a sum, where S3 gets the whole at once.
	const withSums = !(isShort && sha256);
	const parts = inParts(body, {size, sizeOf, slabs, stallSeconds: s3.tuning.stallSeconds, withSums});
	const begin = () => beginMultipart(s3, key, 'bytes', options);
	// Where it is known that there will be parts, S3 is told while the first of them comes.
	if (size !== undefined && !isShort) return uploadParts(s3, key, parts.next(), parts, begin(), options);
	const next = (await parts.next()) as IteratorYieldResult<Part>;
	const first = next.value;
	if (!first.isLast) return uploadParts(s3, key, Promise.resolve(next), parts, begin(), options);
	try {
		return await putObject(s3, key, first, options, sha256 && digestHex(sha256));
	} finally {
		first.release();
	}
};

const maxParts = 10_000;
const MiB = 1024 * 1024;

/** Where the length is known, all parts are equal. Where it is not, they double in size now and then: 50 GiB are reached long before the last part. */
export const partBytesFor = (size: number | undefined, smallest: number) => {
	if (size === undefined) return (number: number) => smallest * 2 ** Math.floor((number - 1) / 2000);
	const bytes = size <= smallest * maxParts ? smallest : Math.ceil(size / maxParts / MiB) * MiB;
	return (number: number) => Math.min(bytes, size - (number - 1) * bytes);
};

const uploadParts = async (
	s3: S3,
	key: string,
	first: Promise<IteratorResult<Part>>,
	parts: AsyncGenerator<Part>,
	beginning: Promise<Multipart>,
	{contentType = octetStream}: WriteOptions,
): Promise<ObjectFacts> => {
	let size = 0;
	let gathering = first;
	const failure = Promise.withResolvers<never>();
	failure.promise.catch(() => undefined);
	gathering.catch(ignore);
	const underWay = new Set<Promise<void>>();
	let upload: Multipart | undefined;
	try {
		upload = await beginning;
		for (let number = 1; ; number += 1) {
			// Not waiting for the client alone: it may be slow, and the upload lost already.
			const {value: part} = (await Promise.race([gathering, failure.promise])) as IteratorYieldResult<Part>;
			size += part.size;
			const sent: Promise<void> = upload
				.sendPart(number, part)
				.catch(failure.reject)
				.finally(() => {
					underWay.delete(sent);
					part.release();
				});
			underWay.add(sent);
			if (part.isLast) break;
			if (underWay.size >= s3.tuning.partsAtOnce) await Promise.race([...underWay, failure.promise]);
			gathering = parts.next();
		}
		await Promise.race([Promise.all(underWay), failure.promise]);
		return {key, size, contentType, ...(await upload.complete())};
	} catch (error) {
		gathering.then(({value: part}) => part?.release(), ignore);
		parts.return(undefined).catch(ignore);
		await upload?.abort();
		throw error;
	}
};

const ignore = () => undefined;
