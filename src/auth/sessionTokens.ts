/** Tokens that we sign ourselves, so that any replica knows its holder without asking: for access, for renewing it, and for a browser. */
import {randomUUID} from 'node:crypto';
import {decodeProtectedHeader, errors, jwtVerify, SignJWT} from 'jose';
import {LRUCache} from 'lru-cache';
import type {Scope} from 'oci-spec-types';
import {z} from 'zod';
import {type Authenticated, type Claims, claimsFrom, type Identity, identityKinds, type Refusal} from './identity.ts';
import type {SigningKeys} from './signingKeys.ts';

/** `access` opens what its scopes say, `refresh` gets another of those, `signIn` is what a browser holds. None passes for another. */
const sessionKinds = ['access', 'refresh', 'signIn'] as const;
export type SessionKind = (typeof sessionKinds)[number];

export type Issued = {text: string; issuedAt: Date; expiresInSeconds: number};

/** What a token of ours says. `identity` is as it is now, and not as it was then. */
export type Session = {identity: Identity; mark: string; access: readonly Scope[]; expiresAt: Date};

export type SessionTokens = {
	/** For whoever has shown a credential, or a token to renew with. `access` is what the holder may do with it, at most. */
	issueAccess(holder: Pick<Authenticated, 'identity' | 'mark'>, access: readonly Scope[]): Promise<Issued>;
	/** For whoever has shown a credential; undefined where that may not be renewed. */
	issueRefresh(holder: Authenticated): Promise<Issued | undefined>;
	/** For whoever has shown a credential. */
	issueSignIn(holder: Authenticated): Promise<Issued>;
	/** Whether the text is meant to be one of ours. Proves nothing. */
	isSessionToken(text: string): boolean;
	verify(kind: SessionKind, text: string): Promise<Session | Refusal>;
};

export type SessionTokenOptions = {
	keys: () => SigningKeys;
	/** Milliseconds since 1970. */
	clock: () => number;
	accessLifeMs: number;
	signInLifeMs: number;
	/** The identity as it is now; undefined where the credential behind it does not hold any more. Asked each time, so from memory. */
	stands(identity: Identity, mark: string): Identity | undefined | Promise<Identity | undefined>;
	/** Names of the claims that may be asked for. Others are left out: a token goes along with every request. */
	neededClaims: () => ReadonlySet<string>;
};

export const createSessionTokens = (options: SessionTokenOptions): SessionTokens => {
	const {keys, clock, accessLifeMs, signInLifeMs, stands, neededClaims} = options;
	// What was proven of a text stays true until it expires or its key goes; whether it still stands is asked each time.
	const proven = new LRUCache<string, Proven>({max: 5000, maxSize: 8 * 1024 * 1024, sizeCalculation: (_, text) => text.length});

	const issue = async (kind: SessionKind, {identity, mark}: Holder, lifeMs: number, access: readonly Scope[] = []): Promise<Issued> => {
		const issuedAt = Math.floor(clock() / 1000);
		const expiresInSeconds = Math.floor(lifeMs / 1000);
		const [{id, secret}] = keys();
		const text = await new SignJWT({
			sub: identity.name,
			kind: identity.kind,
			...(identity.issuer && {issuer: identity.issuer}),
			// Of a user or a static token they are its name, by which it is looked up.
			claims: identity.kind === 'oidc' ? claimsWithin(identity.claims, neededClaims()) : identity.claims,
			mark,
			...(access.length > 0 && {access: access.map(({type, name, actions}) => ({type, name, actions}))}),
			jti: randomUUID(),
		})
			.setProtectedHeader({alg, typ: types[kind], kid: id})
			.setAudience(types[kind])
			.setIssuedAt(issuedAt)
			.setExpirationTime(issuedAt + expiresInSeconds)
			.sign(secret);
		return {text, issuedAt: new Date(issuedAt * 1000), expiresInSeconds};
	};

	const prove = async (kind: SessionKind, text: string): Promise<Proven | Refusal> => {
		const found = proven.get(text);
		if (found) return found;
		try {
			const {payload, protectedHeader} = await jwtVerify(text, ({kid}) => secretOf(keys(), kid), {
				algorithms: [alg],
				typ: types[kind],
				audience: types[kind],
				currentDate: new Date(clock()),
				requiredClaims: ['exp', 'sub'],
			});
			const session = {...payloadSchema.parse(payload), kind, keyId: protectedHeader.kid as string};
			proven.set(text, session);
			return session;
		} catch (error) {
			return {refused: reasonOf(error)};
		}
	};

	return {
		issueAccess: (holder, access) => issue('access', holder, accessLifeMs, access),
		async issueRefresh(holder) {
			const lifeMs = holder.renewableUntil.getTime() - clock();
			return lifeMs < 1000 ? undefined : issue('refresh', holder, lifeMs);
		},
		issueSignIn: holder => issue('signIn', holder, signInLifeMs),

		isSessionToken(text) {
			// Decoding costs more than all else that a known token does.
			if (proven.has(text)) return true;
			try {
				return text.length <= longestToken && Object.values<unknown>(types).includes(decodeProtectedHeader(text).typ);
			} catch {
				return false;
			}
		},

		async verify(kind, text) {
			if (text.length > longestToken) return {refused: 'the token is longer than any of ours'};
			const session = await prove(kind, text);
			if ('refused' in session) return session;
			if (session.kind !== kind) return {refused: 'the token is for something else'};
			if (!keys().some(({id}) => id === session.keyId)) return {refused: unknownKey};
			if (session.expiresAt.getTime() <= clock()) return {refused: expired};
			const identity = await stands(session.identity, session.mark);
			if (!identity) return {refused: 'what the token was issued for does not hold any more'};
			const {mark, access, expiresAt} = session;
			return {identity, mark, access, expiresAt};
		},
	};
};

