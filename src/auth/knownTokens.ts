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
	let memory: Known | undefined;
	let askedAt = Number.NEGATIVE_INFINITY;
	const flights = createFlights<Known>();

	/** What the store had at `since`, or later. */
	const read = async (): Promise<Known> => {
		const since = elapsed();
		askedAt = since;
		const fresh = {since, ...indexed(await readStaticTokens(store))};
		if (!memory || memory.since < since) memory = fresh;
		return fresh;
	};
	const refresh = async (): Promise<Known> => (await flights.ask('tokens', read, () => undefined)) as Known;

	/** From memory while it is young; it is renewed before anybody has to wait for it. */
	const current = (): Known | Promise<Known> => {
		const now = elapsed();
		if (!memory || now - memory.since > believedForMs) return refresh();
		// Whoever comes when it is too old hears of a failure.
		if (now - memory.since > renewedAfterMs && now - askedAt > againAfterMs) refresh().catch(() => undefined);
		return memory;
	};
	const find = async (id: string): Promise<Entry | undefined> => {
		const seen = await current();
		const found = seen.byId.get(id);
		// It may have been made a moment ago; but whoever makes up ids asks the store for nothing.
		if (found || elapsed() - seen.since < unknownForMs) return found;
		return (await refresh()).byId.get(id);
	};

	return {
		async authenticate(text) {
			const parsed = parseStaticToken(text);
			if (!parsed) return {refused: 'the token is not whole'};
			const found = await find(parsed.id);
			if (!found || !isSecretOf(found.token, parsed.secret)) return {refused: 'there is no such token'};
			const {token, known} = found;
			if (token.revokedAt !== undefined) return {refused: `the token ${token.name} was revoked`};
			if (!isInUse(token, new Date(clock()))) return {refused: `the token ${token.name} has expired`};
			return known;
		},

		stands({claims: {name = ''}}, mark) {
			const standing = ({byName}: Known): Identity | undefined => {
				const found = byName.get(name);
				if (found?.known.mark !== mark || !isInUse(found.token, new Date(clock()))) return undefined;
				return found.known.identity;
			};
			const seen = current();
			return seen instanceof Promise ? seen.then(standing) : standing(seen);
		},
	};
};

type Entry = {token: StaticToken; known: KnownToken};
/** A name is of the newest token that has it. */
type Known = {since: number; byId: ReadonlyMap<string, Entry>; byName: ReadonlyMap<string, Entry>};

const indexed = (newestFirst: readonly StaticToken[]): Omit<Known, 'since'> => {
	const entries = newestFirst.map(token => ({token, known: knownToken(token)})).reverse();
	return {
		byId: new Map(entries.map(entry => [entry.token.id, entry])),
		byName: new Map(entries.map(entry => [entry.token.name, entry])),
	};
};

const believedForMs = 30_000;
const renewedAfterMs = 15_000;
const againAfterMs = 1000;
const unknownForMs = 2000;

const knownToken = (token: StaticToken): KnownToken => ({
	identity: {
		kind: 'token',
		name: identityName('token', token.name),
		claims: claimsFrom([['name', token.name]]),
		...(token.grants && {grants: token.grants}),
	},
	mark: markOf('token', token.id, token.secretHash),
	...(token.expiresAt && {expiresAt: new Date(token.expiresAt)}),
});
