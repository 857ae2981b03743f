/** `issuers` of the policy: who vouches for the jobs of CI by id tokens (OpenID Connect), by the names that `access` has for them. */
import {z} from 'zod';
import {isLoopbackName} from '../lib/loopback.ts';
import {parseDurationMs} from './units.ts';

/** `issuer` is exactly the `iss` of its tokens. Durations in milliseconds; `jwks`, `ca` and `bearerFile` as they stand in the file. */
export type Issuer = z.output<typeof issuerSchema>;

/** RSA, RSA-PSS, elliptic curves and Edwards curves. What is signed with a shared secret, or not at all, is never taken. */
export const issuerAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

/** Of an issuer, or of what it points to: a URL whose answers nobody on the way can change. */
export const isSafeUrl = (text: string): boolean => {
	const url = URL.parse(text);
	if (!url) return false;
	if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
	return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackName(url.hostname));
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const text = z.string('must be a text; put it in quotes').min(1, 'must not be empty').max(1024, 'is longer than 1024 characters');

const duration = (mostMs: number, most: string) =>
	z.string('must be a duration such as 60s or 12h').transform((written, context) => {
		const ms = parseDurationMs(written);
		if (ms !== undefined && ms <= mostMs) return ms;
		const message = ms === undefined ? 'must be a duration such as 60s or 12h' : `must be at most ${most}`;
		context.issues.push({code: 'custom', message, input: written});
		return z.NEVER;
	});

const secureUrl = text.refine(isSafeUrl, 'must be an https:// URL without credentials; http:// is for 127.0.0.0/8 and localhost');

const unfitAudience = 'must be a text, or a list of 1 to 20 texts';
const audiences = z
	.union([text, z.array(text).min(1, unfitAudience).max(20, unfitAudience)], {
		error: ({input}) => (input === undefined ? 'is missing' : unfitAudience),
	})
	.transform(given => (typeof given === 'string' ? [given] : given));

const issuerSchema = z.strictObject(
	{
		issuer: secureUrl.refine(written => URL.parse(written)?.search === '', 'must have no query'),
		// Without one, every token that the issuer gives to anybody for anything would be taken here.
		audience: audiences,
		jwks: text
			.refine(written => !/^[a-z]+:\/\//i.test(written) || isSafeUrl(written), 'must be an https:// URL, or the path of a file')
			.optional(),
		ca: text.optional(),
		bearerFile: text.optional(),
		algorithms: z
			.array(z.enum(issuerAlgorithms), 'must be a list such as [RS256, ES256]')
			.min(1, 'must have an algorithm')
			.default([...issuerAlgorithms]),
		clockSkew: duration(10 * minuteMs, '10m').default(minuteMs),
		session: duration(7 * 24 * hourMs, '7d').default(12 * hourMs),
	},
	'must be a map with `issuer` and `audience`',
);

const mostIssuers = 100;

export const issuersSchema = z
	.record(z.string(), issuerSchema, 'must be a map of names to issuers, such as {github: {issuer: "https://…", audience: layercache}}')
	.refine(entries => Object.keys(entries).length <= mostIssuers, `has more than ${mostIssuers} entries`)
	.check(({value, issues}) => {
		for (const name of Object.keys(value)) {
			if (!isIssuerName(name)) issues.push({code: 'custom', message: unfitName, path: [name], input: name});
		}
	});

// A part of the names of identities, and a label in the metrics.
const isIssuerName = (name: string) => /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name);
const unfitName = 'must be a name of at most 32 lower-case letters, digits and hyphens between them';
