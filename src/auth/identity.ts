/** Who asks: what a credential proves, and nothing of what it may do. */
import {createHash} from 'node:crypto';
import type {Action} from '../config/actions.ts';

/**
 * `name` is unique among all kinds and stays the same: audit, usage, limits and fair shares go by it. Printable ASCII, at most 256
 * characters: `anonymous`, `user:alice`, `token:<name>`, `oidc:<issuer>:<sub>`, `administrator`.
 * Identities of AWS and of client certificates become further kinds, with what is attested as their claims.
 */
export type Identity = {
	readonly kind: (typeof identityKinds)[number];
	readonly name: string;
	/** The name of the issuer in the policy, where one vouches for it. */
	readonly issuer?: string;
	/** What rules may match: every scalar of an id token as a text, nested ones by dotted names; of a user or token its `name`. */
	readonly claims: Claims;
	/** Of a static token that was made with rights of its own: exactly those. */
	readonly grants?: readonly Grant[];
};

export const identityKinds = ['anonymous', 'user', 'token', 'oidc', 'administrator'] as const;

/** Without a prototype: `claims.constructor` is a claim of that name, or undefined. */
export type Claims = Readonly<Record<string, string>>;

/** `on` are patterns of refs as `match` of the policy has them, proven when the token was made. */
export type Grant = {readonly may: readonly Action[]; readonly on: readonly string[]};

export const claimsFrom = (entries: Iterable<readonly [string, string]>): Claims =>
	Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(entries));

/** What a client sends: Basic, or the fields of a log-in; or a bearer token. */
export type Credential = {readonly username: string; readonly password: string} | {readonly bearer: string};

/**
 * Whom a credential proves. `mark` changes with the credential: what was issued for another one does not stand any more. It is no
 * secret, and tells nothing of one. `renewableUntil`: until then what is issued for it may be renewed without it.
 */
export type Authenticated = {readonly identity: Identity; readonly mark: string; readonly renewableUntil: Date};

/** Why a credential proves nobody: a sentence that whoever sent it may read. `isTemporary`: nobody could say so just now. */
export type Refusal = {readonly refused: string; readonly isTemporary?: true};

/** A name as identities have it, the same for equal texts alone: what is not printable ASCII is escaped, what is too long ends in a hash. Two texts that are not well-formed may have one. */
export const identityName = (prefix: string, text: string): string => {
	const name = `${prefix}:${text.toWellFormed().replace(/[^\x21-\x7e]|[%#]/gu, encodeURIComponent)}`;
	if (name.length <= longestName) return name;
	const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
	return `${name.slice(0, longestName - hash.length - 1)}#${hash}`;
};

const longestName = 256;

/** Of something that a credential rests on: the same for equal texts alone, and of no use to guess them. */
export const markOf = (...texts: readonly string[]): string =>
	createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);

/** By what usage and limits count whoever asks: the identity, and where there is none, the address. */
export const clientNameOf = ({identity, address}: {identity: Identity; address: string}): string =>
	identity.kind === 'anonymous' ? address : identity.name;

export const anonymous: Identity = {kind: 'anonymous', name: 'anonymous', claims: claimsFrom([])};
export const administrator: Identity = {kind: 'administrator', name: 'administrator', claims: claimsFrom([])};
