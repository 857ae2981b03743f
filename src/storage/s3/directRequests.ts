/**
 * The requests that builds wait for, signed by AWS's own signer and sent as they are. The SDK's way to S3 costs a process
 * that has just started 3 ms of CPU for each of them, and a warm one 0.6; this one half of that, and later a fourth.
 */
import {setTimeout as delay} from 'node:timers/promises';
import {SignatureV4} from '@smithy/signature-v4';
import type {HashConstructor, RetryStrategyV2, RetryToken, SdkError} from '@smithy/types';
import type {Content} from './content.ts';
import {formatQuery, pathIn} from './escaping.ts';
import {type RenewableCredentials, withRenewal} from './renewal.ts';
import type {S3Clock} from './s3Clock.ts';
import {explain} from './s3Failure.ts';
import type {S3Settings} from './settings.ts';
import type {Transport, TransportAnswer} from './transport.ts';
import {isError, textOf} from './xml.ts';

export type DirectRequest = {
	/** S3's name for it, for messages and metrics. */
	operation: string;
	method: 'GET' | 'HEAD' | 'PUT' | 'POST';
	/** As S3 knows it; absent: the bucket itself. */
	fullKey?: string;
	query?: Readonly<Record<string, string>>;
	headers?: Readonly<Record<string, string>>;
	/** Kept by the caller until the answer is there: a request that is refused for a passing reason is sent again. */
	body?: Content;
	/** SHA-256 of the body in hex, which S3 then checks; absent: the body's hash is not signed. */
	sha256?: string | undefined;
	signal?: AbortSignal | undefined;
	/** What is refused for a passing reason is not sent again. */
	once?: boolean;
};

type Answered = {status: number; headers: Readonly<Record<string, string>> /** S3's clock. */; answeredAt: Date};
export type TextAnswer = Answered & {text: string};
export type OpenAnswer = Answered & {body: TransportAnswer['body']};

/** Both throw S3Failure, also where an error hides in a 200. */
export type DirectRequests = {
	/** The whole answer. */
	ask(request: DirectRequest): Promise<TextAnswer>;
	/** An answer whose body is read, or destroyed, by whoever asked. */
	open(request: DirectRequest): Promise<OpenAnswer>;
};

export type DirectRequestsOptions = {
	settings: S3Settings;
	transport: Transport;
	clock: S3Clock;
	retries: RetryStrategyV2;
	credentials: RenewableCredentials;
	region: () => Promise<string>;
	bucketUrl: () => Promise<URL>;
	sha256: HashConstructor;
};

