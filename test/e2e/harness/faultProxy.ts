/** Stands before an S3 server and does to requests what S3, or the way to it, does in a bad minute. What it lets pass, passes unchanged: its Host too, which signatures cover. */
import {once} from 'node:events';
import {Agent, createServer, request as forward, type IncomingMessage, type ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {pipeline} from 'node:stream/promises';
import {setTimeout as delay} from 'node:timers/promises';
import {listenOnLoopback} from '../../support/loopback.ts';
import {type OperationName, operationOf} from '../../support/s3Double/operations.ts';
import {formatXml} from '../../support/s3Double/xml.ts';
import type {Scope} from './scope.ts';

/** `at` is a fraction: of the head and body of the request, or of the answer. */
export type Fault =
	/** Answered like this instead of done. */
	| {readonly kind: 'answer'; readonly status: number; readonly body: string}
	/** The connection is reset when so much of the request has come; the server gets no more of it either. */
	| {readonly kind: 'resetRequest'; readonly at: number}
	/** It is done, and the connection reset when so much of the answer has gone out. */
	| {readonly kind: 'resetAnswer'; readonly at: number}
	/** It is done, and the connection closed in good order in the middle of the answer's body. */
	| {readonly kind: 'truncate'; readonly at: number}
	/** The request waits before it is passed on… */
	| {readonly kind: 'stallRequest'; readonly seconds: number}
	/** …or the answer stops in the middle and goes on later. */
	| {readonly kind: 'stallAnswer'; readonly seconds: number; readonly at: number};

export interface SeenRequest {
	readonly operation: OperationName;
	readonly key: string;
	readonly query: ReadonlyMap<string, string>;
	readonly headers: Readonly<Record<string, string>>;
}

/** Changes a request on its way, or refuses it by throwing; `answers` is laid over the headers of the answer. */
export type Gate = (request: {method: string; path: string; query: Map<string, string>; headers: Record<string, string>}) => Promise<{
	url: string;
	headers: Record<string, string>;
}>;

export interface FaultProxy {
	readonly url: string;
	/** Asked about every request, in order. */
	faults: (request: SeenRequest) => Fault | undefined;
	/** What passed, and what was done to it. */
	readonly seen: readonly (SeenRequest & {readonly fault: Fault | undefined})[];
}

export interface FaultProxyOptions {
	/** How a request is passed on; as it came, if nothing is said. Throws a `RefusedHere` to answer it itself. */
	readonly gate?: Gate;
	readonly now?: () => Date;
}

/** What a gate throws to answer in the server's place. */
export class RefusedHere extends Error {
	readonly status: number;
	readonly code: string;
	constructor(status: number, code: string, message: string) {
		super(message);
		this.status = status;
		this.code = code;
	}
}

export const startFaultProxy = async (scope: Scope, target: string, {gate, now}: FaultProxyOptions = {}): Promise<FaultProxy> => {
	const {hostname, port} = new URL(target);
	const agent = new Agent({keepAlive: true});
	const seen: (SeenRequest & {fault: Fault | undefined})[] = [];
	const server = createServer({keepAliveTimeout: 60_000});
	const url = await listenOnLoopback(scope, server);
	scope.teardown(() => agent.destroy());
	const proxy: FaultProxy = {url, faults: () => undefined, seen};

	const onward = async (request: IncomingMessage, bodyBytes: number): Promise<IncomingMessage> => {
		const passed = gate ? await gate(partsOf(request)) : {url: request.url ?? '', headers: request.headers};
		const sent = forward({hostname, port, agent, method: request.method, path: passed.url, headers: passed.headers});
		// A server that refuses early answers before it has read everything.
		const [[answer]] = await Promise.all([once(sent, 'response') as Promise<[IncomingMessage]>, bodyOnward(request, sent, bodyBytes)]);
		return answer;
	};

	const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const what = seenRequest(request);
		const fault = proxy.faults(what);
		seen.push({...what, fault});
		const {socket} = request;
		if (now) response.setHeader('date', now().toUTCString());
		if (fault?.kind === 'answer') {
			request.resume();
			return answerXml(response, fault.status, fault.body);
		}
		if (fault?.kind === 'stallRequest') await delay(fault.seconds * 1000);
		const bodyBytes = fault?.kind === 'resetRequest' ? bytesUntil(fault.at, request) : Number.POSITIVE_INFINITY;
		if (bodyBytes < 0) return void socket.resetAndDestroy();
		let answer: IncomingMessage;
		try {
			answer = await onward(request, bodyBytes);
		} catch (error) {
			if (!(error instanceof RefusedHere)) return void socket.resetAndDestroy();
			request.resume();
			return answerXml(response, error.status, errorXml(error.code, error.message));
		}
		// Before its body is written: the answer's own date would otherwise stand beside it.
		if (now) answer.headers.date = now().toUTCString();
		if (fault?.kind === 'resetAnswer' || fault?.kind === 'truncate') return cutAnswer(socket, answer, fault);
		response.writeHead(answer.statusCode ?? 0, answer.headers);
		if (fault?.kind !== 'stallAnswer') return pipeline(answer, response);
		return pipeline(answer, stalling(fault.at * lengthOf(answer), fault.seconds), response);
	};

	server.on('request', (request: IncomingMessage, response: ServerResponse) => {
		// A client that goes away, or a server: either way the other side must hear of it.
		serve(request, response).catch(() => request.socket.resetAndDestroy());
	});
	return proxy;
};

