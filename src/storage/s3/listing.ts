/** What lies in the bucket, a page of S3's at a time; and removal in batches. */
import {
	AbortMultipartUploadCommand,
	DeleteObjectCommand,
	DeleteObjectsCommand,
	ListMultipartUploadsCommand,
	type ListMultipartUploadsCommandOutput,
	ListObjectsV2Command,
	type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3';
import {inByteOrder, toBytes} from '../../lib/byteOrder.ts';
import {mapInOrder} from '../../lib/mapInOrder.ts';
import type {AbandonedUpload, Etag, ListEntry, ListOptions} from '../objectStore.ts';
import type {S3} from './client.ts';
import {S3Failure} from './s3Failure.ts';

export async function* listObjects(
	s3: S3,
	prefix: string,
	{after, limit = Number.POSITIVE_INFINITY, delimiter}: ListOptions,
): AsyncGenerator<ListEntry> {
	const threshold = after === undefined ? '' : toBytes(after);
	let left = limit;
	let token: string | undefined;
	while (left > 0) {
		const page: ListObjectsV2CommandOutput = await s3.send(
			new ListObjectsV2Command({
				Bucket: s3.bucket,
				Prefix: s3.fullKey(prefix),
				Delimiter: delimiter,
				MaxKeys: Math.min(left, pageKeys),
				// XML has no word for some characters that a key may have.
				EncodingType: 'url',
				...(token === undefined ? after !== undefined && {StartAfter: s3.fullKey(after)} : {ContinuationToken: token}),
			}),
		);
		for (const entry of entriesOf(s3, page)) {
			// S3 may roll up into a prefix that lies before `after`, or is it.
			if (toBytes('key' in entry ? entry.key : entry.prefix) <= threshold) continue;
			yield entry;
			left -= 1;
			if (left <= 0) return;
		}
		token = page.NextContinuationToken;
		if (!page.IsTruncated || token === undefined) return;
	}
}

export const removeObjects = async (s3: S3, keys: readonly string[]): Promise<void> => {
	const [only] = keys;
	if (only !== undefined && keys.length === 1) {
		await s3.send(new DeleteObjectCommand({Bucket: s3.bucket, Key: s3.fullKey(only)}));
		return;
	}
	const batches = Array.from({length: Math.ceil(keys.length / pageKeys)}, (_, at) => keys.slice(at * pageKeys, (at + 1) * pageKeys));
	for await (const _ of mapInOrder(batches, batchesAtOnce, batch => removeBatch(s3, batch)));
};

/** Multipart uploads that nobody completed or aborted. */
export async function* unfinishedUploads(s3: S3, olderThan: Date): AsyncGenerator<AbandonedUpload> {
	const ours = s3.fullKey('');
	// MinIO takes the prefix for a whole key, but lists everything without one. On AWS the bucket may be shared with many.
	const Prefix = s3.settings.endpoint ? undefined : ours;
	let marker: {KeyMarker?: string; UploadIdMarker?: string} | undefined = {};
	while (marker) {
		const page: ListMultipartUploadsCommandOutput = await s3.send(
			new ListMultipartUploadsCommand({Bucket: s3.bucket, Prefix, EncodingType: 'url', MaxUploads: pageKeys, ...marker}),
		);
		for (const {Key, UploadId, Initiated} of page.Uploads ?? []) {
			const fullKey = decoded(Key, page.EncodingType);
			if (!Initiated || Initiated >= olderThan || !fullKey.startsWith(ours)) continue;
			const abort = async () => {
				await s3.send(new AbortMultipartUploadCommand({Bucket: s3.bucket, Key: fullKey, UploadId})).catch(ignoreNoSuchUpload);
			};
			yield {key: s3.ownKey(fullKey), startedAt: Initiated, abort};
		}
		marker = page.IsTruncated
			? {KeyMarker: decoded(page.NextKeyMarker, page.EncodingType), UploadIdMarker: page.NextUploadIdMarker}
			: undefined;
	}
}

const pageKeys = 1000;
const batchesAtOnce = 4;

const entriesOf = (s3: S3, {Contents = [], CommonPrefixes = [], EncodingType}: ListObjectsV2CommandOutput): ListEntry[] => {
	const keyOf = (text: string | undefined) => s3.ownKey(decoded(text, EncodingType));
	const objects = Contents.map(({Key, Size = 0, ETag, LastModified}) => ({
		key: keyOf(Key),
		size: Size,
		etag: ETag as Etag,
		modified: LastModified ?? new Date(0),
	}));
	const prefixes = CommonPrefixes.map(({Prefix}) => ({prefix: keyOf(Prefix)}));
	if (prefixes.length === 0) return objects;
	const nameOf = (entry: ListEntry) => toBytes('key' in entry ? entry.key : entry.prefix);
	return [...objects, ...prefixes].sort((a, b) => inByteOrder(nameOf(a), nameOf(b)));
};

// Not every server encodes when asked to; those that do say so.
const decoded = (text: string | undefined, encoding: string | undefined) =>
	encoding === 'url' ? decodeURIComponent((text ?? '').replaceAll('+', ' ')) : (text ?? '');

const removeBatch = async (s3: S3, keys: readonly string[]) => {
	const Objects = keys.map(key => ({Key: s3.fullKey(key)}));
	const {Errors = []} = await s3.send(new DeleteObjectsCommand({Bucket: s3.bucket, Delete: {Objects, Quiet: true}}));
	const [first] = Errors.filter(({Code}) => Code !== 'NoSuchKey');
	if (!first) return;
	const code = first.Code ?? 'Unknown';
	throw new S3Failure(
		`S3 (bucket ${s3.bucket}) did not remove ${Errors.length} of ${keys.length} objects: ${code} "${first.Message ?? ''}"`,
		{code, status: 200},
	);
};

const ignoreNoSuchUpload = (error: unknown) => {
	if (!(error instanceof S3Failure && error.code === 'NoSuchUpload')) throw error;
};