export const createDirectRequests = (options: DirectRequestsOptions): DirectRequests => {
	const {settings, transport, clock, retries, credentials} = options;
	const {region, sha256} = options;
	const signer = new SignatureV4({service: 's3', region, credentials, sha256, uriEscapePath: false, applyChecksum: false});

	const attempt = async <T extends Answered>(request: DirectRequest, take: Take<T>): Promise<T> => {
		const bucketUrl = await options.bucketUrl();
		const {protocol, hostname, port, host} = bucketUrl;
		const path = pathIn(bucketUrl, request.fullKey);
		const {method, query = {}, body} = request;
		const headers = {
			host,
			'x-amz-content-sha256': request.sha256 ?? (body ? unsignedPayload : emptyHash),
			...((body || method === 'PUT' || method === 'POST') && {'content-length': String(body?.size ?? 0)}),
			...request.headers,
		};
		const signedAt = clock.now();
		const unsigned = {method, protocol, hostname, ...(port && {port: Number(port)}), path, query, headers};
		const signed = await signer.sign(unsigned, {signingDate: signedAt});
		const answer = await timed(request.operation, () =>
			transport.send({
				origin: `${protocol}//${host}`,
				path: `${path}${formatQuery(query)}`,
				method,
				headers: signed.headers,
				body: body && body.size > 0 ? body.bytes() : undefined,
				signal: request.signal,
				waitsForClients: take.isDownload || body?.isWhole() === false,
			}),
		);
		const date = clock.hear(answer.headers);
		if (answer.status < 300) return take.from(answer, date ?? new Date());
		const clockSkewCorrected = date !== undefined && Math.abs(date.getTime() - signedAt.getTime()) > skewMs;
		throw failure({...answer, text: await answer.body.text(), clockSkewCorrected});
	};

	const timed = async (operation: string, act: () => Promise<TransportAnswer>): Promise<TransportAnswer> => {
		const startedAt = performance.now();
		let status: number | undefined;
		try {
			const answer = await act();
			({status} = answer);
			return answer;
		} finally {
			settings.onRequest?.({operation, status, seconds: (performance.now() - startedAt) / 1000});
		}
	};

	const repeat = async <T extends Answered>(request: DirectRequest, take: Take<T>): Promise<T> => {
		let token: RetryToken | undefined;
		let coming = request.body?.isWhole() ? undefined : request.body;
		for (;;) {
			try {
				return await attempt(request, take);
			} catch (error) {
				if (request.once || request.signal?.aborted) throw error;
				// Patience counts from the first refusal: what comes before it is the length of the body.
				token ??= await retries.acquireInitialRetryToken('');
				token = await retries.refreshRetryTokenForRetry(token, {errorType: errorTypeOf(error), error: error as SdkError}).catch(() => {
					throw error;
				});
				await delay(token.getRetryDelay(), undefined, {signal: request.signal});
				if (!coming) continue;
				// It may have come too slowly for S3: the next time S3 does not wait for it, and patience counts from then on.
				await coming.whole();
				coming = undefined;
				token = undefined;
			}
		}
	};

	const send = async <T extends Answered>(request: DirectRequest, take: Take<T>): Promise<T> => {
		try {
			return await withRenewal(credentials, () => repeat(request, take));
		} catch (error) {
			if (request.signal?.aborted) throw request.signal.reason;
			throw explain(error, request.operation, settings);
		}
	};

	return {ask: request => send(request, takeText), open: request => send(request, takeOpen)};
};

export const unsignedPayload = 'UNSIGNED-PAYLOAD';
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

// S3 bears a quarter of an hour; the SDK mends what is over four minutes.
const skewMs = 240_000;

/** What becomes of an answer that is no refusal. */
type Take<T> = {isDownload: boolean; from(answer: TransportAnswer, answeredAt: Date): Promise<T>};

const takeText: Take<TextAnswer> = {
	isDownload: false,
	async from({status, headers, body}, answeredAt) {
		const text = await body.text();
		// S3 begins some answers with 200 before it knows how they end: such an error is a bad minute's.
		if (isError(text)) throw failure({status: 500, headers, text, clockSkewCorrected: false});
		return {status, headers, text, answeredAt};
	},
};

const takeOpen: Take<OpenAnswer> = {
	isDownload: true,
	from: async ({status, headers, body}, answeredAt) => ({status, headers, body, answeredAt}),
};

type Refusal = {status: number; headers: Readonly<Record<string, string>>; text: string; clockSkewCorrected: boolean};

/** In the form of the SDK's errors, which is what retries, renewals and explanations read. */
const failure = ({status, headers, text, clockSkewCorrected}: Refusal) =>
	Object.assign(new Error(textOf(text, 'Message') || `HTTP ${status}`), {
		// A HEAD that is refused has no word for it.
		name: textOf(text, 'Code') || 'Unknown',
		$metadata: {httpStatusCode: status, requestId: headers['x-amz-request-id'], clockSkewCorrected},
		$response: {headers},
	});

const errorTypeOf = (error: unknown) => {
	const {name = '', $metadata} = error as {name?: string; $metadata?: {httpStatusCode?: number}};
	return $metadata?.httpStatusCode === 429 || throttling.includes(name) ? 'THROTTLING' : 'TRANSIENT';
};

const throttling: readonly string[] = [
	'SlowDown',
	'Throttling',
	'ThrottlingException',
	'RequestThrottled',
	'TooManyRequests',
	'BandwidthLimitExceeded',
];
