/**
 * A store that answers like S3 from a bucket of any size, as quickly as from a small one, so that growth which is seen
 * is the registry's: a server process of its own. It counts requests at `/_counts`, and believes every signature.
 *
 *     node scripts/bench/bigBucket.ts <port> <repositories> <blobs in each> <refs in each> [layers of each]
 */
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {argv} from 'node:process';
import {formatXml, textsIn} from '../../test/support/s3Double/xml.ts';
import {createContents} from './bigBucket/contents.ts';
import {createObjects, type FoundObject, type Objects} from './bigBucket/objects.ts';

interface Answer {
	readonly status: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string | Buffer;
}

interface Asked {
	readonly method: string;
	readonly key: string;
	readonly query: URLSearchParams;
	readonly headers: IncomingMessage['headers'];
	readonly body: Buffer;
}

const modified = new Date('2026-01-01T00:00:00Z');

const operationOf = ({method, key, query}: Asked): keyof typeof operations => {
	if (key === '' && method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
	if (key === '' && method === 'POST' && query.has('delete')) return 'DeleteObjects';
	if (key === '' && method === 'HEAD') return 'HeadBucket';
	// Settings of the bucket, and uploads in parts, which nothing here is large enough for.
	if (key === '' || query.has('uploads') || query.has('uploadId')) return 'other';
	const plain: Readonly<Record<string, keyof typeof operations>> = {
		HEAD: 'HeadObject',
		GET: 'GetObject',
		PUT: 'PutObject',
		DELETE: 'DeleteObject',
	};
	return plain[method] ?? 'other';
};

const operations = {
	HeadObject: (objects: Objects, {key}: Asked): Answer => withObject(objects, key, object => ({status: 200, headers: headersOf(object)})),

	GetObject: (objects: Objects, {key, query}: Asked): Answer =>
		withObject(objects, key, object => {
			const contentType = query.get('response-content-type') ?? object.contentType;
			return {status: 200, headers: {...headersOf(object), 'content-type': contentType}, body: object.bytes()};
		}),

	PutObject: (objects: Objects, {key, headers, body}: Asked): Answer => {
		const current = objects.get(key);
		const {'if-none-match': ifNoneMatch, 'if-match': ifMatch} = headers;
		if (ifMatch !== undefined && !current) return refusal(404, 'NoSuchKey');
		if ((ifNoneMatch === '*' && current) || (ifMatch !== undefined && ifMatch !== current?.etag)) return refusal(412, 'PreconditionFailed');
		const {etag} = objects.put(key, body, headers['content-type'] ?? 'application/octet-stream');
		return {status: 200, headers: {etag}};
	},

	DeleteObject: (objects: Objects, {key, query}: Asked): Answer => {
		if (hasExpired(query)) return {...refusal(403, 'AccessDenied', 'Request has expired')};
		objects.remove(key);
		return {status: 204};
	},

	DeleteObjects: (objects: Objects, {body}: Asked): Answer => {
		for (const key of textsIn(body.toString(), 'Key')) objects.remove(key);
		return {status: 200, body: formatXml('DeleteResult', {})};
	},

	ListObjectsV2: (objects: Objects, {query}: Asked): Answer => {
		const token = query.get('continuation-token');
		const page = objects.list({
			prefix: query.get('prefix') ?? '',
			after: token ? Buffer.from(token, 'base64url').toString() : (query.get('start-after') ?? ''),
			delimiter: query.get('delimiter') ?? '',
			limit: Math.min(1000, Number(query.get('max-keys') ?? 1000)),
		});
		return {
			status: 200,
			body: formatXml('ListBucketResult', {
				IsTruncated: page.next !== undefined,
				NextContinuationToken: page.next === undefined ? undefined : Buffer.from(page.next).toString('base64url'),
				KeyCount: page.objects.length + page.prefixes.length,
				Contents: page.objects.map(({key, object}) => ({
					Key: key,
					LastModified: modified.toISOString(),
					ETag: object.etag,
					Size: object.size,
					StorageClass: 'STANDARD',
				})),
				CommonPrefixes: page.prefixes.map(Prefix => ({Prefix})),
			}),
		};
	},

	HeadBucket: (): Answer => ({status: 200}),

	other: (): Answer => refusal(501, 'NotImplemented'),
} as const;

const withObject = (objects: Objects, key: string, answer: (object: FoundObject) => Answer): Answer => {
	const object = objects.get(key);
	return object ? answer(object) : refusal(404, 'NoSuchKey');
};

const refusal = (status: number, code: string, message = code): Answer => ({
	status,
	body: formatXml('Error', {Code: code, Message: message}),
});

const headersOf = ({size, contentType, etag}: FoundObject) => ({
	'content-length': String(size),
	'content-type': contentType,
	etag,
	'last-modified': modified.toUTCString(),
});

/** Of a presigned URL; the start-up probe insists on it. */
const hasExpired = (query: URLSearchParams): boolean => {
	const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '') ?? [];
	if (second === undefined) return false;
	const startedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
	return Date.now() > startedAt + Number(query.get('X-Amz-Expires') ?? 0) * 1000;
};

const counts = new Map<string, number>();

const serve = async (objects: Objects, message: IncomingMessage, response: ServerResponse) => {
	const chunks: Buffer[] = [];
	for await (const chunk of message) chunks.push(chunk);
	const {pathname, searchParams: query} = new URL(message.url ?? '/', 'http://bucket');
	if (pathname === '/_counts') return void response.end(JSON.stringify(Object.fromEntries(counts)));
	const [, , ...parts] = pathname.split('/');
	const asked: Asked = {
		method: message.method ?? '',
		key: decodeURIComponent(parts.join('/')),
		query,
		headers: message.headers,
		body: Buffer.concat(chunks),
	};
	const operation = operationOf(asked);
	counts.set(operation, (counts.get(operation) ?? 0) + 1);
	const {status, headers = {}, body = ''} = operations[operation](objects, asked);
	const bytes = Buffer.from(body);
	response.writeHead(status, {'content-length': String(bytes.length), 'x-amz-request-id': 'big-bucket', ...headers});
	if (asked.method === 'HEAD') response.end();
	else response.end(bytes);
};

const [port = 0, repositories = 1, blobs = 1, refs = 1, layers = 10] = argv.slice(2).map(Number);
const objects = createObjects(createContents({repositories, blobs, refs, layers}));
createServer({keepAliveTimeout: 600_000}, (message, response) => {
	// A body that breaks off is never stored.
	serve(objects, message, response).catch(() => response.destroy());
}).listen(port, '127.0.0.1');
