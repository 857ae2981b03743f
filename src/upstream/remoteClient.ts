/** One request to an upstream and its answer: let in by its challenge, sent on by its redirects, repeated in its bad moments, and refused in words. */
import type {ErrorCode, OciError, RepositoryName} from 'oci-spec-types';
import {readAtMost} from '../lib/bytes.ts';
import type {Bytes} from '../registry/registry.ts';
import {createAuthorization} from './authorization.ts';
import {type Connections, createConnections, discard, type WireAnswer, type WireRequest} from './connections.ts';
import {nextHop} from './redirects.ts';
import {parseRefusal, refused, refusedElsewhere, unreachable} from './refusals.ts';
import {createRepeat, parseRetryAfter, type Repeat} from './retries.ts';
import {createSecrets} from './secrets.ts';
import {createTokens} from './tokens.ts';
import {defaultTuning, type RemoteOptions, UpstreamFailure, type UpstreamOperation} from './upstream.ts';

export type RemoteRequest = {
	operation: UpstreamOperation;
	method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	/** A path with its query, or an address that the upstream itself has told. */
	target: string | URL;
	/** What a token has to allow: scopes, joined by spaces. */
	scope: string;
	repo?: RepositoryName;
	headers?: Readonly<Record<string, string>>;
	/** Bytes can be sent twice; a stream cannot, and without `size` its end says how long it was. */
	body?: Uint8Array | {stream: Bytes; size?: number | undefined};
	/** The statuses that are answers; every other is a refusal. */
	expected: readonly number[];
	/** What a 404 means. */
	absent?: ErrorCode;
	/** Whether the answer is bytes of a blob. */
	isDownload?: boolean;
};

/** `url` is where the answer came from. */
export type RemoteAnswer = WireAnswer & {url: URL};
export type RemoteDocument = Omit<RemoteAnswer, 'body'> & {bytes: Buffer};

export type RemoteClient = {
	host: string;
	/** An answer whose body is read, or destroyed, by whoever asked. One attempt. */
	open(request: RemoteRequest): Promise<RemoteAnswer>;
	/** An answer whose body does not matter. One attempt. */
	once(request: RemoteRequest): Promise<RemoteAnswer>;
	/** The same, and again as long as it is refused for a passing reason. */
	send(request: RemoteRequest): Promise<RemoteAnswer>;
	/** All of a small answer, as often as it takes. */
	read(request: RemoteRequest, mostBytes: number): Promise<RemoteDocument>;
	repeat: Repeat;
	close(): Promise<void>;
};

