/** Static tokens, for what has neither an issuer nor a user: made, listed and revoked. The store has hashes of them, and nothing to log in with. */
import {z} from 'zod';
import {actions} from '../config/actions.ts';
import {readDocument, swapDocument} from '../registry/documents.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import type {Grant} from './identity.ts';
import {hasSecretHash, secretHashOf} from './secretHash.ts';

/** What is known of one. Times are ISO 8601, by the store's clock. `grants`: it has these rights, and no others. */
export type StaticToken = z.output<typeof tokenSchema>;

export type StaticTokens = {
	/** `text` is told once, and nobody can find it out again. Throws TokenNameTaken, TooManyTokens. */
	create(wanted: WantedToken): Promise<{token: StaticToken; text: string}>;
	/** Newest first; also those that are revoked or have expired, for a while. */
	list(): Promise<StaticToken[]>;
	/** Undefined where no token of this name is in use. */
	revoke(name: string): Promise<StaticToken | undefined>;
};

/** `createdBy` is the name of an identity, or who else it was. */
export type WantedToken = {name: string; grants?: readonly Grant[] | undefined; expiresInMs?: number | undefined; createdBy: string};

/** All tokens are one document: so names are unique, and a server knows all of them by one read. */
export const staticTokensKey = 'auth/tokens';

/** `bytes` draws so many at random. */
export const createStaticTokens = (store: ObjectStore, {bytes}: {bytes: (count: number) => Buffer}): StaticTokens => ({
	async create({name, grants, expiresInMs, createdBy}) {
		const now = await store.now();
		const secret = bytes(32).toString('base64url');
		const token: StaticToken = {
			id: bytes(6).toString('hex'),
			name,
			secretHash: secretHashOf(secret).toString('hex'),
			createdAt: now.toISOString(),
			createdBy,
			...(expiresInMs !== undefined && {expiresAt: new Date(now.getTime() + expiresInMs).toISOString()}),
			...(grants && {grants: grants.map(({may, on}) => ({may: [...may], on: [...on]}))}),
		};
		await swapDocument(store, staticTokensKey, documentSchema, (current = {tokens: []}) => {
			const kept = current.tokens.filter(each => !isForgotten(each, now));
			if (kept.some(each => each.name === name && isInUse(each, now))) throw new TokenNameTaken(name);
			if (kept.length >= mostTokens) throw new TooManyTokens();
			return {tokens: [token, ...kept]};
		});
		return {token, text: `lc_${token.id}_${secret}`};
	},

	list: () => readStaticTokens(store),

	async revoke(name) {
		const now = await store.now();
		let revoked: StaticToken | undefined;
		await swapDocument(store, staticTokensKey, documentSchema, current => {
			const meant = current?.tokens.find(each => each.name === name && isInUse(each, now));
			revoked = meant && {...meant, revokedAt: now.toISOString()};
			return current && revoked && {tokens: current.tokens.map(each => (each === meant && revoked ? revoked : each))};
		});
		return revoked;
	},
});

/** All that the store has, newest first. Throws DocumentDamaged. */
export const readStaticTokens = async (store: ObjectStore): Promise<StaticToken[]> =>
	(await readDocument(store, staticTokensKey, documentSchema))?.value.tokens ?? [];

/** Neither revoked nor expired. */
export const isInUse = ({revokedAt, expiresAt}: StaticToken, now: Date): boolean =>
	revokedAt === undefined && (expiresAt === undefined || Date.parse(expiresAt) > now.getTime());

/** The two halves of a token's text; undefined for other texts. */
export const parseStaticToken = (text: string): {id: string; secret: string} | undefined => {
	const [, id, secret] = /^lc_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
	return id && secret ? {id, secret} : undefined;
};

export const isSecretOf = ({secretHash}: StaticToken, secret: string): boolean => hasSecretHash(secret, Buffer.from(secretHash, 'hex'));

/** Such as `deploy-host-1`: a part of names of identities, and a word on the command line. */
export const tokenName = z
	.string()
	.regex(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/, 'must be a name of lower-case letters, digits, dots, hyphens and underscores');

export class TokenNameTaken extends Error {
	override readonly name = 'TokenNameTaken';
	constructor(name: string) {
		super(`there is a token ${name} in use already`);
	}
}

export class TooManyTokens extends Error {
	override readonly name = 'TooManyTokens';
	constructor() {
		super(`there are ${mostTokens} tokens already`);
	}
}

const mostTokens = 2000;
// For so long one can see what a token was whose name stands in the audit log.
const keptForMs = 90 * 86_400_000;

const isForgotten = ({revokedAt, expiresAt}: StaticToken, now: Date): boolean => {
	const ends = [revokedAt, expiresAt].flatMap(text => (text === undefined ? [] : [Date.parse(text)]));
	return ends.length > 0 && Math.min(...ends) + keptForMs < now.getTime();
};

const time = z.iso.datetime();
const tokenSchema = z.object({
	id: z.string().regex(/^[0-9a-f]{12}$/),
	name: tokenName,
	secretHash: z.string().regex(/^[0-9a-f]{64}$/),
	createdAt: time,
	createdBy: z.string(),
	expiresAt: time.optional(),
	revokedAt: time.optional(),
	grants: z.array(z.object({may: z.array(z.enum(actions)), on: z.array(z.string())})).optional(),
});
const documentSchema = z.object({tokens: z.array(tokenSchema)});
