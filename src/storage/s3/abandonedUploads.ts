/** Multipart uploads that nobody completed or aborted: S3 keeps their parts, shows them to nobody, and has them paid for. */
import {
	AbortMultipartUploadCommand,
	ListMultipartUploadsCommand,
	type ListMultipartUploadsCommandOutput,
	ListPartsCommand,
	type ListPartsCommandOutput,
} from '@aws-sdk/client-s3';
import type {AbandonedUpload} from '../objectStore.ts';
import type {S3} from './client.ts';
import {decoded} from './listing.ts';
import {S3Failure} from './s3Failure.ts';

/** Those that were started before `olderThan`, and of which no part is younger. */
export async function* abandonedUploads(s3: S3, olderThan: Date): AsyncGenerator<AbandonedUpload> {
	for await (const {fullKey, uploadId, startedAt} of unfinishedUploads(s3)) {
		if (startedAt >= olderThan || !fullKey.startsWith(s3.fullKey(''))) continue;
		const place = {Bucket: s3.bucket, Key: fullKey, UploadId: uploadId};
		if (await goesOn(s3, place, olderThan)) continue;
		const abort = async () => {
			try {
				await s3.send(new AbortMultipartUploadCommand(place));
			} catch (error) {
				if (!isGone(error)) throw error;
			}
		};
		yield {key: s3.ownKey(fullKey), startedAt, abort};
	}
}

type Unfinished = {fullKey: string; uploadId: string | undefined; startedAt: Date};
type Place = {Bucket: string; Key: string; UploadId: string | undefined};

async function* unfinishedUploads(s3: S3): AsyncGenerator<Unfinished> {
	// MinIO takes the prefix for a whole key, but lists everything without one. On AWS the bucket may be shared with many.
	const Prefix = s3.settings.endpoint ? undefined : s3.fullKey('');
	let marker: {KeyMarker?: string; UploadIdMarker?: string} | undefined = {};
	while (marker) {
		const page: ListMultipartUploadsCommandOutput = await s3.send(
			new ListMultipartUploadsCommand({Bucket: s3.bucket, Prefix, EncodingType: 'url', MaxUploads: pageRows, ...marker}),
		);
		for (const {Key, UploadId, Initiated} of page.Uploads ?? [])
			if (Initiated) yield {fullKey: decoded(Key, page.EncodingType), uploadId: UploadId, startedAt: Initiated};
		marker = page.IsTruncated
			? {KeyMarker: decoded(page.NextKeyMarker, page.EncodingType), UploadIdMarker: page.NextUploadIdMarker}
			: undefined;
	}
}

/** Whether a part came since; also where the upload was completed or aborted in the meantime. */
const goesOn = async (s3: S3, place: Place, since: Date): Promise<boolean> => {
	let marker: string | undefined;
	do {
		const page: ListPartsCommandOutput | undefined = await s3
			.send(new ListPartsCommand({...place, MaxParts: pageRows, PartNumberMarker: marker}))
			.catch(error => {
				if (!isGone(error)) throw error;
				return undefined;
			});
		if (!page || (page.Parts ?? []).some(({LastModified}) => LastModified && LastModified >= since)) return true;
		marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
	} while (marker !== undefined);
	return false;
};

const pageRows = 1000;

const isGone = (error: unknown) => error instanceof S3Failure && error.code === 'NoSuchUpload';
