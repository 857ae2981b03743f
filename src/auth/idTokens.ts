/** Id tokens of CI (OpenID Connect): whose job it is, if one of the issuers in the policy says so, and says it to us. */
import {decodeJwt, errors, jwtVerify} from 'jose';
import type {Issuer} from '../config/issuers.ts';
import {flattenClaims} from './claims.ts';
import {type Authenticated, type Identity, identityName, markOf, type Refusal} from './identity.ts';
import {createIssuerKeys, type IssuerKeys, type IssuerKeysOptions, KeysUnavailable} from './issuerKeys.ts';

export type IdTokens = {
	authenticate(text: string): Promise<Authenticated | Refusal>;
	/** Whether the policy still has that issuer as it was. */
	stands(identity: Identity, mark: string): boolean;
};

export type IdTokenOptions = Pick<IssuerKeysOptions, 'elapsed' | 'limits'> & {
	/** By their names; those of the policy in force. */
	issuers: () => Readonly<Record<string, Issuer>>;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** The keys of an issuer could not be fetched. */
	onProblem: (facts: {issuer: string; reason: string}) => void;
};

export const createIdTokens = ({issuers, clock, elapsed, limits, onProblem}: IdTokenOptions): IdTokens => {
	// By where they come from: a policy that changes elsewhere does not have them fetched anew.
	let keysBySource = new Map<string, IssuerKeys>();
	let seenIssuers: ReturnType<typeof issuers> | undefined;

	const keysOf = (name: string): IssuerKeys => {
		const current = issuers();
		if (current !== seenIssuers) {
			const entries = Object.entries(current).map(([each, issuer]): [string, IssuerKeys] => {
				const tell = ({message}: Error) => onProblem({issuer: each, reason: message});
				return [sourceOf(issuer), keysBySource.get(sourceOf(issuer)) ?? createIssuerKeys(issuer, {elapsed, limits, onProblem: tell})];
			});
			[keysBySource, seenIssuers] = [new Map(entries), current];
		}
		return keysBySource.get(sourceOf(current[name] as Issuer)) as IssuerKeys;
	};

	const verify = async (name: string, issuer: Issuer, text: string): Promise<Authenticated | Refusal> => {
		try {
			const {payload} = await jwtVerify<Record<string, unknown>>(text, keysOf(name).find, {
				issuer: issuer.issuer,
				audience: issuer.audience,
				algorithms: issuer.algorithms,
				clockTolerance: issuer.clockSkew / 1000,
				currentDate: new Date(clock()),
				requiredClaims: ['exp', 'sub', 'aud'],
			});
			if (typeof payload.sub !== 'string' || payload.sub === '' || !payload.sub.isWellFormed())
				return {refused: 'the token does not say whose it is'};
			const claims = flattenClaims(payload);
			return {
				identity: {kind: 'oidc', name: identityName(`oidc:${name}`, payload.sub), issuer: name, claims},
				mark: issuerMark(issuer),
				renewableUntil: new Date(clock() + issuer.session),
			};
		} catch (error) {
			return refusalOf(error, name, issuer);
		}
	};

	return {
		async authenticate(text) {
			if (text.length > longestToken) return {refused: `the token is longer than ${longestToken} characters`};
			const issuer = claimedIssuer(text);
			if (issuer === undefined) return {refused: 'the token does not say who issued it'};
			// Clusters of Kubernetes call themselves all alike: whose keys fit, that one it is.
			const candidates = Object.entries(issuers()).filter(([, each]) => each.issuer === issuer);
			let refusal: Refusal = {refused: `the policy has no issuer ${quoted(issuer)}`};
			for (const [name, each] of candidates) {
				const answer = await verify(name, each, text);
				if ('identity' in answer) return answer;
				refusal = answer;
			}
			return refusal;
		},

		stands({issuer: name = ''}, mark) {
			const current = issuers();
			const issuer = Object.hasOwn(current, name) ? current[name] : undefined;
			return issuer !== undefined && issuerMark(issuer) === mark;
		},
	};
};

// What fits into the headers of a request, with room for others.
const longestToken = 12 * 1024;

const sourceOf = ({issuer, jwks, ca, bearerFile}: Issuer): string => JSON.stringify([issuer, jwks, ca, bearerFile]);

/** Of whom its tokens are, and to whom they speak: with another URL or audience under the same name, nothing from before holds. */
const issuerMark = ({issuer, audience, jwks}: Issuer): string => markOf(issuer, ...audience.toSorted(), jwks ?? '');

/** Believed no further than to choose whose keys to try. */
const claimedIssuer = (text: string): string | undefined => {
	try {
		const {iss} = decodeJwt(text);
		return typeof iss === 'string' ? iss : undefined;
	} catch {
		return undefined;
	}
};

/** What was signed is told, for whoever set up the job; what was not, is not. */
const refusalOf = (error: unknown, name: string, {audience, clockSkew}: Issuer): Refusal => {
	if (error instanceof KeysUnavailable) return {refused: `the keys of the issuer ${name} cannot be fetched just now`, isTemporary: true};
	if (error instanceof errors.JWTExpired) return {refused: `the token of ${name} has expired`};
	if (error instanceof errors.JWTClaimValidationFailed) {
		if (error.claim === 'aud')
			return {
				refused: `the token of ${name} is for the audience ${quoted(error.payload.aud)}, and the policy asks for ${quoted(audience)}`,
			};
		if (error.claim === 'nbf') return {refused: `the token of ${name} is not valid yet, by more than ${clockSkew / 1000} s`};
		return {refused: `the token of ${name} has no fitting ${quoted(error.claim)}`};
	}
	if (error instanceof errors.JWKSNoMatchingKey) return {refused: `the token is not signed with a key that ${name} has`};
	if (error instanceof errors.JOSEError) return {refused: `the token is not one that ${name} has signed`};
	throw error;
};

/** Of a text from outside, what can stand in a line of a log. */
const quoted = (value: unknown): string => {
	const texts = (Array.isArray(value) ? value : [value]).map(each =>
		String(each ?? '')
			.slice(0, 200)
			.replace(/[^\x20-\x7e]/g, '?'),
	);
	return texts
		.slice(0, 5)
		.map(each => `"${each}"`)
		.join(' or ');
};
