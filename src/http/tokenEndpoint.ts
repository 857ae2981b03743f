/** `/token`: for a credential, or a token that renews, an access token for the part of what is asked that is allowed. */
import type {IncomingMessage} from 'node:http';
import {formatScope} from 'oci-spec-types';
import type {Audit} from '../audit/audit.ts';
import {type Authenticated, anonymous, type Identity} from '../auth/identity.ts';
import type {RightsOf} from '../auth/rights.ts';
import {allowedScopes} from '../auth/scopedRights.ts';
import type {SessionTokens} from '../auth/sessionTokens.ts';
import type {Authenticate} from './authentication.ts';
import type {Exchange} from './exchange.ts';
import {jsonReply, type Reply} from './reply.ts';
import {readTokenRequest, TokenRefused, type TokenRequest, untold} from './tokenRequest.ts';

/** Throws TokenRefused. */
export type TokenEndpoint = (exchange: Exchange, request: IncomingMessage) => Promise<Reply>;

export type TokenEndpointOptions = {
	authenticate: Authenticate;
	sessions: SessionTokens;
	rightsOf: RightsOf;
	audit: Audit;
};

export const createTokenEndpoint = ({authenticate, sessions, rightsOf, audit}: TokenEndpointOptions): TokenEndpoint => {
	const holderOf = async ({by}: TokenRequest, from: string): Promise<Holder> => {
		if (by === undefined) return {identity: anonymous, mark: ''};
		if ('refresh' in by) {
			const session = await sessions.verify('refresh', by.refresh);
			if ('refused' in session) throw new NotTheHolder(session.refused);
			return session;
		}
		// What was issued for one thing must not become a token for another.
		if ('bearer' in by && sessions.isSessionToken(by.bearer)) throw new NotTheHolder('a token of the registry gets no other one');
		const answer = await authenticate(by, from);
		if ('identity' in answer) return answer;
		if (answer.isTemporary) throw new TokenRefused('temporarily_unavailable', answer.refused);
		throw new NotTheHolder(answer.refused, 'username' in by ? by.username : undefined);
	};

	return async (exchange, request) => {
		const {id, client} = exchange;
		const tell = (who: Identity, told: {allowed: boolean; why: string; status: number; claimed?: string | undefined}) => {
			const {claimed, ...rest} = told;
			audit.record({what: 'token', who: who.name, from: client.address, ...rest, ...(claimed && {claimed}), requestId: id});
		};
		const asked = await readTokenRequest(request);
		const holder = await holderOf(asked, client.address).catch(error => {
			if (error instanceof NotTheHolder)
				tell(anonymous, {allowed: false, why: error.message, status: error.status, claimed: error.claimed});
			throw error;
		});
		const {identity} = holder;
		exchange.identity = identity;
		const access = allowedScopes(asked.scopes, {
			rights: rightsOf(identity, client.address),
			isIdentified: identity.kind !== 'anonymous',
		});
		const token = await sessions.issueAccess(holder, access);
		const refresh = asked.offline && 'renewableUntil' in holder ? await sessions.issueRefresh(holder) : undefined;
		const scope = access.map(formatScope).join(' ');
		tell(identity, {allowed: true, why: scope ? `for ${scope}` : 'for nothing that was asked', status: 200});
		return jsonReply(
			200,
			{
				// By GET and by POST one and the same has two names.
				token: token.text,
				access_token: token.text,
				token_type: 'Bearer',
				expires_in: token.expiresInSeconds,
				issued_at: token.issuedAt.toISOString(),
				scope,
				...(refresh && {refresh_token: refresh.text}),
			},
			untold,
		);
	};
};

/** Who renews has no credential to renew for longer. */
type Holder = Authenticated | Omit<Authenticated, 'renewableUntil'>;

class NotTheHolder extends TokenRefused {
	readonly claimed: string | undefined;
	constructor(message: string, claimed?: string) {
		super('invalid_grant', message);
		this.claimed = claimed;
	}
}