export const errorXml = (code: string, message: string): string => formatXml('Error', {Code: code, Message: message, RequestId: 'PROXY'});

/** An error of S3's in its own words. */
export const refusal = (status: number, code: string): Fault => ({
	kind: 'answer',
	status,
	body: errorXml(code, code === 'SlowDown' ? 'Please reduce your request rate.' : 'We encountered an internal error. Please try again.'),
});

const partsOf = ({method = '', url = '', headers}: IncomingMessage) => {
	const [path = '', search = ''] = url.split('?', 2);
	return {method, path, query: new Map(new URLSearchParams(search)), headers: {...headers} as Record<string, string>};
};

const seenRequest = (request: IncomingMessage): SeenRequest => {
	const {method, path, query, headers} = partsOf(request);
	const key = decodeURIComponent(path.split('/').slice(2).join('/'));
	return {operation: operationOf({method, key, query, headers}), key, query, headers};
};

const lengthOf = ({headers}: IncomingMessage) => Number(headers['content-length'] ?? 0);

/** How much of the body has come when this part of the whole request has; negative within the head. */
const bytesUntil = (at: number, request: IncomingMessage) => {
	const headBytes = headOf(`${request.method} ${request.url} HTTP/1.1`, request.rawHeaders).length;
	return Math.floor(at * (headBytes + lengthOf(request))) - headBytes;
};

const bodyOnward = async (request: IncomingMessage, sent: ReturnType<typeof forward>, bodyBytes: number) => {
	let size = 0;
	await pipeline(
		request,
		async function* (chunks: AsyncIterable<Buffer>) {
			for await (const chunk of chunks) {
				size += chunk.length;
				if (size > bodyBytes) throw new Error('reset');
				yield chunk;
			}
			if (bodyBytes !== Number.POSITIVE_INFINITY) throw new Error('reset');
		},
		sent,
	);
};

const headOf = (firstLine: string, rawHeaders: readonly string[]) => {
	const lines = Array.from({length: rawHeaders.length / 2}, (_, at) => `${rawHeaders[2 * at]}: ${rawHeaders[2 * at + 1]}`);
	return Buffer.from(`${[firstLine, ...lines].join('\r\n')}\r\n\r\n`);
};

/** Straight onto the socket: no server would write half a head. */
const cutAnswer = async (socket: Socket, answer: IncomingMessage, {kind, at}: Fault & {kind: 'resetAnswer' | 'truncate'}) => {
	const head = headOf(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`, answer.rawHeaders);
	const body = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>));
	const bytes = kind === 'truncate' ? head.length + Math.floor(at * body.length) : Math.floor(at * (head.length + body.length));
	const written = Buffer.concat([head, body]).subarray(0, bytes);
	if (written.length > 0) await new Promise(resolve => socket.write(written, resolve));
	if (kind === 'truncate') socket.end();
	else socket.resetAndDestroy();
};

const stalling = (at: number, seconds: number) =>
	async function* (chunks: AsyncIterable<Buffer>) {
		let size = 0;
		let hasStalled = false;
		for await (const chunk of chunks) {
			size += chunk.length;
			if (!hasStalled && size > at) {
				hasStalled = true;
				await delay(seconds * 1000);
			}
			yield chunk;
		}
	};

const answerXml = (response: ServerResponse, status: number, body: string) => {
	response.writeHead(status, {'content-type': 'application/xml', 'content-length': Buffer.byteLength(body)});
	response.end(body);
};
