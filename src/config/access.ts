/** `access` of the policy: who may do what with which refs. A rule allows, and none denies. */
import {z} from 'zod';
import {isAddressRange} from '../lib/addressRanges.ts';
import {actions} from './actions.ts';
import {type ClaimPattern, parseClaimPattern} from './claimPattern.ts';
import {nearest} from './nearest.ts';
import {oneOrSeveral, parsed} from './policyValues.ts';
import {everyRef, parseRefTemplate} from './refTemplate.ts';

/** `line` is where it begins. */
export type AccessRule = z.output<typeof ruleSchema> & {line: number};
/** All of these must hold. */
export type Who = AccessRule['who'];

const onlyTrue = z.literal(true);
const claim = parsed(parseClaimPattern);

const whoSchema = z.strictObject(
	{
		anyone: onlyTrue.optional(),
		identified: onlyTrue.optional(),
		user: claim.optional(),
		token: claim.optional(),
		issuer: z.string('must be a name from `issuers`').optional(),
		/** Of the issuer's token; one of several patterns is enough. */
		claims: z
			.record(z.string(), oneOrSeveral(claim), 'must be a map such as {repository: "acme/{app}", ref: "refs/heads/main"}')
			.optional(),
		addresses: oneOrSeveral(
			z.string('must be a text; put it in quotes').refine(isAddressRange, 'must be an IP address or a CIDR range such as 10.0.0.0/8'),
		).optional(),
	},
	'must be a map such as {issuer: github, claims: {repository: "acme/{app}"}} or {user: alice}',
);

const ruleSchema = z
	.strictObject(
		{who: whoSchema, may: oneOrSeveral(z.enum(actions)), on: oneOrSeveral(parsed(parseRefTemplate))},
		'must be a map with `who`, `may` and `on`',
	)
	.check(({value, issues}) => {
		for (const {path, message} of problemsOf(value)) issues.push({code: 'custom', message, path, input: value});
	});

/** Rules that cannot mean what they say are problems. */
export const accessSchema = z.array(ruleSchema, 'must be a list of rules').max(1000, 'has more than 1000 rules');

/** Whom a rule means, in words. */
export const formatWho = ({anyone, identified, user, token, issuer, claims = {}, addresses}: Who): string =>
	[
		anyone && 'anyone',
		identified && 'whoever is logged in',
		user && `user ${user.text}`,
		token && `token ${token.text}`,
		issuer && `issuer ${issuer}`,
		...Object.entries(claims).map(([name, patterns]) => `${name} ${patterns.map(({text}) => text).join(' or ')}`),
		addresses && `at ${addresses.join(' or ')}`,
	]
		.filter(part => typeof part === 'string')
		.join(', ');

/** Rules for issuers that the policy does not have, also where it has other problems. */
export const unknownIssuers = (policy: unknown): Found[] => {
	const {access, issuers} = (policy ?? {}) as {access?: unknown; issuers?: unknown};
	const known = Object.keys(typeof issuers === 'object' ? (issuers ?? {}) : {});
	return (Array.isArray(access) ? access : []).flatMap((rule, index) => {
		const issuer = rule?.who?.issuer;
		if (typeof issuer !== 'string' || known.includes(issuer)) return [];
		const meant = nearest(issuer, known);
		const message = `is ${issuer}, which \`issuers\` has not${meant ? `; did you mean ${meant}?` : ''}`;
		return [{path: ['access', index, 'who', 'issuer'], message}];
	});
};

/** The names that a rule takes from whom it means, in the order of their claims. */
const capturesOf = ({user, token, claims = {}}: Who): string[] => [
	...[user, token].flatMap(pattern => pattern?.names ?? []),
	...Object.values(claims).flatMap(([first]) => first?.names ?? []),
];

type Found = {path: (string | number)[]; message: string};

const problemsOf = ({who, may, on}: z.output<typeof ruleSchema>): Found[] => {
	const captures = capturesOf(who);
	const twice = captures.find((name, index) => captures.indexOf(name) < index);
	return [
		...kindProblems(who),
		...Object.entries(who.claims ?? {}).flatMap(([name, patterns]) => alikeProblems(name, patterns)),
		...(twice === undefined ? [] : [{path: ['who'], message: `takes {${twice}} from two places`}]),
		...on.flatMap(({names}, index) =>
			names
				.filter(name => !captures.includes(name))
				.map(name => ({
					path: on.length > 1 ? ['on', index] : ['on'],
					message: `has {${name}}, which \`who\` does not take from anything${advice(name, captures)}`,
				})),
		),
		...(may.includes('admin') && !on.some(({text}) => text === everyRef)
			? [{path: ['may'], message: `has admin, which is for the whole registry: it needs "${everyRef}" in \`on\``}]
			: []),
	];
};

const kinds = ['anyone', 'identified', 'user', 'token', 'issuer'] as const;

const kindProblems = (who: Who): Found[] => {
	const [first, second] = kinds.filter(kind => who[kind] !== undefined);
	if (second) return [{path: ['who'], message: `has ${first} and ${second}: a rule is for one of them, so write two`}];
	if (who.claims && !who.issuer)
		return [{path: ['who', 'claims'], message: 'are what an issuer says: name it (`issuer`), since another one may say anything'}];
	if (!first && !who.addresses) return [{path: ['who'], message: 'names nobody; {anyone: true} is everybody'}];
	return [];
};

/** Whichever pattern a claim meets, `on` needs the same names. */
const alikeProblems = (name: string, [first, ...others]: readonly ClaimPattern[]): Found[] => {
	const names = (pattern?: ClaimPattern) => pattern?.names.toSorted().join();
	const odd = others.find(other => names(other) !== names(first));
	return odd ? [{path: ['who', 'claims', name], message: `has "${first?.text}" and "${odd.text}", which do not have the same names`}] : [];
};

const advice = (name: string, captures: readonly string[]): string => {
	const meant = nearest(name, captures);
	if (meant) return `; did you mean {${meant}}?`;
	return captures.length > 0 ? `; it takes ${captures.map(each => `{${each}}`).join(', ')}` : '';
};
