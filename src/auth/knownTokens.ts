/** Static tokens as a server knows them: read now and then, so that a revocation reaches every replica within 30 s. */
import {createFlights} from '../lib/flights.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {claimsFrom, type Identity, identityName, markOf, type Refusal} from './identity.ts';
import {isInUse, isSecretOf, parseStaticToken, readStaticTokens, type StaticToken} from './staticTokens.ts';

export type KnownTokens = {
	/** Throws StoreUnavailable. */
	authenticate(text: string): Promise<KnownToken | Refusal>;
	/** The token as it is now; undefined where it does not hold any more. Throws StoreUnavailable. */
	stands(identity: Identity, mark: string): Identity | undefined | Promise<Identity | undefined>;
};
export type KnownToken = {identity: Identity; mark: string; expiresAt?: Date};

export type KnownTokensOptions = {
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export const createKnownTokens = (store: ObjectStore, {clock, elapsed}: KnownTokensOptions): KnownTokens => {
	let known: Known | undefined;
	const flights = createFlights<Known>();

	/** What the store had at `since`, or later. */
	const read = async (): Promise<Known> => {
		const since = elapsed();
		const fresh = {since, tokens: await readStaticTokens(store)};
		if (!known || known.since < since) known = fresh;
		return fresh;
	};
	const refresh = async (): Promise<Known> => (await flights.ask('tokens', read, () => undefined)) as Known;

	/** From memory while it is young; it is renewed before anybody has to wait for it. */
	const current = (): Known | Promise<Known> => {
		const ageMs = known ? elapsed() - known.since : Number.POSITIVE_INFINITY;
		if (!known || ageMs > believedForMs) return refresh();
		// Whoever comes when it is too old hears of the failure.
		if (ageMs > renewedAfterMs) refresh().catch(() => undefined);
		return known;
	};
	const find = async (id: string): Promise<StaticToken | undefined> => {
		const seen = await current();
		const found = seen.tokens.find(token => token.id === id);
		// It may have been made a moment ago; but whoever makes up ids asks the store for nothing.
		if (found || elapsed() - seen.since < unknownForMs) return found;
		return (await refresh()).tokens.find(token => token.id === id);
	};

	return {
		async authenticate(text) {
			const parsed = parseStaticToken(text);
			if (!parsed) return {refused: 'the token is not whole'};
			const token = await find(parsed.id);
			if (!token || !isSecretOf(token, parsed.secret)) return {refused: 'there is no such token'};
			if (token.revokedAt !== undefined) return {refused: `the token ${token.name} was revoked`};
			if (!isInUse(token, new Date(clock()))) return {refused: `the token ${token.name} has expired`};
			return knownToken(token);
		},

		stands({claims: {name = ''}}, mark) {
			const standing = ({tokens}: Known): Identity | undefined => {
				const now = new Date(clock());
				const token = tokens.find(each => each.name === name && isInUse(each, now));
				return token && markOfToken(token) === mark ? knownToken(token).identity : undefined;
			};
			const seen = current();
			return seen instanceof Promise ? seen.then(standing) : standing(seen);
		},
	};
};

type Known = {since: number; tokens: readonly StaticToken[]};

const believedForMs = 30_000;
const renewedAfterMs = 15_000;
const unknownForMs = 2000;

const markOfToken = ({id, secretHash}: StaticToken): string => markOf('token', id, secretHash);

const knownToken = (token: StaticToken): KnownToken => ({
	identity: {
		kind: 'token',
		name: identityName('token', token.name),
		claims: claimsFrom([['name', token.name]]),
		...(token.grants && {grants: token.grants}),
	},
	mark: markOfToken(token),
	...(token.expiresAt && {expiresAt: new Date(token.expiresAt)}),
});
