/** What somebody may do, and why: by the rules of the policy, by the grants of a token, or by default where there are no rules. */
import {LRUCache} from 'lru-cache';
import {OciError, type RepositoryName, type Tag} from 'oci-spec-types';
import type {AccessRule} from '../config/access.ts';
import type {Action} from '../config/actions.ts';
import type {Policy} from '../config/policy.ts';
import {type IsAddress, isAmong} from '../lib/addressRanges.ts';
import {type Decision, decideBy, groundsOf} from './grounds.ts';
import type {Identity} from './identity.ts';

/** What one identity at one address may do, by the policy that was in force when it was asked for. Cheap: what was decided is remembered. */
export type Rights = {
	may(action: Action, repo: RepositoryName, tag: Tag): Decision;
	/** With some tag of the repository: what is asked of blobs, digests and the scopes of a token. */
	mayWithin(action: Action, repo: RepositoryName): Decision;
	/** The admin API and the dashboard. */
	isAdministrator(): Decision;
};

export type {Decision};

export type RightsOf = (identity: Identity, address: string) => Rights;

/** Who asks, from where, and what that allows. */
export type Caller = {readonly identity: Identity; readonly address: string; readonly rights: Rights};

/** Whoever asks may not do this. Without a credential, one may help. */
export class NotAllowed extends OciError {
	readonly action: Action;
	readonly repo: RepositoryName;
	/** `advice` follows the reason, where there is any. */
	constructor(action: Action, repo: RepositoryName, {reason, tag, advice}: {reason: string; tag?: Tag; advice?: string}) {
		super('DENIED', {action, name: repo, ...(tag && {tag})}, {message: advice ? `${reason}; ${advice}` : reason});
		this.action = action;
		this.repo = repo;
	}
}

export type RightsOptions = {
	/** The policy that is in force now. */
	policy: () => Policy;
	/** LAYERCACHE_AUTH=none: there are no identities, and without rules everybody may write. */
	isOpen: boolean;
};

/** What a policy says of an identity is worked out once, and so is each decision. */
export const createRights = ({policy, isOpen}: RightsOptions): RightsOf => {
	let worked = workOut(policy(), isOpen);
	return (identity, address) => {
		if (policy() !== worked.policy) worked = workOut(policy(), isOpen);
		return worked.rightsOf(identity, address);
	};
};

const workOut = (policy: Policy, isOpen: boolean) => {
	const places = placesOf(policy.access ?? []);
	const known = new LRUCache<string, Rights>({max: rememberedIdentities});
	const decisions = new LRUCache<string, Decision>({max: rememberedDecisions});
	let made = 0;

	const make = (identity: Identity, address: string): Rights => {
		const grounds = groundsOf(identity, {access: policy.access, isOpen, isThere: rule => places.get(rule)?.(address) ?? false});
		made += 1;
		const number = made;
		const decide = (action: Action, repo: RepositoryName, tag?: Tag): Decision => {
			const key = `${number} ${action} ${repo}:${tag ?? ''}`;
			const before = decisions.get(key);
			if (before) return before;
			const decision = decideBy(grounds, action, repo, tag);
			decisions.set(key, decision);
			return decision;
		};
		const administrator = decideBy(grounds, 'admin');
		return {
			may: (action, repo, tag) => (action === 'admin' ? administrator : decide(action, repo, tag)),
			mayWithin: (action, repo) => (action === 'admin' ? administrator : decide(action, repo)),
			isAdministrator: () => administrator,
		};
	};

	return {
		policy,
		rightsOf(identity: Identity, address: string): Rights {
			// Addresses are many, and differ only in which rules they meet.
			const met = [...places.values()].map(isPlace => (isPlace(address) ? '1' : '0')).join('');
			const key = `${met} ${keyOf(identity)}`;
			const before = known.get(key);
			if (before) return before;
			const rights = make(identity, address);
			known.set(key, rights);
			return rights;
		},
	};
};

const placesOf = (rules: readonly AccessRule[]): ReadonlyMap<AccessRule, IsAddress> =>
	new Map(rules.flatMap(rule => (rule.who.addresses ? [[rule, isAmong(rule.who.addresses)] as const] : [])));

/** All that a rule can look at. An identity is remembered as long as its credential is, so most are asked about again and again. */
const keyOf = (identity: Identity): string => {
	const before = keys.get(identity);
	if (before !== undefined) return before;
	const {kind, name, issuer, claims, grants} = identity;
	const key = JSON.stringify([kind, name, issuer, claims, grants]);
	keys.set(identity, key);
	return key;
};

const keys = new WeakMap<Identity, string>();
const rememberedIdentities = 1000;
const rememberedDecisions = 20_000;
