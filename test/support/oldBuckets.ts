/** What BuildKit's `type=s3` leaves in a bucket, and an application that reads it. */
import type {ExecutionContext} from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from './app.ts';
import {layerDigest, layerOf, recordDigest} from './caches.ts';
import {type S3Double, type S3DoubleOptions, startS3Double} from './s3Double.ts';
import {openStoreOn} from './s3DoubleStore.ts';

export type OldBucketLayout = {prefix?: string; blobsPrefix?: string; manifestsPrefix?: string};

/** As an export writes it: each layer, then the manifest under each name. Answers the manifest's bytes. */
export const exportTypeS3 = (
	{bucket}: S3Double,
	names: readonly string[],
	steps: readonly string[],
	{prefix = '', blobsPrefix = 'blobs/', manifestsPrefix = 'manifests/'}: OldBucketLayout = {},
): Buffer => {
	for (const step of steps)
		bucket.put(`${prefix}${blobsPrefix}${layerDigest(step)}`, Buffer.from(layerOf(step)), 'application/octet-stream');
	const bytes = Buffer.from(JSON.stringify({layers: steps.map(layerRow), records: steps.map(recordRow)}));
	for (const name of names) bucket.put(`${prefix}${manifestsPrefix}${name}`, bytes, 'application/octet-stream');
	return bytes;
};

const layerRow = (step: string) => ({
	blob: layerDigest(step),
	parent: -1,
	annotations: {
		mediaType: mediaTypes.ociLayerGzip,
		diffID: digestOf(Buffer.from(`tar of ${step}`)),
		size: Buffer.byteLength(layerOf(step)),
		createdAt: '2026-01-01T00:00:00Z',
	},
});

const recordRow = (step: string, layer: number) => ({digest: recordDigest(step), layers: [{layer, createdAt: '2026-01-01T00:00:00Z'}]});

/** An application whose policy names old buckets, all of them the double; its own store is another. */
export const startOnOldBucket = async (
	t: ExecutionContext,
	s3Caches: readonly object[],
	{environment, double: settings}: {environment?: Record<string, string>; double?: S3DoubleOptions} = {},
) => {
	const double = await startS3Double(t, settings);
	const policy = JSON.stringify({s3Caches: s3Caches.map(entry => ({bucket: double.bucketName, ...entry}))});
	const options = {policy, environment, openOldStore: () => openStoreOn(t, double)};
	return {double, options, ...(await startApp(t, options))};
};
