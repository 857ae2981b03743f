/** How long a request is repeated that S3 refuses for a passing reason: by the clock, not by a count, so that a bad minute of S3 does not use up what others need. */
import type {RetryErrorInfo, RetryStrategyV2, RetryToken, StandardRetryToken} from '@smithy/types';
import {growingPauseMs} from '../../lib/backOff.ts';
import type {S3Tuning} from './settings.ts';

type TimedToken = StandardRetryToken & {startedAt: number};

export const createRetries = (
	{patienceSeconds, firstWaitSeconds}: S3Tuning,
	{now = () => performance.now(), random = Math.random} = {},
): RetryStrategyV2 => ({
	acquireInitialRetryToken: async () => tokenOf(now(), 0, 0),

	// The SDK throws the request's own error when this throws.
	async refreshRetryTokenForRetry(token: RetryToken, info: RetryErrorInfo) {
		const {startedAt} = token as TimedToken;
		const count = token.getRetryCount();
		const elapsed = (now() - startedAt) / 1000;
		if (!isPassing(info, count)) throw new Error('not to be repeated');
		if (elapsed > (isAway(info.error) ? patienceSeconds / 4 : patienceSeconds) && count >= 1) throw new Error('repeated for long enough');
		const firstSeconds = firstWaitSeconds * (info.errorType === 'THROTTLING' ? 4 : 1);
		return tokenOf(startedAt, count + 1, growingPauseMs(count, {firstSeconds, longestSeconds: longestWaitSeconds}, random()));
	},

	recordSuccess() {},
});

const longestWaitSeconds = 2;

const tokenOf = (startedAt: number, count: number, delay: number): TimedToken => ({
	startedAt,
	getRetryCount: () => count,
	getRetryDelay: () => delay,
	getRetryCost: () => undefined,
	isLongPoll: () => false,
});

/** Nobody listens there, or the name leads nowhere: likelier a wrong setting than a bad minute. */
const isAway = (error: unknown) => ['ECONNREFUSED', 'ENOTFOUND'].includes(factsOf(error).code);

// Not by the SDK's word: once a clock is more than four minutes wrong, it calls every refusal passing, also that there is no such object.
const isPassing = ({error, errorType}: RetryErrorInfo, count: number) => {
	const {code, name, status, clockSkewCorrected} = factsOf(error);
	if (name === conflict) return count < conflictsBorne;
	if (errorType === 'THROTTLING' || passingStatus.includes(status) || passingNames.includes(name) || passingCodes.includes(code))
		return true;
	return clockSkewCorrected && status === 403 && count === 0;
};

// "A conflicting operation occurs during the request": it may yet fail, and then we win. Whoever loses reads again and comes back.
const conflict = 'ConditionalRequestConflict';
const conflictsBorne = 6;

const passingStatus: readonly (number | undefined)[] = [429, 500, 502, 503, 504];
const passingNames = [
	...['RequestTimeout', 'TimeoutError', 'OperationAborted'],
	// A body was changed on the way; ours is still in memory.
	...['BadDigest', 'IncompleteBody', 'XAmzContentChecksumMismatch', 'XAmzContentSHA256Mismatch'],
];
const passingCodes = [
	...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
	...['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET'],
];

const factsOf = (error: unknown) => {
	const {code, name, $metadata} = error as {
		code?: unknown;
		name?: string;
		$metadata?: {httpStatusCode?: number; clockSkewCorrected?: boolean};
	};
	return {
		code: String(code ?? ''),
		name: name ?? '',
		status: $metadata?.httpStatusCode,
		clockSkewCorrected: $metadata?.clockSkewCorrected ?? false,
	};
};
