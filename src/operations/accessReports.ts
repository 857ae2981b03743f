/** `access explain`: what somebody may do with a ref, by which line of the policy, and why other lines do not count. */
import {readFile} from 'node:fs/promises';
import {flattenClaims} from '../auth/claims.ts';
import {explainAccess} from '../auth/explainAccess.ts';
import {anonymous, claimsFrom, type Identity, identityName} from '../auth/identity.ts';
import {type Action, actions} from '../config/actions.ts';
import {noPolicy, type Policy} from '../config/policy.ts';
import {namedBases} from '../refs/refSyntax.ts';
import {nothing, parseRef, type Report, readPolicy} from './policyReports.ts';

/** Who asks: one of these, or nobody in particular. `claims` is a file with what an id token says, as JSON. */
export type AskedFor = {claims?: string; issuer?: string; user?: string; token?: string; address?: string; open?: boolean};

/** Without an action: of each. `exitCode` 1 where an action is given that is refused. */
export const explainAccessTo = async (
	ref: string,
	action: string | undefined,
	file: string | undefined,
	who: AskedFor,
): Promise<Report> => {
	if (action !== undefined && !isAction(action)) return nothing(`${action} is no action; there are ${actions.join(', ')}`);
	const parsed = parseRef(ref);
	if (typeof parsed === 'string') return nothing(parsed);
	const named = namedBases(parsed.tag);
	if (named) return nothing(`${ref} asks for several tags: ask about each of ${[named.mine, ...named.bases].join(', ')}`);
	const read = file === undefined ? {policy: noPolicy} : await readPolicy(file);
	if ('report' in read) return read.report;
	const identity = await identityOf(who, read.policy);
	if (typeof identity === 'string') return nothing(identity);
	const {decisions, rules} = explainAccess(read.policy, {
		...{identity, ...parsed},
		address: who.address ?? '127.0.0.1',
		isOpen: who.open ?? false,
		actions: action === undefined ? actions : [action],
	});
	const isRefused = action !== undefined && !decisions[0]?.allowed;
	return {
		exitCode: isRefused ? 1 : 0,
		lines: [
			`${identity.name} and ${ref}, by ${file ?? 'the defaults: there is no policy'}`,
			'',
			...decisions.map(each => `${each.action.padEnd(8)} ${each.allowed ? 'yes' : 'no '}  ${each.reason}`),
			...(rules.length > 0 ? ['', 'rules:'] : []),
			...rules.map(({line, may, on = [], unfit = [], because}) => {
				const means = because ?? [...(on.length > 0 ? [`${may.join(', ')} on ${on.join(', ')}`] : []), ...unfit].join('; but ');
				return `  line ${String(line).padEnd(5)}${because === undefined ? 'is for it' : 'is not   '}  ${means}`;
			}),
		],
		facts: {ref, file, identity: {name: identity.name, kind: identity.kind, claims: identity.claims}, decisions, rules},
	};
};

const isAction = (text: string): text is Action => actions.some(action => action === text);

/** A sentence says what is missing. */
const identityOf = async ({claims, issuer, user, token}: AskedFor, policy: Policy): Promise<Identity | string> => {
	if ([claims, user, token].filter(given => given !== undefined).length > 1) return 'name one of --claims, --user and --token';
	for (const [kind, name] of [
		['user', user],
		['token', token],
	] as const)
		if (name !== undefined) return {kind, name: identityName(kind, name), claims: claimsFrom([['name', name]])};
	if (claims === undefined) return anonymous;
	const payload = await readClaims(claims);
	if (typeof payload === 'string') return payload;
	const name = issuer ?? Object.entries(policy.issuers).find(([, each]) => each.issuer === payload.iss)?.[0];
	if (name === undefined) return `the policy has no issuer ${String(payload.iss)}; say with --issuer whose token it would be`;
	return {kind: 'oidc', name: identityName(`oidc:${name}`, String(payload.sub ?? '')), issuer: name, claims: flattenClaims(payload)};
};

const readClaims = async (file: string): Promise<Record<string, unknown> | string> => {
	const text = await readFile(file, 'utf8').catch((error: Error) => error);
	if (text instanceof Error) return `${file} cannot be read: ${text.message}`;
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === 'object' && value !== null && !Array.isArray(value)) return {...value};
	} catch {
		// The same as of any other text.
	}
	return `${file} has no claims: it must be a JSON object, such as {"iss": "https://…", "sub": "…", "ref": "refs/heads/main"}`;
};
