/** What an upstream is shown so that it lets us in: learned from its challenge, and from then on sent with the first request. */
import {type Challenge, parseChallenges} from './challenges.ts';
import type {Secrets} from './secrets.ts';
import {type BearerChallenge, basic, type Tokens} from './tokens.ts';
import {type Credentials, UpstreamFailure, type UpstreamOperation} from './upstream.ts';

export type Authorization = {
	/** What to send with a request that needs this scope; undefined while nothing was asked for. */
	header(scope: string): Promise<string | undefined>;
	/** What to send after this 401, where `sent` was refused. Throws when there is nothing better. */
	answer(challenge: string, scope: string, sent: string | undefined, operation: UpstreamOperation): Promise<string>;
};

export type AuthorizationOptions = {host: string; credentials: Credentials; tokens: Tokens; secrets: Secrets};

export const createAuthorization = ({host, credentials, tokens, secrets}: AuthorizationOptions): Authorization => {
	let known: Challenge | undefined;
	// What the upstream itself calls what we need for a scope, where it said so.
	const scopes = new Map<string, string>();

	const basicHeader = async (): Promise<string | undefined> => {
		const current = await credentials.get();
		if (!current) return undefined;
		return basic(current, secrets);
	};

	const bearerHeader = async (challenge: BearerChallenge, scope: string) =>
		`Bearer ${await tokens.get(challenge, scopes.get(scope) ?? scope)}`;

	const headerFor = (challenge: Challenge, scope: string): Promise<string | undefined> =>
		challenge.scheme === 'basic' ? basicHeader() : bearerHeader(challenge, scope);

	return {
		async header(scope) {
			if (!known) return undefined;
			try {
				return await headerFor(known, scope);
			} catch (error) {
				// Its realm may have moved: the next request hears of that.
				known = undefined;
				throw error;
			}
		},

		async answer(header, scope, sent, operation) {
			const refuse = (message: string) => new UpstreamFailure('DENIED', {message, host, operation});
			const challenges = parseChallenges(header);
			const challenge = challenges.find(({scheme}) => scheme === 'bearer') ?? challenges[0];
			if (!challenge)
				throw refuse(`${host} refuses us with 401 and asks for nothing that we could give: check the address of this upstream`);
			if (challenge.scheme === 'bearer') {
				if (challenge.scope && challenge.scope !== scope) learn(scopes, scope, challenge.scope);
				if (sent) tokens.drop(scopes.get(scope) ?? scope, sent.slice('Bearer '.length));
			} else if (sent) credentials.renew();
			const better = await headerFor(challenge, scope);
			if (!better) throw refuse(`${host} wants to know who asks: give this upstream a username and a password`);
			if (better === sent) throw refuse(`${host} refuses the username and password of this upstream: check them`);
			known = challenge;
			return better;
		},
	};
};

const learn = (scopes: Map<string, string>, scope: string, named: string) => {
	// Whoever pushes makes repositories, and each has scopes of its own.
	if (scopes.size >= mostScopes) scopes.clear();
	scopes.set(scope, named.slice(0, longestScope));
};

const mostScopes = 10_000;
const longestScope = 1024;
