/** How long a request is repeated that S3 refuses for a passing reason: by the clock, not by a count, so that a bad minute of S3 does not use up what others need. */
import type {RetryErrorInfo, RetryStrategyV2, RetryToken, StandardRetryToken} from '@smithy/types';
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
		if (!isPassing(info)) throw new Error('not to be repeated');
		if (elapsed > (isAway(info.error) ? patienceSeconds / 4 : patienceSeconds) && count >= 1) throw new Error('repeated for long enough');
		const ceiling = Math.min(longestWaitSeconds, firstWaitSeconds * (info.errorType === 'THROTTLING' ? 4 : 1) * 2 ** count);
		return tokenOf(startedAt, count + 1, Math.ceil(1000 * ceiling * (0.5 + random() / 2)));
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

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** Nobody listens there, or the name leads nowhere: likelier a wrong setting than a bad minute. */
const isAway = (error: unknown) => ['ECONNREFUSED', 'ENOTFOUND'].includes(codeOf(error));

// A "server error" that is neither is one of not being able to, such as 501.
const isPassing = ({error, errorType}: RetryErrorInfo) =>
	errorType === 'THROTTLING' || errorType === 'TRANSIENT' || (codeOf(error).startsWith('UND_ERR_') && codeOf(error) !== 'UND_ERR_ABORTED');
