/** The S3 operations that layercache uses, each as AWS does it. */
import {createHash} from 'node:crypto';
import {crc32} from 'node:zlib';
import type {Bucket, KeptObject} from './bucket.ts';
import {S3Refusal} from './refusal.ts';
import {elementsIn, formatXml, textsIn, type Xml} from './xml.ts';

export type DoubleRequest = {
	method: string;
	/** Empty: the bucket itself is meant. */
	key: string;
	query: ReadonlyMap<string, string>;
	headers: Readonly<Record<string, string>>;
	body: Buffer;
};

export type DoubleAnswer = {status: number; headers?: Record<string, string>; body?: string | Buffer};

/** Settings of the bucket, as the XML that S3 would answer; absent, there are none. */
export type BucketSettings = {versioning?: string; lifecycle?: string; lock?: string; encryption?: string};

export type OperationName = keyof typeof operations;

export const operationOf = ({method, key, query, headers}: Omit<DoubleRequest, 'body'>): OperationName => {
	const isPart = query.has('uploadId');
	const isCopy = 'x-amz-copy-source' in headers;
	if (key === '') return bucketOperation(method, query);
	if (method === 'PUT') return isPart ? (isCopy ? 'UploadPartCopy' : 'UploadPart') : isCopy ? 'CopyObject' : 'PutObject';
	if (method === 'POST' && query.has('uploads')) return 'CreateMultipartUpload';
	if (method === 'POST' && isPart) return 'CompleteMultipartUpload';
	if (method === 'DELETE') return isPart ? 'AbortMultipartUpload' : 'DeleteObject';
	if (method === 'GET') return isPart ? 'ListParts' : 'GetObject';
	if (method === 'HEAD') return 'HeadObject';
	throw new S3Refusal(405, 'MethodNotAllowed');
};

