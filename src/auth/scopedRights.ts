/** What a token may do: no more than whom it was issued to may do now, and no more than it was asked for. */
import {type RepositoryName, repositoryNameSchema, type Scope} from 'oci-spec-types';
import type {Action} from '../config/actions.ts';
import type {Decision, Rights} from './rights.ts';

/** The same for the same two: a token comes with many requests. */
export const withinScopes = (rights: Rights, scopes: readonly Scope[]): Rights =>
	narrowed.get(rights)?.get(scopes) ?? remember(rights, scopes);

const remember = (rights: Rights, scopes: readonly Scope[]): Rights => {
	const within = narrow(rights, scopes);
	const known = narrowed.get(rights);
	if (known) known.set(scopes, within);
	else narrowed.set(rights, new WeakMap([[scopes, within]]));
	return within;
};

// By rights first, which go with their policy: a token is remembered for longer.
const narrowed = new WeakMap<Rights, WeakMap<readonly Scope[], Rights>>();

const narrow = (rights: Rights, scopes: readonly Scope[]): Rights => {
	/** What the holder may not do is said first: no other token would help. */
	const within = (action: Action, repo: RepositoryName, decision: Decision): Decision =>
		!decision.allowed || hasScope(scopes, action, repo)
			? decision
			: {allowed: false, reason: `the token was not asked for to ${action} in ${repo}`};
	// A request asks the same several times over.
	let last: {action: Action; repo: RepositoryName; decision: Decision} | undefined;
	return {
		may: (action, repo, tag) => within(action, repo, rights.may(action, repo, tag)),
		mayWithin(action, repo) {
			if (last?.action !== action || last.repo !== repo)
				last = {action, repo, decision: within(action, repo, rights.mayWithin(action, repo))};
			return last.decision;
		},
		isAdministrator: () => ({allowed: false, reason: 'a token for the registry does not administer it'}),
	};
};

/** Clients ask for no right to move what is protected: it goes with that to move anything. */
export const hasScope = (scopes: readonly Scope[], action: Action, repo: RepositoryName): boolean => {
	const {actions = []} = scopes.find(({type, name}) => type === 'repository' && name === repo) ?? {};
	return action === 'protect' ? actions.includes('push') || actions.includes('delete') : actions.includes(action);
};

export const hasCatalogScope = (scopes: readonly Scope[]): boolean =>
	scopes.some(({type, name}) => type === 'registry' && name === 'catalog');

/** The part of what is asked for that is allowed; `*` is all of that. Scopes of which nothing is left are left out. */
export const allowedScopes = (asked: readonly Scope[], {rights, isIdentified}: {rights: Rights; isIdentified: boolean}): Scope[] =>
	asked.flatMap(scope => {
		if (scope.type === 'registry' && scope.name === 'catalog') return isIdentified ? [scope] : [];
		const repo = scope.type === 'repository' ? repositoryNameSchema.safeParse(scope.name).data : undefined;
		if (!repo) return [];
		const wanted = scope.actions.includes('*') ? grantable : grantable.filter(action => scope.actions.includes(action));
		const actions = wanted.filter(action => rights.mayWithin(action, repo).allowed);
		return actions.length > 0 ? [{...scope, actions}] : [];
	});

const grantable = ['pull', 'push', 'delete'] as const satisfies Action[];
