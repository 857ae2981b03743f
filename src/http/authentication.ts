/** Who sends a request, by what its Authorization header proves. */
import {OciError, type Scope} from 'oci-spec-types';
import {type Authenticated, anonymous, type Credential, type Identity, type Refusal} from '../auth/identity.ts';
import type {SessionTokens} from '../auth/sessionTokens.ts';

/** `from`: the address of whoever asks. Throws StoreUnavailable. */
export type Authenticate = (credential: Credential, from: string) => Promise<Authenticated | Refusal>;

/** `scopes`: what a token of ours was asked for. Where there are none, a credential came, which is good for all that its holder may do, or nothing. */
export type Asking = {identity: Identity; scopes?: readonly Scope[]};

/** `isToken`: of ours, so that another one may be asked for. `claimed`: the name that somebody gave who could not prove it. */
export type NotProven = {refused: string; isToken: boolean; claimed?: string};

export type Identify = (authorization: string | undefined, from: string) => Promise<Asking | NotProven>;

export type IdentifyOptions = {
	authenticate: Authenticate;
	sessions: Pick<SessionTokens, 'isSessionToken' | 'verify'>;
};

/** Throws UNAVAILABLE where nobody can say just now whether a credential is good. */
export const createIdentify =
	({authenticate, sessions}: IdentifyOptions): Identify =>
	async (authorization, from) => {
		if (authorization === undefined) return {identity: anonymous};
		const credential = parseAuthorization(authorization);
		if (!credential) return {refused: 'the Authorization header is neither Basic nor Bearer', isToken: false};
		if ('bearer' in credential && sessions.isSessionToken(credential.bearer)) {
			const session = await sessions.verify('access', credential.bearer);
			if ('refused' in session) return {refused: session.refused, isToken: true};
			return {identity: session.identity, scopes: session.access};
		}
		const answer = await authenticate(credential, from);
		if ('identity' in answer) return {identity: answer.identity};
		if (answer.isTemporary) throw new OciError('UNAVAILABLE', undefined, {message: answer.refused});
		return {refused: answer.refused, isToken: false, ...('username' in credential && {claimed: credential.username})};
	};

/** Undefined for what is neither of the two schemes. */
export const parseAuthorization = (header: string): Credential | undefined => {
	const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(header) ?? [];
	if (scheme.toLowerCase() === 'bearer') return {bearer: value};
	if (scheme.toLowerCase() !== 'basic') return undefined;
	const pair = Buffer.from(value, 'base64').toString();
	const colon = pair.indexOf(':');
	return colon < 0 ? undefined : {username: pair.slice(0, colon), password: pair.slice(colon + 1)};
};
