/** Tokens for an upstream: fetched from the realm that its challenge names, kept for as long as they say (CNCF Distribution, "Token Authentication Specification"). */
import {LRUCache} from 'lru-cache';
import {z} from 'zod';
import {readAtMost} from '../lib/bytes.ts';
import {createFlights} from '../lib/flights.ts';
import type {Challenge} from './challenges.ts';
import {type Connections, discard, type WireAnswer} from './connections.ts';
import {passingStatus, unreachable} from './refusals.ts';
import {parseRetryAfter, type Repeat} from './retries.ts';
import type {Secrets} from './secrets.ts';
import {type Credentials, type RemoteTuning, UpstreamFailure, type UpstreamObserver} from './upstream.ts';

export type BearerChallenge = Extract<Challenge, {scheme: 'bearer'}>;

export type Tokens = {
	/** A token for these scopes, joined by spaces; the one we have while it is good for a while. */
	get(challenge: BearerChallenge, scope: string): Promise<string>;
	/** This token was refused. */
	drop(scope: string, token: string): void;
};

export type TokensOptions = {
	origin: URL;
	connections: Connections;
	credentials: Credentials;
	repeat: Repeat;
	tuning: RemoteTuning;
	userAgent: string;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	secrets: Secrets;
	observer?: UpstreamObserver | undefined;
};

export const createTokens = (options: TokensOptions): Tokens => {
	const {origin, connections, credentials, repeat, tuning, userAgent, secrets, elapsed, observer} = options;
	const kept = new LRUCache<string, string>({max: keptTokens, perf: {now: elapsed}, ttlResolution: 0});
	const flights = createFlights<Token>();
	const failure = (message: string, facts: {isPassing?: boolean; retryAfterMs?: number | undefined; code?: 'DENIED'} = {}) => {
		const {code = 'UNAVAILABLE', ...more} = facts;
		return new UpstreamFailure(code, {message: secrets.redact(message), host: origin.host, operation: 'token', ...more});
	};

	/** Where tokens are, with what is asked for. Credentials go there: over TLS, or no further than the host they are for. */
	const realmUrl = ({realm, service}: BearerChallenge, scope: string): URL => {
		const url = URL.canParse(realm) ? new URL(realm) : undefined;
		const isSafe =
			url?.protocol === 'https:' || (url?.protocol === 'http:' && origin.protocol === 'http:' && url.hostname === origin.hostname);
		if (!url || !isSafe)
			throw failure(
				`${origin.host} sends us for a token to ${url ? url.host : 'an address that is none'}, which is neither https nor its own host: we give no credentials there; mend the realm of its challenge`,
			);
		if (service) url.searchParams.set('service', service);
		for (const one of scope.split(' ')) url.searchParams.append('scope', one);
		return url;
	};

	const request = async (url: URL): Promise<WireAnswer> => {
		const known = await credentials.get();
		const headers = {'user-agent': userAgent, accept: 'application/json', ...(known && {authorization: basic(known, secrets)})};
		const startedAt = elapsed();
		let status: number | undefined;
		try {
			const signal = AbortSignal.timeout(tuning.tokenSeconds * 1000);
			const answer = await connections.send({method: 'GET', url, headers, carries: 'little', signal});
			({status} = answer);
			return answer;
		} catch (error) {
			throw unreachable(error, {host: origin.host, at: secrets.redact(url.host), operation: 'token'});
		} finally {
			observer?.requested({operation: 'token', status, seconds: (elapsed() - startedAt) / 1000});
		}
	};

	const read = async (answer: WireAnswer, url: URL): Promise<Token> => {
		const bytes = await readAtMost(answer.body, mostTokenBytes).catch(error => {
			throw unreachable(error, {host: origin.host, at: secrets.redact(url.host), operation: 'token'});
		});
		const parsed = tokenSchema.safeParse(jsonOf(bytes));
		// What was wrong with it may have the token in it.
		if (!parsed.success) throw failure(`${url.host}, which has the tokens of ${origin.host}, answered something that is no token`);
		const {token, access_token: accessToken, expires_in: lifeSeconds} = parsed.data;
		const text = token ?? accessToken ?? '';
		secrets.add(text);
		return {text, lifeMs: lifeSeconds * 1000 * usedShare};
	};

	const fetchToken = async (challenge: BearerChallenge, scope: string): Promise<Token> => {
		const url = realmUrl(challenge, scope);
		const ask = () =>
			repeat(async () => {
				const answer = await request(url);
				if (!passingStatus(answer.status)) return answer;
				discard(answer);
				const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], answer.headers.date);
				throw failure(`${url.host}, which has the tokens of ${origin.host}, answered ${answer.status} again and again`, {
					isPassing: true,
					retryAfterMs,
				});
			});
		let answer = await ask();
		if (answer.status === 401 || answer.status === 403) {
			discard(answer);
			// They may have been renewed since we heard of them.
			credentials.renew();
			answer = await ask();
		}
		if (answer.status === 200) return read(answer, url);
		discard(answer);
		if (answer.status === 401 || answer.status === 403)
			throw failure(
				`${url.host} gives us no token for ${origin.host} (${answer.status}, ${scope}): check the username and password of this upstream, and their rights there`,
				{code: 'DENIED'},
			);
		throw failure(`${url.host}, which has the tokens of ${origin.host}, answered ${answer.status}`);
	};

	return {
		async get(challenge, scope) {
			const name = nameOf(challenge, scope);
			const known = kept.get(name);
			if (known !== undefined) return known;
			const remember = ({text, lifeMs}: Token) => void (lifeMs > 0 && kept.set(name, text, {ttl: Math.max(1, lifeMs)}));
			const fresh = await flights.ask(name, () => fetchToken(challenge, scope), remember);
			if (!fresh) throw new Error('a token is never undefined');
			return fresh.text;
		},

		drop(scope, token) {
			for (const [name, text] of kept.entries()) if (text === token && name.endsWith(` ${scope}`)) kept.delete(name);
		},
	};
};

/** `Basic` and what follows it. */
export const basic = ({username, password}: {username: string; password: string}, secrets: Secrets): string => {
	const encoded = Buffer.from(`${username}:${password}`).toString('base64');
	secrets.add(password);
	secrets.add(encoded);
	return `Basic ${encoded}`;
};

/** `lifeMs`: for so long it is used, which is less than it is good for. */
type Token = {text: string; lifeMs: number};

// "If omitted, this defaults to 60 seconds"; by our own clock, so that of its issuer does not matter.
const tokenSchema = z
	.object({
		token: z.string().min(1).optional(),
		access_token: z.string().min(1).optional(),
		expires_in: z
			.number()
			.positive()
			.catch(60)
			.optional()
			.transform(seconds => seconds ?? 60),
	})
	.refine(({token, access_token: accessToken}) => isHeaderText(token ?? accessToken ?? ''));

const isHeaderText = (text: string) => /^[\x21-\x7e]+$/.test(text);

// A request that begins with it has to be judged before it is over.
const usedShare = 0.9;
const keptTokens = 1000;
const mostTokenBytes = 64 * 1024;

const nameOf = ({realm, service = ''}: BearerChallenge, scope: string) => `${realm} ${service} ${scope}`;

const jsonOf = (bytes: Buffer): unknown => {
	try {
		return JSON.parse(bytes.toString());
	} catch {
		return undefined;
	}
};
