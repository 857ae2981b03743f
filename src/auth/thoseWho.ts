/** Whom a policy lets do something with one ref: an identity of each rule, made up so that the rule means it. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import type {AccessRule} from '../config/access.ts';
import type {Action} from '../config/actions.ts';
import type {Policy} from '../config/policy.ts';
import {anonymous, type Identity} from './identity.ts';
import {createRights, type Rights} from './rights.ts';

/** `rights` are all that somebody has whom the rule means: by that one and by others. */
export type Able = {rule: AccessRule; rights: Rights};

export type ThoseWho = ReturnType<typeof createThoseWho>;

export const createThoseWho = (policy: Policy) => {
	const rightsOf = createRights({policy: () => policy, isOpen: false});
	/** In the order of the rules. */
	return (action: Action, repo: RepositoryName, tag: Tag): Able[] =>
		(policy.access ?? []).flatMap(rule => {
			const values = rule.may.includes(action) ? firstOf(rule.on, on => on.valuesFor(repo, tag)) : undefined;
			if (!values) return [];
			const rights = rightsOf(identityFor(rule, values), addressFor(rule));
			return rights.may(action, repo, tag).allowed ? [{rule, rights}] : [];
		});
};

const firstOf = <T, R>(entries: readonly T[], find: (entry: T) => R | undefined): R | undefined => {
	for (const entry of entries) {
		const found = find(entry);
		if (found !== undefined) return found;
	}
	return undefined;
};

const identityFor = ({who}: AccessRule, values: Readonly<Record<string, string>>): Identity => {
	for (const kind of ['user', 'token'] as const) {
		const name = who[kind]?.sampleOf(values);
		if (name !== undefined) return {kind, name: `${kind}:${name}`, claims: {name}};
	}
	if (who.issuer !== undefined) {
		const claims = Object.entries(who.claims ?? {}).map(([name, [first]]) => [name, first?.sampleOf(values) ?? '']);
		return {kind: 'oidc', name: `oidc:${who.issuer}:x`, issuer: who.issuer, claims: Object.fromEntries(claims)};
	}
	return who.identified ? {kind: 'user', name: 'user:x', claims: {name: 'x'}} : anonymous;
};

const addressFor = ({who}: AccessRule): string => who.addresses?.[0]?.split('/', 1)[0] ?? '';
