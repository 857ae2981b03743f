/** The one place that turns a thrown thing into an answer and a line of the log. */
import type {IncomingMessage} from 'node:http';
import {formatErrors, OciError} from 'oci-spec-types';
import {OperationError} from '../operations/operation.ts';
import {type ApiErrorAnswer, type ApiErrorCode, apiErrors} from '../operations/routes.ts';
import {StoreUnavailable} from '../storage/objectStore.ts';
import {ApiRefusal} from './apiRefusal.ts';
import {jsonReply, type Reply} from './reply.ts';
import {TokenRefused, untold} from './tokenRequest.ts';

/** `level` and `error` are for the log: nothing at all for what the client did wrong and was told. */
export type Failure = {reply: Reply; code: string; level?: 'warn' | 'error'; error?: unknown};

export const failureOf = (error: unknown, requestId: string): Failure => {
	if (error instanceof OciError) {
		return {reply: jsonReply(error.status, formatErrors(error), error.headers), code: error.code};
	}
	if (error instanceof StoreUnavailable) {
		// Its message names settings and hosts, which are the operator's business.
		const told = new OciError(
			'UNAVAILABLE',
			{requestId},
			{message: 'the store of this registry cannot be reached just now; its log says more'},
		);
		return {reply: jsonReply(told.status, formatErrors(told)), code: told.code, level: 'error', error};
	}
	const told = new OciError('UNKNOWN', {requestId}, {message: 'the registry failed; its log says more under this request id'});
	return {reply: jsonReply(told.status, formatErrors(told)), code: told.code, level: 'error', error};
};

/** The same in the shape of the admin API, which says what to do besides. */
export const apiFailureOf = (error: unknown, requestId: string): Failure => {
	const {code, message, advice, headers, ...toLog} = tell(error);
	const answer: ApiErrorAnswer = {error: {code, message, ...(advice && {advice}), requestId}};
	return {reply: jsonReply(apiErrors[code], answer, {'Cache-Control': 'no-store', ...headers}), code, ...toLog};
};

/** The same in the shape of OAuth (RFC 6749 5.2), and beside it in the registry's, which is the one that docker shows. */
export const tokenFailureOf = (error: unknown, requestId: string): Failure => {
	if (error instanceof OciError && error.status < 500) return failureOf(error, requestId);
	if (!(error instanceof TokenRefused)) {
		const {reply, code, ...toLog} = failureOf(error, requestId);
		const isPassing = reply.status === 503;
		const message = isPassing ? 'no token can be issued just now' : 'the registry failed; its log says more under this request id';
		const told = new TokenRefused(isPassing ? 'temporarily_unavailable' : 'server_error', message);
		return {...tokenFailureOf(told, requestId), code, ...toLog};
	}
	const {code, status, message, headers} = error;
	const {errors} = formatErrors(new OciError(status === 401 ? 'UNAUTHORIZED' : 'UNSUPPORTED', undefined, {message}));
	return {reply: jsonReply(status, {error: code, error_description: message, errors}, {...untold, ...headers}), code};
};

/** What an administrator is told of a failure, and how the log is. */
export type Told = {code: ApiErrorCode; message: string; advice?: string; headers?: Reply['headers']} & Pick<Failure, 'level' | 'error'>;

export const tell = (error: unknown): Told => {
	if (error instanceof ApiRefusal || error instanceof OperationError) {
		const {code, message, advice} = error;
		return {code, message, ...(advice && {advice}), ...('headers' in error && {headers: error.headers})};
	}
	if (error instanceof OciError && error.status < 500) {
		return {code: codesOfStatus[error.status] ?? 'invalid', message: error.message, headers: error.headers};
	}
	const advice = 'its log says more under this request id';
	if (error instanceof StoreUnavailable) {
		return {code: 'unavailable', message: 'the store of this registry cannot be reached just now', advice, level: 'error', error};
	}
	return {code: 'failed', message: 'the registry failed', advice, level: 'error', error};
};

const codesOfStatus: Readonly<Record<number, ApiErrorCode>> = {404: 'not-found', 405: 'method'};

/** Whether this failed only because the client left before it had sent or read everything; that is not worth a word. */
export const isDeparture = (error: unknown, request: IncomingMessage): boolean =>
	(request.destroyed && !request.complete) ||
	(!(error instanceof StoreUnavailable) && error instanceof Error && 'code' in error && departures.has(error.code));

// What a write to a closed connection ends with. S3's connections break with the same codes, and that is the store's failure.
const departures: ReadonlySet<unknown> = new Set([
	'ERR_STREAM_PREMATURE_CLOSE',
	'ERR_STREAM_DESTROYED',
	'ERR_STREAM_UNABLE_TO_PIPE',
	'EPIPE',
	'ECONNRESET',
]);
