/** A small S3 in memory, as strict as AWS where other servers are lenient: signatures, payload hashes, conditions, part sizes. Faults can be put in its way. */
import {createHash} from 'node:crypto';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {listenOnLoopback} from './loopback.ts';
import {type Bucket, createBucket} from './s3Double/bucket.ts';
import {isTaken, keepFiles, type Leak} from './s3Double/leaks.ts';
import {type BucketSettings, type DoubleAnswer, type OperationName, operationOf, operations} from './s3Double/operations.ts';
import {S3Refusal} from './s3Double/refusal.ts';
import {accessKeyOf, type Credentials, checkSignature, type SignedRequest} from './s3Double/signature.ts';
import {unframed, unsignedTrailer} from './s3Double/trailers.ts';
import {formatXml} from './s3Double/xml.ts';

/** What a test puts in the way of one request. */
export type Fault = {
	/** It waits for this before anything else. */
	hold?: Promise<unknown>;
	/** Refused instead of done. */
	refuse?: {status: number; code: string};
	/** The connection breaks when so many bytes of the request's body have come. */
	resetAfterBytes?: number;
	/** A bit of the request's body is changed on its way. */
	corrupt?: true;
	/** The answer begins well, with status 200, and ends with an error. */
	refuseLate?: {code: string};
	/** It is done, but nobody hears of it. */
	loseAnswer?: true;
	/** The answer's body ends too early, and the connection with it. */
	cutAfterBytes?: number;
	/** The answer's body stops in the middle, and the connection stays. */
	stallAfterBytes?: number;
};

export type SeenRequest = {
	operation: OperationName;
	key: string;
	query: ReadonlyMap<string, string>;
	headers: Readonly<Record<string, string>>;
	/** Whose signature it claims to have. */
	accessKeyId: string | undefined;
};

export type S3Double = {
	endpoint: URL;
	bucketName: string;
	region: string;
	credentials: Credentials;
	/** Whose signatures it knows besides. */
	otherCredentials: Credentials[];
	/** What is stored, to look at and to change behind everyone's back. */
	bucket: Bucket;
	/** Every request that came, refused ones too. */
	requests: SeenRequest[];
	count(operation: OperationName): number;
	/** Asked about every request, in order. */
	faults: (request: SeenRequest) => Fault | undefined;
	settings: BucketSettings;
	/** From now on every signature is one of an expired session. */
	hasExpired: boolean;
	/** Connections that are open. */
	openConnections(): Promise<number>;
};

/** `lenient` is what a server less careful than AWS would let pass. */
export type S3DoubleOptions = {now?: () => Date; minPartBytes?: number; sessionToken?: string; lenient?: Leniency};
export type Leniency = {
	keepsCutBodies?: true;
	forgetsExpiry?: true;
	ignoresConditions?: true;
	/** Stores a body whose hash is not the one that was signed, though it says that it does not. */
	keepsWrongBodies?: true;
	/** Takes this from whoever holds the URL of an upload. */
	takes?: Leak;
	/** Sums that come after the bytes: it refuses them, stores their frames, or does not look at them. */
	trailers?: 'unknown' | 'kept' | 'unchecked';
};

export const startS3Double = async (
	scope: {teardown(act: () => Promise<void>): void},
	{now = () => new Date(), minPartBytes = 5 * 1024 * 1024, sessionToken, lenient = {}}: S3DoubleOptions = {},
): Promise<S3Double> => {
	const server = createServer({keepAliveTimeout: 60_000});
	const url = await listenOnLoopback(scope, server);
	const double: S3Double = {
		endpoint: new URL(url),
		bucketName: 'bucket',
		region: 'eu-test-1',
		credentials: {accessKeyId: 'AKIDOUBLE', secretAccessKey: 'the+secret/of=double', sessionToken},
		otherCredentials: [],
		bucket: createBucket({now, minPartBytes, ...lenient}),
		requests: [],
		count: operation => double.requests.filter(request => request.operation === operation).length,
		faults: () => undefined,
		settings: {},
		hasExpired: false,
		openConnections: () =>
			new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
	};

	server.on('request', (message: IncomingMessage, response: ServerResponse) => {
		// A message that has ended no longer knows it.
		const {socket} = message;
		response.setHeader('date', now().toUTCString());
		response.setHeader('x-amz-request-id', 'DOUBLE');
		serve(double, {now, lenient}, message, response).catch(() => socket.destroy());
	});
	return double;
};

type Rules = {now: () => Date; lenient: Leniency};

