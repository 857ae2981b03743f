/** A registry elsewhere that misbehaves where a test wants it to: a real one stands behind, and what it demands and answers can be changed on the way. */
import {randomUUID} from 'node:crypto';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {Agent, type Dispatcher} from 'undici';
import {listenOnLoopback} from './loopback.ts';

/** What happens to one request instead of what should. */
export type UpstreamFault = {
	/** It waits for this first. */
	hold?: Promise<unknown>;
	/** This is the answer. */
	answer?: {status: number; headers?: Record<string, string | string[]>; body?: string};
	/** The connection breaks: when so many bytes of the request have come, or of the answer have gone. */
	resetAfterBytes?: number;
	cutAfterBytes?: number;
	/** The answer stops there, and the connection stays. */
	stallAfterBytes?: number;
	/** A bit of the answer's body is another one. */
	corrupt?: true;
	/** The answer goes on for ever, of no told length. */
	isEndless?: true;
	/** Headers of the answer that are others, or missing. */
	headers?: Record<string, string | undefined>;
};

export type UpstreamRequest = {method: string; path: string; headers: Readonly<Record<string, string>>};

export type UpstreamDouble = {
	url: string;
	host: string;
	/** All that came, tokens' included. */
	requests: UpstreamRequest[];
	/** How many of them have this beginning, such as `GET /token`. */
	count(beginning: string): number;
	/** Asked about every request, in order. */
	faults: (request: UpstreamRequest) => UpstreamFault | undefined;
	/** Who may come in, and how that is asked. */
	demands: Demands | undefined;
	/** Tokens that are good now. */
	tokens: Set<string>;
	/** Bytes of answers that were written. */
	written: number;
};

export type Demands = {scheme: 'basic' | 'bearer'; username: string; password: string; tokenSeconds?: number; realm?: string};

type Scope = {teardown(act: () => Promise<void>): void};

/** `inner` is the registry behind; without one every path is 404. */
export const startUpstreamDouble = async (scope: Scope, inner?: string): Promise<UpstreamDouble> => {
	const server = createServer();
	const url = await listenOnLoopback(scope, server);
	const agent = new Agent();
	scope.teardown(() => agent.destroy());
	const double: UpstreamDouble = {
		url,
		host: new URL(url).host,
		requests: [],
		count: beginning => double.requests.filter(({method, path}) => `${method} ${path}`.startsWith(beginning)).length,
		faults: () => undefined,
		demands: undefined,
		tokens: new Set(),
		written: 0,
	};
	server.on('request', (message: IncomingMessage, response: ServerResponse) => {
		const {socket} = message;
		serve(double, {inner, agent}, message, response).catch(() => socket.destroy());
	});
	return double;
};

type Behind = {inner: string | undefined; agent: Agent};

const serve = async (double: UpstreamDouble, behind: Behind, message: IncomingMessage, response: ServerResponse): Promise<void> => {
	const request = {method: message.method ?? '', path: message.url ?? '', headers: message.headers as Record<string, string>};
	double.requests.push(request);
	const fault = double.faults(request) ?? {};
	await fault.hold;
	if (fault.resetAfterBytes !== undefined) await readSome(message, fault.resetAfterBytes);
	const simple = fault.answer ?? tokenAnswer(double, request) ?? refusal(double, request);
	if (!simple && behind.inner) return deliver(double, response, await forward(behind, request, message), fault);
	const {status, headers = {}, body = ''} = simple ?? {status: 404};
	response.writeHead(status, {'content-length': String(Buffer.byteLength(body)), ...headers}).end(body);
	message.resume();
};

/** Reads so much, and breaks off. */
const readSome = async (message: IncomingMessage, bytes: number): Promise<never> => {
	let seen = 0;
	for await (const chunk of message) {
		seen += (chunk as Buffer).length;
		if (seen >= bytes) break;
	}
	throw new Error('reset');
};

const tokenAnswer = ({demands, tokens}: UpstreamDouble, {path, headers}: UpstreamRequest): UpstreamFault['answer'] => {
	if (!demands || !path.startsWith('/token')) return undefined;
	if (headers.authorization !== basicOf(demands)) return {status: 401, body: '{"errors":[{"code":"UNAUTHORIZED"}]}'};
	const token = `token-${randomUUID()}`;
	tokens.add(token);
	return {status: 200, body: JSON.stringify({token, expires_in: demands.tokenSeconds ?? 300})};
};

const refusal = ({demands, tokens, url}: UpstreamDouble, {method, path, headers}: UpstreamRequest): UpstreamFault['answer'] => {
	if (!demands) return undefined;
	const {authorization = ''} = headers;
	if (demands.scheme === 'basic' ? authorization === basicOf(demands) : tokens.has(authorization.replace('Bearer ', ''))) return undefined;
	const repo = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(path)?.[1];
	const scope = repo ? `,scope="repository:${repo}:${method === 'GET' || method === 'HEAD' ? 'pull' : 'pull,push'}"` : '';
	const challenge =
		demands.scheme === 'basic' ? 'Basic realm="double"' : `Bearer realm="${demands.realm ?? `${url}/token`}",service="double"${scope}`;
	return {status: 401, headers: {'www-authenticate': challenge}, body: '{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}'};
};

const basicOf = ({username, password}: Demands) => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const forward = ({inner, agent}: Behind, {method, path, headers}: UpstreamRequest, message: IncomingMessage) => {
	const {host: _, authorization: __, connection: ___, 'transfer-encoding': chunked, ...passed} = headers;
	const hasBody = chunked !== undefined || Number(headers['content-length'] ?? 0) > 0;
	return agent.request({
		origin: inner as string,
		path,
		method: method as Dispatcher.HttpMethod,
		headers: passed,
		body: hasBody ? message : null,
	});
};

const deliver = async (double: UpstreamDouble, response: ServerResponse, answer: Dispatcher.ResponseData, fault: UpstreamFault) => {
	const headers: Record<string, string | string[] | undefined> = {...answer.headers, connection: undefined, ...fault.headers};
	if (fault.isEndless) headers['content-length'] = undefined;
	response.writeHead(answer.statusCode, Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as never);
	response.flushHeaders();
	let room = fault.cutAfterBytes ?? fault.stallAfterBytes ?? Number.POSITIVE_INFINITY;
	for await (const chunk of faulty(answer.body, fault)) {
		const bytes = chunk.subarray(0, room);
		room -= bytes.length;
		await write(double, response, bytes);
		if (response.destroyed) return;
		if (room > 0) continue;
		// What was written still arrives.
		if (fault.cutAfterBytes !== undefined) response.socket?.destroySoon();
		await new Promise(resolve => response.on('close', resolve));
	}
	response.end();
};

async function* faulty(body: AsyncIterable<Buffer>, {corrupt, isEndless}: UpstreamFault): AsyncGenerator<Buffer> {
	for await (const chunk of body) {
		if (corrupt && chunk.length > 0) chunk.writeUInt8(chunk.readUInt8(0) ^ 1);
		yield chunk;
	}
	while (isEndless) yield Buffer.alloc(65_536);
}

/** Waits until the reader takes more. */
const write = async (double: UpstreamDouble, response: ServerResponse, bytes: Buffer) => {
	double.written += bytes.length;
	if (response.write(bytes) || response.destroyed) return;
	await new Promise<void>(resolve => {
		response.once('drain', resolve);
		response.once('close', resolve);
	});
};
