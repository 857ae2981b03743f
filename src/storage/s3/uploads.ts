/** Streams into S3: one PUT when short, else parts in parallel, each sent again from memory when S3 refuses it for a passing reason. */
import {createHash} from 'node:crypto';
import {
	AbortMultipartUploadCommand,
	type CompletedPart,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	UploadPartCommand,
} from '@aws-sdk/client-s3';
import {digestAlgorithm, digestHex} from 'oci-spec-types';
import type {Budget} from '../../lib/budget.ts';
import {withExactLength} from '../../lib/exactLength.ts';
import {type Bytes, type Etag, type ObjectFacts, octetStream, type UploadOptions, type WriteOptions} from '../objectStore.ts';
import {type S3, unsignedPayload} from './client.ts';
import {conditionally, conditionHeaders, putObject, statObject} from './objects.ts';
import {inParts, type Part} from './parts.ts';
import {S3Failure} from './s3Failure.ts';

export const uploadStream = async (
	s3: S3,
	budget: Budget,
	key: string,
	body: Bytes,
	{size, sha256, ...options}: UploadOptions,
): Promise<ObjectFacts> => {
	const isShort = size !== undefined && size <= s3.tuning.singleBytes;
	const partBytes = partBytesFor(size, s3.tuning.partBytes);
	const sizeOf = (number: number) => (isShort ? size : partBytes(number));
	const parts = inParts(withExactLength(body, size), sizeOf, budget);
	const {value: first} = (await parts.next()) as IteratorYieldResult<Part>;
	if (!first.isLast) return uploadParts(s3, key, first, parts, options);
	try {
		const payload = sha256 && digestAlgorithm(sha256) === 'sha256' ? digestHex(sha256) : unsignedPayload;
		return await putObject(s3, key, first.bytes, options, payload);
	} finally {
		first.release();
	}
};

const maxParts = 10_000;
const MiB = 1024 * 1024;

/** Where the length is known, all parts are equal. Where it is not, they double in size now and then: 50 GiB are reached long before the last part. */
export const partBytesFor = (size: number | undefined, smallest: number) => {
	if (size === undefined) return (number: number) => smallest * 2 ** Math.floor((number - 1) / 2000);
	const bytes = Math.max(smallest, Math.ceil(size / maxParts / MiB) * MiB);
	return (number: number) => Math.min(bytes, size - (number - 1) * bytes);
};

const uploadParts = async (s3: S3, key: string, first: Part, parts: AsyncGenerator<Part>, options: WriteOptions): Promise<ObjectFacts> => {
	const upload = await begin(s3, key, options).catch(error => {
		first.release();
		void parts.return(undefined);
		throw error;
	});
	const failure = Promise.withResolvers<never>();
	failure.promise.catch(() => undefined);
	const underWay = new Set<Promise<void>>();

	const send = (number: number, part: Part) => {
		const sent = upload
			.send(number, part.bytes)
			.catch(failure.reject)
			.finally(() => {
				underWay.delete(sent);
				part.release();
			});
		underWay.add(sent);
	};

	try {
		let part = first;
		for (let number = 1; ; number += 1) {
			send(number, part);
			if (part.isLast) break;
			if (underWay.size >= s3.tuning.partsAtOnce) await Promise.race([...underWay, failure.promise]);
			// Not waiting for the client alone: it may be slow, and the upload lost already.
			const next = await Promise.race([parts.next(), failure.promise]);
			part = next.value as Part;
		}
		await Promise.race([Promise.all(underWay), failure.promise]);
		return await upload.complete();
	} catch (error) {
		void parts.return(undefined);
		await upload.abort(error, underWay);
		throw error;
	}
};
