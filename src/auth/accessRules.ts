/** One rule of `access`, held against one identity: whether it means it, and which refs then. */
import type {AccessRule, Who} from '../config/access.ts';
import type {ClaimPattern} from '../config/claimPattern.ts';
import type {FilledRef} from '../config/refTemplate.ts';
import type {Identity} from './identity.ts';

/** `refs`: with what was taken from the identity in them. `unfit`: why no ref came of the others. */
export type Meaning = {refs: readonly FilledRef[]; unfit: readonly string[]};

/** `because` continues a sentence about the rule. `isThere`: whether the address is one of the rule's. */
export const meaningOf = (
	{who, on}: Pick<AccessRule, 'who' | 'on'>,
	identity: Identity,
	isThere: () => boolean,
): Meaning | {because: string} => {
	const taken = takenFrom(who, identity);
	if ('because' in taken) return taken;
	if (who.addresses && !isThere()) return {because: `it is for the addresses ${who.addresses.join(', ')}`};
	const filled = on.map(template => template.fill(taken.values));
	return {
		refs: filled.flatMap(ref => ('unfit' in ref ? [] : [ref])),
		unfit: [...new Set(filled.flatMap(ref => ('unfit' in ref ? [ref.unfit] : [])))],
	};
};

type Taken = {values: Readonly<Record<string, string>>} | {because: string};

const takenFrom = (who: Who, identity: Identity): Taken => {
	const {kind, claims} = identity;
	if (who.identified && kind === 'anonymous') return {because: 'it is for those who have proven who they are'};
	for (const own of ['user', 'token'] as const) {
		const pattern = who[own];
		if (!pattern) continue;
		const values = kind === own ? pattern.match(claimOf(claims, 'name') ?? '') : undefined;
		return values ? {values} : {because: `it is for the ${own} ${pattern.text}`};
	}
	if (who.issuer === undefined) return {values: {}};
	if (kind !== 'oidc' || identity.issuer !== who.issuer) return {because: `it is for identities of the issuer ${who.issuer}`};
	return takenFromClaims(who.claims ?? {}, claims);
};

const takenFromClaims = (wanted: NonNullable<Who['claims']>, claims: Identity['claims']): Taken => {
	let values: Readonly<Record<string, string>> = {};
	for (const [name, patterns] of Object.entries(wanted)) {
		const value = claimOf(claims, name);
		if (value === undefined) return {because: `there is no claim ${name}`};
		const found = firstMatch(patterns, value);
		if (!found) return {because: `the claim ${name} is not ${patterns.map(({text}) => text).join(' or ')}`};
		values = {...values, ...found};
	}
	return {values};
};

const firstMatch = (patterns: readonly ClaimPattern[], value: string) => {
	for (const pattern of patterns) {
		const values = pattern.match(value);
		if (values) return values;
	}
	return undefined;
};

/** Claims come from outside, with any name. */
const claimOf = (claims: Identity['claims'], name: string): string | undefined => (Object.hasOwn(claims, name) ? claims[name] : undefined);
