/** What an id token says of its holder, as texts that rules can match: nested claims by dotted names, lists left out. */
import {type Claims, claimsFrom} from './identity.ts';

/** Claims of the token itself, and not of its holder. */
const ofTheToken = ['exp', 'iat', 'nbf', 'jti'];

const deepest = 6;
const mostClaims = 200;
const longestName = 200;
const longestValue = 1024;

/**
 * Kubernetes says `{"kubernetes.io": {"serviceaccount": {"name": "builder"}}}`, which becomes `kubernetes.io.serviceaccount.name`.
 * Two claims of one name would let one pass for the other: neither counts. What is too long or too many is left out.
 */
export const flattenClaims = (payload: Readonly<Record<string, unknown>>): Claims => {
	const found = new Map<string, string | undefined>();
	const collect = (value: unknown, name: string, depth: number): void => {
		if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < deepest) {
			for (const [key, inner] of Object.entries(value)) collect(inner, name === '' ? key : `${name}.${key}`, depth + 1);
			return;
		}
		const text = textOf(value);
		if (text === undefined || name.length > longestName || text.length > longestValue) return;
		if (found.has(name) || found.size < mostClaims) found.set(name, found.has(name) ? undefined : text);
	};
	collect(payload, '', 0);
	return claimsFrom([...found].filter((entry): entry is [string, string] => entry[1] !== undefined && !ofTheToken.includes(entry[0])));
};

const textOf = (value: unknown): string | undefined =>
	typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