const bucketOperation = (method: string, query: ReadonlyMap<string, string>): OperationName => {
	if (method === 'HEAD') return 'HeadBucket';
	if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
	if (method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
	if (method === 'GET' && query.has('uploads')) return 'ListMultipartUploads';
	if (method === 'GET' && query.has('versioning')) return 'GetBucketVersioning';
	if (method === 'GET' && query.has('lifecycle')) return 'GetBucketLifecycleConfiguration';
	if (method === 'GET' && query.has('object-lock')) return 'GetObjectLockConfiguration';
	if (method === 'GET' && query.has('encryption')) return 'GetBucketEncryption';
	throw new S3Refusal(501, 'NotImplemented');
};

type Operation = (bucket: Bucket, request: DoubleRequest, settings: BucketSettings) => DoubleAnswer;

export const operations = {
	HeadBucket: () => ({status: 200}),

	HeadObject: (bucket, {key}) => {
		const {bytes, ...facts} = bucket.get(key);
		return {status: 200, headers: {...headersOf(facts), 'content-length': String(bytes.length), 'accept-ranges': 'bytes'}};
	},

	GetObject: (bucket, {key, query, headers}) => {
		const {bytes, ...facts} = bucket.get(key);
		const overrides = Object.fromEntries(
			[...query].filter(([name]) => name.startsWith('response-')).map(([name, value]) => [name.slice(9), value]),
		);
		const all = {...headersOf(facts), ...overrides, 'accept-ranges': 'bytes'};
		const range = parseRange(headers.range, bytes.length);
		if (!range) return {status: 200, headers: all, body: bytes};
		return {
			status: 206,
			headers: {...all, 'content-range': `bytes ${range.start}-${range.end}/${bytes.length}`},
			body: bytes.subarray(range.start, range.end + 1),
		};
	},

	PutObject: (bucket, {key, headers, body}) => {
		checkSums(headers, body);
		const {etag} = bucket.put(key, body, headers['content-type'] ?? 'binary/octet-stream', conditionsOf(headers));
		return {status: 200, headers: {etag}};
	},

	CopyObject: (bucket, {key, headers}) => {
		const from = sourceKey(headers);
		const {bytes, contentType} = bucket.get(from);
		const replaces = headers['x-amz-metadata-directive'] === 'REPLACE';
		if (from === key && !replaces)
			throw new S3Refusal(400, 'InvalidRequest', 'This copy request is illegal because it is trying to copy an object to itself');
		const {etag, modified} = bucket.put(key, bytes, replaces ? (headers['content-type'] ?? 'binary/octet-stream') : contentType);
		return xml('CopyObjectResult', {ETag: etag, LastModified: modified.toISOString()});
	},

	DeleteObject: (bucket, {key}) => {
		bucket.objects.delete(key);
		return {status: 204};
	},

	DeleteObjects: (bucket, {headers, body}) => {
		demandChecksum(headers, body);
		const keys = elementsIn(body.toString(), 'Object').flatMap(object => textsIn(object, 'Key'));
		if (keys.length > 1000) throw new S3Refusal(400, 'MalformedXML');
		for (const key of keys) bucket.objects.delete(key);
		return xml('DeleteResult', {});
	},

	CreateMultipartUpload: (bucket, {key, headers}) =>
		xml('InitiateMultipartUploadResult', {Key: key, UploadId: bucket.begin(key, headers['content-type'] ?? 'binary/octet-stream')}),

	UploadPart: (bucket, {key, query, headers, body}) => {
		if (headers['content-length'] === undefined) throw new S3Refusal(411, 'MissingContentLength');
		checkSums(headers, body);
		return {status: 200, headers: {etag: bucket.putPart(query.get('uploadId') ?? '', key, Number(query.get('partNumber')), body)}};
	},

	UploadPartCopy: (bucket, {key, query, headers}) => {
		const {bytes} = bucket.get(sourceKey(headers));
		const [, start = '0', end = String(bytes.length - 1)] = /^bytes=(\d+)-(\d+)$/.exec(headers['x-amz-copy-source-range'] ?? '') ?? [];
		if (Number(end) >= bytes.length) throw new S3Refusal(400, 'InvalidArgument', 'Range specified is not valid for source object');
		const part = bytes.subarray(Number(start), Number(end) + 1);
		const etag = bucket.putPart(query.get('uploadId') ?? '', key, Number(query.get('partNumber')), part);
		return xml('CopyPartResult', {ETag: etag});
	},

	CompleteMultipartUpload: (bucket, {key, query, headers, body}) => {
		const parts = elementsIn(body.toString(), 'Part').map(part => ({
			number: Number(textsIn(part, 'PartNumber')[0]),
			etag: textsIn(part, 'ETag')[0] ?? '',
		}));
		const {etag} = bucket.complete(query.get('uploadId') ?? '', key, parts, conditionsOf(headers));
		return xml('CompleteMultipartUploadResult', {Key: key, ETag: etag});
	},

	AbortMultipartUpload: (bucket, {key, query}) => {
		bucket.abort(query.get('uploadId') ?? '', key);
		return {status: 204};
	},

	ListObjectsV2: (bucket, {query}) => {
		const prefix = query.get('prefix') ?? '';
		const delimiter = query.get('delimiter');
		const maxKeys = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
		const encode = encoderOf(query);
		const token = query.get('continuation-token');
		const after = token === undefined ? query.get('start-after') : Buffer.from(token, 'base64').toString();
		const rows: {name: string; isPrefix: boolean}[] = [];
		let isTruncated = false;
		for (const key of [...bucket.objects.keys()].sort(inByteOrder)) {
			if (!key.startsWith(prefix) || (after !== undefined && inByteOrder(key, after) <= 0)) continue;
			// A page that ended with a prefix goes on after all that it stands for.
			if (token !== undefined && delimiter && after?.endsWith(delimiter) && key.startsWith(after)) continue;
			const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
			const name = cut < 0 ? key : key.slice(0, cut + 1);
			if (rows.at(-1)?.name === name) continue;
			isTruncated = rows.length === maxKeys;
			if (isTruncated) break;
			rows.push({name, isPrefix: cut >= 0});
		}
		return xml('ListBucketResult', {
			Prefix: encode(prefix),
			MaxKeys: maxKeys,
			KeyCount: rows.length,
			EncodingType: query.get('encoding-type'),
			IsTruncated: isTruncated,
			NextContinuationToken: isTruncated ? Buffer.from(rows.at(-1)?.name ?? '').toString('base64') : undefined,
			Contents: rows
				.filter(row => !row.isPrefix)
				.map(({name}) => {
					const {etag, bytes, modified} = bucket.get(name);
					return {Key: encode(name), LastModified: modified.toISOString(), ETag: etag, Size: bytes.length, StorageClass: 'STANDARD'};
				}),
			CommonPrefixes: rows.filter(row => row.isPrefix).map(({name}) => ({Prefix: encode(name)})),
		});
	},

	ListMultipartUploads: (bucket, {query}) => {
		const prefix = query.get('prefix') ?? '';
		const encode = encoderOf(query);
		const maxUploads = Math.min(Number(query.get('max-uploads') ?? 1000), 1000);
		const marker: [string, string] = [query.get('key-marker') ?? '', query.get('upload-id-marker') ?? ''];
		const all = [...bucket.uploads]
			.filter(([id, {key}]) => key.startsWith(prefix) && (inByteOrder(key, marker[0]) || inByteOrder(id, marker[1])) > 0)
			.sort(([idA, a], [idB, b]) => inByteOrder(a.key, b.key) || inByteOrder(idA, idB));
		const page = all.slice(0, maxUploads);
		const [lastId, last] = page.at(-1) ?? [];
		return xml('ListMultipartUploadsResult', {
			EncodingType: query.get('encoding-type'),
			IsTruncated: all.length > page.length,
			...(last && {NextKeyMarker: encode(last.key), NextUploadIdMarker: lastId}),
			Upload: page.map(([id, {key, startedAt}]) => ({Key: encode(key), UploadId: id, Initiated: startedAt.toISOString()})),
		});
	},

	ListParts: (bucket, {key, query}) => {
		const maxParts = Math.min(Number(query.get('max-parts') ?? 1000), 1000);
		const after = Number(query.get('part-number-marker') ?? 0);
		const all = bucket.partsOf(query.get('uploadId') ?? '', key).filter(({number}) => number > after);
		const page = all.slice(0, maxParts);
		return xml('ListPartsResult', {
			IsTruncated: all.length > page.length,
			NextPartNumberMarker: page.at(-1)?.number,
			Part: page.map(({number, bytes, etag, modified}) => ({
				PartNumber: number,
				LastModified: modified.toISOString(),
				ETag: etag,
				Size: bytes.length,
			})),
		});
	},

	GetBucketVersioning: (_, __, {versioning = '<VersioningConfiguration/>'}) => ({status: 200, body: versioning}),
	GetBucketLifecycleConfiguration: (_, __, {lifecycle}) => settingOr(lifecycle, 'NoSuchLifecycleConfiguration'),
	GetObjectLockConfiguration: (_, __, {lock}) => settingOr(lock, 'ObjectLockConfigurationNotFoundError'),
	GetBucketEncryption: (_, __, {encryption}) => settingOr(encryption, 'ServerSideEncryptionConfigurationNotFoundError'),
} satisfies Record<string, Operation>;

const xml = (root: string, content: Xml): DoubleAnswer => ({
	status: 200,
	headers: {'content-type': 'application/xml'},
	body: formatXml(root, content),
});

const settingOr = (body: string | undefined, code: string): DoubleAnswer => {
	if (body === undefined) throw new S3Refusal(404, code);
	return {status: 200, body};
};

const headersOf = ({etag, contentType, contentEncoding, modified}: Omit<KeptObject, 'bytes'>) => ({
	etag,
	'content-type': contentType,
	...(contentEncoding && {'content-encoding': contentEncoding}),
	'last-modified': modified.toUTCString(),
});

const conditionsOf = (headers: DoubleRequest['headers']) => ({ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match']});

/** `/bucket/key`, with or without the first slash. */
const sourceKey = (headers: DoubleRequest['headers']) => decodeURIComponent(headers['x-amz-copy-source'] ?? '').replace(/^\/?[^/]+\//, '');

const parseRange = (header: string | undefined, size: number) => {
	const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
	if (first === undefined || last === undefined) return undefined;
	const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
	const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
	if (start > end || size === 0)
		throw new S3Refusal(416, 'InvalidRange', 'The requested range is not satisfiable', {'content-range': `bytes */${size}`});
	return {start, end};
};

const demandChecksum = (headers: DoubleRequest['headers'], body: Buffer) => {
	if (checkSums(headers, body) === 0)
		throw new S3Refusal(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
};

/** Refuses a body that is not what its sums say; answers how many there were. */
const checkSums = (headers: DoubleRequest['headers'], body: Buffer): number => {
	const sums: Record<string, string> = {
		'content-md5': createHash('md5').update(body).digest('base64'),
		'x-amz-checksum-crc32': Buffer.from(crc32(body).toString(16).padStart(8, '0'), 'hex').toString('base64'),
		'x-amz-checksum-sha256': createHash('sha256').update(body).digest('base64'),
	};
	const given = Object.keys(sums).filter(name => name in headers);
	if (given.some(name => headers[name] !== sums[name])) throw new S3Refusal(400, 'BadDigest');
	return given.length;
};

const encoderOf = (query: DoubleRequest['query']) =>
	query.get('encoding-type') === 'url'
		? (text: string) => encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+')
		: (text: string) => text;

const inByteOrder = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
