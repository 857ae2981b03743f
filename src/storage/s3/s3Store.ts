/** The store that everything is built for: one S3 bucket, or a prefix of one. */
import {createHash} from 'node:crypto';
import {HeadBucketCommand} from '@aws-sdk/client-s3';
import {digestHex} from 'oci-spec-types';
import {createSlabs} from '../../lib/slabs.ts';
import type {ObjectStore} from '../objectStore.ts';
import {abandonedUploads} from './abandonedUploads.ts';
import {createS3} from './client.ts';
import {contentOf} from './content.ts';
import {composeObject, copyObject, joinsInside} from './copies.ts';
import {removeUntil} from './expiringRemoval.ts';
import {listObjects, removeObjects} from './listing.ts';
import {putObject, readObject, statObject} from './objects.ts';
import {probeS3} from './probeS3.ts';
import type {S3Settings} from './settings.ts';
import {createSignedUrls} from './signedUrls.ts';
import {probeUploads} from './uploadProbe.ts';
import {uploadStream} from './uploads.ts';

export const createS3Store = (settings: S3Settings): ObjectStore => {
	const s3 = createS3(settings);
	const urls = createSignedUrls(s3);
	const sizes = {slabBytes: Math.min(slabBytes, s3.tuning.partBytes / 16)};
	const memory = {
		documents: createSlabs({...sizes, totalBytes: documentPoolBytes}),
		layers: createSlabs({...sizes, totalBytes: s3.tuning.bufferBytes, observer: settings.memoryObserver}),
	};

	const store: ObjectStore = {
		stat: key => statObject(s3, key),
		read: (key, range) => readObject(s3, key, range),
		write: (key, bytes, options = {}) => putObject(s3, key, contentOf(bytes), {...options, sha256: sha256Of(bytes)}),
		upload: (key, body, options = {}) => uploadStream(s3, memory, key, body, options),
		copy: (from, to) => copyObject(s3, from, to),
		list: (prefix, options = {}) => listObjects(s3, prefix, options),
		remove: keys => removeObjects(s3, keys),
		async presign(key, request) {
			if (request.method === 'GET') return urls.forDownload(key, request.expiresInSeconds);
			return urls.forUpload(key, {sha256: digestHex(request.sha256), size: request.size}, request.expiresInSeconds);
		},
		removeUntil: (key, until) => removeUntil(s3, urls, key, until),
		compose: (parts, to, options) => composeObject(s3, memory, parts, to, options),
		joinsInside: sizes => joinsInside(s3, sizes),
		abandonedUploads: olderThan => abandonedUploads(s3, olderThan),
		now: async () => (await s3.send(new HeadBucketCommand({Bucket: s3.bucket}))).answeredAt,
		probe: () => probeS3(s3, urls, store),
		probeUploads: () => probeUploads(s3, urls, store),
		close: () => s3.close(),
	};
	return store;
};

const slabBytes = 256 * 1024;
const documentPoolBytes = 8 * 1024 * 1024;

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
