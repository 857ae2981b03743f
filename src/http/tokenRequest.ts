/** What is asked of `/token`: by GET with Basic, or by a form (docker's "Token Authentication" and "OAuth2 Token Authentication"). */
import type {IncomingMessage} from 'node:http';
import {parseScopes, type Scope} from 'oci-spec-types';
import type {Credential} from '../auth/identity.ts';
import {TooLarge} from '../lib/bytes.ts';
import {parseAuthorization} from './authentication.ts';
import {readSmallBody} from './smallBody.ts';

/** `by`: what proves who asks; nothing, for a token of whoever is not logged in. */
export type TokenRequest = {
	by: Credential | {refresh: string} | undefined;
	scopes: readonly Scope[];
	/** Whether a token is wanted that renews this one. */
	offline: boolean;
};

/** Error codes of RFC 6749 5.2, and two of its 4.1.2.1 for what is not the client's fault. */
const tokenErrors = {
	invalid_request: 400,
	unsupported_grant_type: 400,
	// 400 in the RFC; docker and BuildKit look at the status, and know 401.
	invalid_grant: 401,
	temporarily_unavailable: 503,
	server_error: 500,
} as const;
export type TokenErrorCode = keyof typeof tokenErrors;

/** RFC 6749 5.1: no answer is kept. */
export const untold = {'Cache-Control': 'no-store', Pragma: 'no-cache'};

/** Why there is no token. `status` where it is not that of the code. */
export class TokenRefused extends Error {
	override readonly name = 'TokenRefused';
	readonly code: TokenErrorCode;
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	constructor(
		code: TokenErrorCode,
		message: string,
		{status = tokenErrors[code], headers = {}}: {status?: number; headers?: Readonly<Record<string, string>>} = {},
	) {
		super(message);
		this.code = code;
		this.status = status;
		this.headers = headers;
	}
}

/** Throws TokenRefused. */
export const readTokenRequest = async (request: IncomingMessage): Promise<TokenRequest> => {
	if (request.method === 'GET' || request.method === 'HEAD') return fromQuery(request);
	if (request.method === 'POST') return fromForm(request.headers.authorization, await readForm(request));
	throw new TokenRefused('invalid_request', 'tokens are asked for by GET or POST', {status: 405, headers: {Allow: 'GET, HEAD, POST'}});
};

const fromQuery = ({url = '', headers: {authorization}}: IncomingMessage): TokenRequest => {
	const [, query = ''] = /\?(.*)$/s.exec(url) ?? [];
	const given = new URLSearchParams(query);
	// They would stand in the logs of every proxy on the way.
	if (given.has('password') || given.has('refresh_token'))
		throw new TokenRefused('invalid_request', 'no secret may stand in a URL: send it by Basic, or in a form by POST');
	return {by: credentialOf(authorization), scopes: scopesOf(given), offline: isOffline(given)};
};

const fromForm = (authorization: string | undefined, form: URLSearchParams): TokenRequest => {
	const rest = {scopes: scopesOf(form), offline: isOffline(form)};
	const grant = form.get('grant_type');
	if (grant === 'password') return {by: {username: needed(form, 'username'), password: needed(form, 'password')}, ...rest};
	if (grant === 'refresh_token') return {by: {refresh: needed(form, 'refresh_token')}, ...rest};
	if (grant !== null) throw new TokenRefused('unsupported_grant_type', 'grant_type must be password or refresh_token');
	if (authorization === undefined) throw new TokenRefused('invalid_request', 'there is no grant_type');
	return {by: credentialOf(authorization), ...rest};
};

const credentialOf = (authorization: string | undefined): Credential | undefined => {
	if (authorization === undefined) return undefined;
	const credential = parseAuthorization(authorization);
	if (credential) return credential;
	throw new TokenRefused('invalid_request', 'the Authorization header is neither Basic nor Bearer');
};

const needed = (form: URLSearchParams, name: string): string => {
	const text = form.get(name);
	if (text) return text;
	throw new TokenRefused('invalid_request', `there is no ${name}`);
};

/** A longer list than any client has would make a token that fits into no header. */
const scopesOf = (given: URLSearchParams): Scope[] => parseScopes(given.getAll('scope')).slice(0, mostScopes);
const mostScopes = 50;

const isOffline = (given: URLSearchParams) => given.get('offline_token') === 'true' || given.get('access_type') === 'offline';

const readForm = async (request: IncomingMessage): Promise<URLSearchParams> => {
	const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
	if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
		throw new TokenRefused('invalid_request', 'the form must be application/x-www-form-urlencoded', {status: 415});
	try {
		return new URLSearchParams((await readSmallBody(request, mostFormBytes)).toString());
	} catch (error) {
		if (!(error instanceof TooLarge)) throw error;
		throw new TokenRefused('invalid_request', `the form has more than ${mostFormBytes / 1024} KiB`, {
			status: 413,
			headers: {Connection: 'close'},
		});
	}
};

// An id token of 12 KiB, and the scopes.
const mostFormBytes = 32 * 1024;