export const createRemoteClient = (options: RemoteOptions): RemoteClient => {
	const {
		origin: {origin, host},
		credentials = nobody,
		quirks = {},
		userAgent,
		elapsed,
		observer,
	} = options;
	const tuning = {...defaultTuning, ...options.tuning};
	const connections = createConnections(tuning);
	const repeat = createRepeat(tuning, options);
	const secrets = createSecrets();
	const tokens = createTokens({
		...{credentials, connections, repeat, tuning, secrets, userAgent, elapsed, observer},
		origin: new URL(origin),
	});
	const authorization = createAuthorization({host, credentials, tokens, secrets});

	const failureOf = (error: unknown, {operation}: RemoteRequest, url: URL) =>
		unreachable(error, {host, operation, at: secrets.redact(url.host)});

	/** Where the upstream says to go on. Not a step further than it may know who we are. */
	const attempt = async (request: RemoteRequest, bearer: string | undefined): Promise<RemoteAnswer> => {
		const body = bodyOf(request);
		let url = new URL(request.target, origin);
		let isOurs = url.origin === origin;
		for (let hops = 0; ; hops += 1) {
			const headers = {
				'user-agent': userAgent,
				...request.headers,
				...body.headers,
				...(isOurs && bearer && {authorization: bearer}),
			};
			const answer = await timed(request, () => connections.send({...wireOf(request), url, headers, body: body.bytes}), url);
			const next = nextHop({request, from: url, answer, hops, host});
			if (!next) return {...answer, url};
			discard(answer);
			// Who was sent away once does not come back as one of us.
			isOurs &&= next.origin === origin;
			url = next;
		}
	};

	const wireOf = ({method, operation, isDownload, body}: RemoteRequest): Pick<WireRequest, 'method' | 'carries' | 'signal'> => ({
		method,
		carries: isDownload ? 'download' : body && !(body instanceof Uint8Array) ? 'upload' : 'little',
		...(documents.has(operation) && {signal: AbortSignal.timeout(tuning.documentSeconds * 1000)}),
	});

	const timed = async (request: RemoteRequest, send: () => ReturnType<Connections['send']>, url: URL): Promise<WireAnswer> => {
		const startedAt = elapsed();
		let status: number | undefined;
		try {
			const answer = await send();
			({status} = answer);
			return answer;
		} catch (error) {
			throw failureOf(error, request, url);
		} finally {
			observer?.requested({operation: request.operation, status, seconds: (elapsed() - startedAt) / 1000});
		}
	};

	/** With what the upstream asks for, once it has asked. What we had of old may be old: it is asked for anew once. */
	const letIn = async (request: RemoteRequest): Promise<RemoteAnswer> => {
		const {scope, operation} = request;
		let shown = await authorization.header(scope);
		for (let left = shown ? 1 : 2; ; left -= 1) {
			const answer = await attempt(request, shown);
			if (answer.status !== 401 || answer.url.origin !== origin || left === 0) return answer;
			discard(answer);
			shown = await authorization.answer(answer.headers['www-authenticate'] ?? '', scope, shown, operation);
			if (isRepeatable(request)) continue;
			const message = `${host} wanted to know anew who asks when ${operation} had begun: send it again`;
			throw new UpstreamFailure('UNAVAILABLE', {host, operation, isPassing: true, message});
		}
	};

	const refusalOf = async (request: RemoteRequest, {status, headers, body, url}: RemoteAnswer): Promise<OciError> => {
		const {operation, repo, absent} = request;
		const bytes = await readAtMost(body, mostRefusalBytes).catch(() => Buffer.alloc(0));
		body.destroy();
		const {code, message} = parseRefusal(bytes);
		const said = {...(code && {code: secrets.redact(code)}), ...(message && {message: secrets.redact(message)})};
		const refusal = {host: secrets.redact(url.host), operation, ...(repo && {repo}), status, ...said};
		if (url.origin !== origin) return refusedElsewhere(refusal, {host, absent});
		if (quirks.isExpiry?.(refusal)) {
			credentials.renew();
			const told = `${host} says that our credentials have expired, and again with new ones: see whether its clock and ours are right`;
			return new UpstreamFailure('UNAVAILABLE', {host, operation, isPassing: true, message: told});
		}
		const retryAfterMs = parseRetryAfter(headers['retry-after'], headers.date);
		return quirks.explain?.(refusal) ?? refused(refusal, {absent, retryAfterMs});
	};

	const open = async (request: RemoteRequest): Promise<RemoteAnswer> => {
		const answer = await letIn(request);
		if (request.expected.includes(answer.status)) return answer;
		throw await refusalOf(request, answer);
	};

	const once = async (request: RemoteRequest): Promise<RemoteAnswer> => {
		const answer = await open(request);
		discard(answer);
		return answer;
	};

	return {
		host,
		open,
		once,
		send: request => (isRepeatable(request) ? repeat(() => once(request)) : once(request)),
		read: (request, mostBytes) =>
			repeat(async () => {
				const {body, ...answer} = await open(request);
				try {
					return {...answer, bytes: await readAtMost(body, mostBytes)};
				} catch (error) {
					throw failureOf(error, request, answer.url);
				}
			}),
		repeat,
		close: connections.close,
	};
};

const nobody = {get: async () => undefined, renew() {}};

const isRepeatable = ({body}: RemoteRequest) => body === undefined || body instanceof Uint8Array;

const bodyOf = ({method, body}: RemoteRequest): {bytes?: Uint8Array | Bytes; headers: Record<string, string>} => {
	if (body === undefined) return {headers: method === 'GET' || method === 'HEAD' ? {} : {'content-length': '0'}};
	if (body instanceof Uint8Array) return {bytes: body, headers: {'content-length': String(body.length)}};
	return {bytes: body.stream, headers: body.size === undefined ? {} : {'content-length': String(body.size)}};
};

/** What is read as a whole, and therefore within a time. */
const documents: ReadonlySet<UpstreamOperation> = new Set(['getManifest', 'listTags', 'listReferrers', 'listRepositories'] as const);

const mostRefusalBytes = 64 * 1024;