type Holder = Pick<Authenticated, 'identity' | 'mark'>;
type Proven = Session & {kind: SessionKind; keyId: string};

const alg = 'HS256';
const types = {
	access: 'layercache-access+jwt',
	refresh: 'layercache-refresh+jwt',
	signIn: 'layercache-sign-in+jwt',
} as const satisfies Record<SessionKind, string>;

// Longer ones do not fit into the headers of a request.
const longestToken = 12 * 1024;
const mostClaimBytes = 4 * 1024;

/** Those that are needed, in the order of their names, as far as they fit: a rule that asks for another one does not hold. */
const claimsWithin = (claims: Claims, needed: ReadonlySet<string>): Claims => {
	let bytes = 0;
	const fits = (entry: readonly [string, string]): boolean => {
		bytes += Buffer.byteLength(JSON.stringify(entry));
		return bytes <= mostClaimBytes;
	};
	const wanted = Object.entries(claims).filter(([name]) => needed.has(name));
	return Object.fromEntries(wanted.sort(([a], [b]) => (a < b ? -1 : 1)).filter(fits));
};

/** The `kid` chooses among the keys that we have, and nothing else. */
const secretOf = (keys: SigningKeys, kid: string | undefined): Uint8Array => {
	const key = keys.find(({id}) => id === kid);
	if (key) return key.secret;
	throw new KeyUnknown();
};

class KeyUnknown extends Error {}

const unknownKey = 'the token was signed with a key that this server does not have, or has no longer';
const expired = 'the token has expired';

const reasonOf = (error: unknown): string => {
	if (error instanceof KeyUnknown) return unknownKey;
	if (error instanceof errors.JWTExpired) return expired;
	if (error instanceof errors.JOSEError || error instanceof z.ZodError) return 'the token is none of ours, or was changed';
	throw error;
};

const payloadSchema = z
	.object({
		sub: z.string(),
		kind: z.enum(identityKinds),
		issuer: z.string().optional(),
		claims: z.record(z.string(), z.string()).default({}),
		mark: z.string(),
		access: z.array(z.object({type: z.string(), name: z.string(), actions: z.array(z.string())})).default([]),
		exp: z.number(),
	})
	.transform(({sub, kind, issuer, claims, mark, access, exp}) => ({
		identity: {kind, name: sub, ...(issuer && {issuer}), claims: claimsFrom(Object.entries(claims))} satisfies Identity,
		...{mark, access},
		expiresAt: new Date(exp * 1000),
	}));
