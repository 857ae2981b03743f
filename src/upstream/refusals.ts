/** What an upstream answers instead of what it was asked for, and what becomes of a connection, as errors for whoever asked us. */
import {type ErrorCode, errorBodySchema, errorTable, OciError} from 'oci-spec-types';
import {UpstreamFailure, type UpstreamOperation, type UpstreamRefusal} from './upstream.ts';

/** Whether the same request may be answered otherwise in a moment. */
export const passingStatus = (status: number): boolean =>
	status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);

/** The code and message of the first error in the body of an answer, as they are; nothing where it has none. */
export const parseRefusal = (body: Uint8Array): {code?: string; message?: string} => {
	try {
		const first = errorBodySchema.parse(JSON.parse(Buffer.from(body).toString())).errors[0];
		return {...(first?.code && {code: first.code}), ...(first?.message && {message: first.message})};
	} catch {
		return {};
	}
};

/** `absent`: what a 404 to this request means. */
export const refused = (
	refusal: UpstreamRefusal,
	{absent, retryAfterMs}: {absent?: ErrorCode | undefined; retryAfterMs?: number | undefined},
): OciError => {
	const {host, operation, repo, status, code, message} = refusal;
	if (status === 404 && absent) return new OciError(absent, repo && {name: repo});
	const said = [status, code?.slice(0, longestCode), message && `"${message.slice(0, longestMessage)}"`].filter(Boolean).join(' ');
	const what = `${host} refused ${operation}${repo ? ` of ${repo}` : ''} with ${said}`;
	const facts = {host, operation, retryAfterMs};
	if (passingStatus(status))
		return new UpstreamFailure('UNAVAILABLE', {
			...facts,
			isPassing: true,
			message: `${what}, as often as it was asked: try it again later`,
		});
	if (status === 401 || status === 403)
		return new UpstreamFailure('DENIED', {...facts, message: `${what}: give the credentials of this upstream the right to do it`});
	if (status === 404) return new UpstreamFailure('NAME_UNKNOWN', {...facts, message: `${what}: create the repository there`});
	if (status === 405 || status === 501) return new UpstreamFailure('UNSUPPORTED', {...facts, message: `${what}: it cannot do that`});
	if (status >= 400 && status < 500)
		return new UpstreamFailure(isErrorCode(code) ? code : (codesOfStatus[status] ?? 'UNKNOWN'), {...facts, status, message: what});
	return nonsense(refusal, `answered ${said}, which means nothing here`);
};

/** A refusal by another host, to which `host` had sent us with an address that was good for a moment. */
export const refusedElsewhere = (
	{host: at, operation, repo, status}: UpstreamRefusal,
	{host, absent}: {host: string; absent?: ErrorCode | undefined},
): OciError => {
	if (status === 404 && absent) return new OciError(absent, repo && {name: repo});
	const message = `${at}, where ${host} sent us for ${operation}, refused it with ${status}: see whether that registry serves this to others`;
	// Its next address may be a better one.
	return new UpstreamFailure('UNAVAILABLE', {host, operation, message, isPassing: status === 403 || passingStatus(status)});
};

/** An answer that cannot be one: `problem` goes on after the host. */
export const nonsense = ({host, operation}: Pick<UpstreamRefusal, 'host' | 'operation'>, problem: string): UpstreamFailure =>
	new UpstreamFailure('UNAVAILABLE', {
		host,
		operation,
		status: 502,
		message: `${host} ${problem}: is it a registry, and is nothing in between that changes its answers?`,
	});

/** No answer, or not all of it. `at`: the host that was asked, where it is another one. What is no fault of the network's comes back as it is. */
export const unreachable = (
	error: unknown,
	{host, operation, at = host}: {host: string; operation: UpstreamOperation; at?: string},
): unknown => {
	if (!(error instanceof Error) || error instanceof OciError) return error;
	const {code, name, message} = error as Error & {code?: unknown};
	const word = name !== 'HTTPParserError' && typeof code === 'string' ? code : name;
	if (!hints[word] && !passingWords.test(word)) return error;
	const {hint, isPassing = true} = hints[word] ?? {hint: broken};
	const who = at === host ? host : `${at}, where ${host} sent us,`;
	// undici's and Node's own words for it name addresses, and nothing of what was sent.
	const cause = Object.assign(new Error(message), {name: word});
	return new UpstreamFailure('UNAVAILABLE', {
		host,
		operation,
		isPassing,
		cause,
		message: `${who} did not answer ${operation} (${word}): ${hint}`,
	});
};

const isErrorCode = (code: string | undefined): code is ErrorCode => code !== undefined && Object.hasOwn(errorTable, code);

const codesOfStatus: Readonly<Record<number, ErrorCode>> = {413: 'SIZE_INVALID', 416: 'RANGE_INVALID'};

const longestCode = 64;
const longestMessage = 300;

const away = 'check the address of this upstream, and whether it can be reached from here';
const slow = 'it is slow, or something in between holds its answers back';
const broken = 'the connection broke';
const certificate = 'its certificate is not trusted here: name your own authority in NODE_EXTRA_CA_CERTS';
const noTls = 'there is no TLS: is its address http, not https?';

type Hint = {hint: string; isPassing?: boolean};
const hints: Readonly<Record<string, Hint>> = {
	ECONNREFUSED: {hint: `nobody listens there; ${away}`},
	ENOTFOUND: {hint: `there is no such host; ${away}`},
	EAI_AGAIN: {hint: `its name could not be resolved; ${away}`},
	ECONNRESET: {hint: broken},
	EPIPE: {hint: broken},
	UND_ERR_SOCKET: {hint: broken},
	UND_ERR_CONNECT_TIMEOUT: {hint: `no connection in time; ${away}`},
	UND_ERR_HEADERS_TIMEOUT: {hint: slow},
	UND_ERR_BODY_TIMEOUT: {hint: slow},
	TimeoutError: {hint: slow},
	// It has what came in it, which must not be told.
	HTTPParserError: {hint: 'what it answers is no HTTP: is there a registry at this address?'},
	TooLarge: {hint: 'its answer is longer than such an answer may be', isPassing: false},
	EPROTO: {hint: noTls, isPassing: false},
	ERR_SSL_WRONG_VERSION_NUMBER: {hint: noTls, isPassing: false},
	DEPTH_ZERO_SELF_SIGNED_CERT: {hint: certificate, isPassing: false},
	SELF_SIGNED_CERT_IN_CHAIN: {hint: certificate, isPassing: false},
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: {hint: certificate, isPassing: false},
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {hint: certificate, isPassing: false},
	CERT_HAS_EXPIRED: {hint: 'its certificate has expired', isPassing: false},
	ERR_TLS_CERT_ALTNAME_INVALID: {hint: `its certificate is for another name; ${away}`, isPassing: false},
};

// Of the system and of undici; what is thrown by our own mistake has no such name.
const passingWords = /^(?:E[A-Z]+|UND_ERR_[A-Z_]+)$/;
