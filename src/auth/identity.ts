/** Who asks: what a credential proves, and nothing of what it may do. */
import type {Action} from '../config/actions.ts';

/**
 * `name` is unique among all kinds and stays the same: audit, usage, limits and fair shares go by it. Printable ASCII, at most 256
 * characters: `anonymous`, `user:alice`, `token:<name>`, `oidc:<issuer>:<sub>`, `administrator`.
 * Identities of AWS and of client certificates become further kinds, with what is attested as their claims.
 */
export type Identity = {
	readonly kind: 'anonymous' | 'user' | 'token' | 'oidc' | 'administrator';
	readonly name: string;
	/** The name of the issuer in the policy, where one vouches for it. */
	readonly issuer?: string;
	/** What rules may match: every scalar of an id token as a text, nested ones by dotted names; of a user or token its `name`. */
	readonly claims: Claims;
	/** Of a static token that was made with rights of its own: exactly those. */
	readonly grants?: readonly Grant[];
};

export type Claims = Readonly<Record<string, string>>;

/** `on` are patterns of refs as `match` of the policy has them, proven when the token was made. */
export type Grant = {readonly may: readonly Action[]; readonly on: readonly string[]};

/** What a client sends: Basic, or the fields of a log-in; or a bearer token. */
export type Credential = {readonly username: string; readonly password: string} | {readonly bearer: string};

/**
 * Whom a credential proves, and until when if it ends by itself. `mark` changes with the credential: what was issued for another one
 * does not stand any more. It is no secret, and tells nothing of one.
 */
export type Authenticated = {readonly identity: Identity; readonly mark: string; readonly expiresAt?: Date};

export const anonymous: Identity = {kind: 'anonymous', name: 'anonymous', claims: {}};
export const administrator: Identity = {kind: 'administrator', name: 'administrator', claims: {}};