const serve = async (double: S3Double, rules: Rules, message: IncomingMessage, response: ServerResponse): Promise<void> => {
	const {method = '', url = ''} = message;
	const [path = '', search = ''] = url.split('?', 2);
	const request = {method, path, query: new Map([...new URLSearchParams(search)]), headers: message.headers as Record<string, string>};
	const [, bucketName = '', ...parts] = path.split('/');
	const target = {bucketName, key: decodeURIComponent(parts.join('/'))};
	let fault: Fault = {};
	const answer = await refusalsAnswered(async () => {
		const operation = operationOf({...request, ...target});
		const seen = {operation, key: target.key, query: request.query, headers: request.headers, accessKeyId: accessKeyOf(request)};
		double.requests.push(seen);
		fault = double.faults(seen) ?? {};
		return perform(double, rules, fault, operation, request, target, message);
	});
	if (fault.loseAnswer) throw new Error('the answer is lost');
	deliver(response, method, answer, fault);
	// What a refused request would still send, nobody wants.
	message.resume();
};

const perform = async (
	double: S3Double,
	{now, lenient}: Rules,
	fault: Fault,
	operation: OperationName,
	request: SignedRequest,
	{bucketName, key}: {bucketName: string; key: string},
	message: IncomingMessage,
): Promise<DoubleAnswer> => {
	await fault.hold;
	if (fault.refuse) throw new S3Refusal(fault.refuse.status, fault.refuse.code);
	const body = await readBody(message, fault.resetAfterBytes, lenient);
	if (fault.corrupt && body.length > 0) body.writeUInt8(body.readUInt8(0) ^ 1);
	const {credentials, otherCredentials: others} = double;
	const trust = {credentials, others, region: double.region, now: now(), isExpired: double.hasExpired, ...lenient};
	const taken = lenient.takes && isTaken(lenient.takes, request, body, asked => checkSignature(asked, trust));
	if (taken) {
		keepFiles(double.bucket, taken);
		return taken.files ? {status: 200} : operations[operation](double.bucket, {...request, key, body: taken.body}, double.settings);
	}
	const signed = checkSignature(request, trust);
	if (lenient.keepsWrongBodies && operation === 'PutObject') double.bucket.put(key, body, 'application/octet-stream');
	const payload = takePayload(body, signed, request.headers, lenient.trailers);
	if (bucketName !== double.bucketName) throw new S3Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist');
	if (fault.refuseLate) return {status: 200, body: errorXml(fault.refuseLate.code, 'We encountered an internal error.')};
	return operations[operation](double.bucket, {...request, key, body: payload}, double.settings);
};

const refusalsAnswered = async (work: () => Promise<DoubleAnswer>): Promise<DoubleAnswer> => {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof S3Refusal)) throw error;
		const {status, code, message, headers} = error;
		return {status, headers: {...headers, 'content-type': 'application/xml'}, body: errorXml(code, message)};
	}
};

/** All of it, or an error: what arrives of a request that breaks off is never stored. */
const readBody = async (message: IncomingMessage, resetAfterBytes = Number.POSITIVE_INFINITY, {keepsCutBodies}: Leniency) => {
	const chunks: Buffer[] = [];
	let size = 0;
	try {
		if (resetAfterBytes === 0) throw new Error('reset');
		for await (const chunk of message) {
			chunks.push(chunk);
			size += chunk.length;
			if (size >= resetAfterBytes) throw new Error('reset');
		}
	} catch (error) {
		if (!keepsCutBodies) throw error;
	}
	return Buffer.concat(chunks);
};

/** What is stored of a body: all of it, or what is in its frames. */
const takePayload = (body: Buffer, signed: string, headers: SignedRequest['headers'], trailers: Leniency['trailers']): Buffer => {
	if (signed === 'UNSIGNED-PAYLOAD') return body;
	if (signed === unsignedTrailer && trailers !== 'unknown')
		return trailers === 'kept' ? body : unframed(body, headers, trailers !== 'unchecked');
	if (!/^[0-9a-f]{64}$/.test(signed))
		throw new S3Refusal(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented');
	if (createHash('sha256').update(body).digest('hex') !== signed)
		throw new S3Refusal(400, 'XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.");
	return body;
};

const deliver = (
	response: ServerResponse,
	method: string,
	{status, headers = {}, body = ''}: DoubleAnswer,
	{cutAfterBytes, stallAfterBytes}: Fault,
) => {
	const bytes = Buffer.from(body);
	response.writeHead(status, {'content-length': String(bytes.length), ...headers});
	if (method === 'HEAD') response.end();
	else if (cutAfterBytes !== undefined) response.write(bytes.subarray(0, cutAfterBytes), () => response.socket?.destroy());
	else if (stallAfterBytes !== undefined) response.write(bytes.subarray(0, stallAfterBytes));
	else response.end(bytes);
};

const errorXml = (code: string, message: string) => formatXml('Error', {Code: code, Message: message, RequestId: 'DOUBLE'});
