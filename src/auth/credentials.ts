/** Whom a credential proves, whatever kind it is of, and whether what was issued for one still stands. */
import {type Authenticated, administrator, type Credential, type Identity, markOf, type Refusal} from './identity.ts';
import type {IdTokens} from './idTokens.ts';
import type {KnownTokens} from './knownTokens.ts';
import {hasSecretHash, secretHashOf} from './secretHash.ts';
import type {Users} from './users.ts';

export type Credentials = {
	/**
	 * `from` is the address of whoever asks. A password that begins with `lc_` is a static token, one with two dots an id token, and
	 * the user name beside them does not matter. Throws StoreUnavailable.
	 */
	authenticate(credential: Credential, from: string): Promise<Authenticated | Refusal>;
	/** Who it is now; undefined where the credential behind it does not hold any more. From memory, mostly. */
	stands(identity: Identity, mark: string): Identity | undefined | Promise<Identity | undefined>;
};

export type CredentialSources = {
	/** Missing where there is no file of users. */
	users?: Users | undefined;
	tokens: KnownTokens;
	idTokens: IdTokens;
	administratorToken?: string | undefined;
	/** How long what is issued for users and static tokens may be renewed without their password. */
	renewableForMs: number;
	/** Milliseconds since 1970. */
	clock: () => number;
};

export const createCredentials = ({users, tokens, idTokens, administratorToken, renewableForMs, clock}: CredentialSources): Credentials => {
	const administratorHash = administratorToken === undefined ? undefined : secretHashOf(administratorToken);
	const administratorMark = markOf('administrator', administratorToken ?? '');
	const isAdministrator = (text: string) => administratorHash !== undefined && hasSecretHash(text, administratorHash);

	const renewable = (answer: {identity: Identity; mark: string; expiresAt?: Date} | Refusal): Authenticated | Refusal => {
		if ('refused' in answer) return answer;
		const {identity, mark, expiresAt} = answer;
		const until = clock() + renewableForMs;
		return {identity, mark, renewableUntil: new Date(Math.min(until, expiresAt?.getTime() ?? until))};
	};

	/** Undefined where it is none of those that need no user name. */
	const authenticateSecret = async (secret: string): Promise<Authenticated | Refusal | undefined> => {
		if (isAdministrator(secret)) return renewable({identity: administrator, mark: administratorMark});
		if (secret.startsWith('lc_')) return renewable(await tokens.authenticate(secret));
		return isJwtLike(secret) ? idTokens.authenticate(secret) : undefined;
	};

	const standing: Readonly<Record<Identity['kind'], Stands>> = {
		user: (identity, mark) => users?.stands(identity, mark),
		token: tokens.stands,
		oidc: (identity, mark) => (idTokens.stands(identity, mark) ? identity : undefined),
		administrator: (_, mark) => (administratorHash && mark === administratorMark ? administrator : undefined),
		// Whoever is not logged in stays so.
		anonymous: identity => identity,
	};

	return {
		async authenticate(credential, from) {
			const secret = 'bearer' in credential ? credential.bearer : credential.password;
			const answer = await authenticateSecret(secret);
			if (answer) return answer;
			if ('bearer' in credential) return {refused: 'the token is of no kind that is known here'};
			if (!users) return {refused: 'there are no users here: log in with a static token, or with the id token of a job'};
			return renewable(await users.authenticate(credential.username, credential.password, from));
		},

		stands: (identity, mark) => standing[identity.kind](identity, mark),
	};
};

type Stands = Credentials['stands'];

/** Three parts of base64url, the first of which is a JSON object: a password that happens to be so is not to be had. */
const isJwtLike = (text: string): boolean => /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
