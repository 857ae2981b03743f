/** Whether a request of the distribution API goes on: by who asks, what they may do, and what their token was asked for. */
import type {OciError, OciRequest, RepositoryName} from 'oci-spec-types';
import {anonymous, type Identity} from '../auth/identity.ts';
import {type Caller, type Decision, NotAllowed, type Rights, type RightsOf} from '../auth/rights.ts';
import {hasCatalogScope, hasScope, withinScopes} from '../auth/scopedRights.ts';
import type {Action} from '../config/actions.ts';
import type {Asking, Identify, NotProven} from './authentication.ts';
import {unauthorized} from './challenge.ts';
import type {Client} from './client.ts';
import {endpoints} from './endpoints.ts';

/** `why` is for the audit: what allows it, or what is missing. */
export type Admission =
	| {
			caller: Caller;
			why: string;
			/** What to answer where the registry finds that this is not allowed after all. */
			refusalOf(error: NotAllowed): OciError;
	  }
	| {refusal: OciError; identity: Identity; why: string; claimed?: string};

export type Admit = (request: OciRequest, client: Client, authorization: string | undefined) => Promise<Admission>;

export type AdmitOptions = {
	identify: Identify;
	rightsOf: RightsOf;
	/** LAYERCACHE_AUTH=none: nobody has to be anybody, and credentials that prove nothing do no harm. */
	isOpen: boolean;
};

/** Throws UNAVAILABLE. */
export const createAdmit = ({identify, rightsOf, isOpen}: AdmitOptions): Admit => {
	const refusedFor = (request: OciRequest, client: Client, {refused, isToken, claimed}: NotProven): Admission => ({
		refusal: unauthorized({url: client.url, request, message: refused, error: isToken ? 'invalid_token' : undefined}),
		identity: anonymous,
		why: refused,
		...(claimed !== undefined && {claimed}),
	});

	return async (request, client, authorization) => {
		const proven = await identify(authorization, client.address);
		if ('refused' in proven && !isOpen) return refusedFor(request, client, proven);
		const asking: Asking = 'refused' in proven ? {identity: anonymous} : proven;
		const {identity, scopes} = asking;
		const rights = rightsOf(identity, client.address);
		// Which repositories somebody may pull from is not what the token of a listing was asked for.
		const isNarrow = scopes !== undefined && request.kind !== 'catalog.list';
		const caller: Caller = {identity, address: client.address, rights: isNarrow ? withinScopes(rights, scopes) : rights};

		/** A token for more helps where its holder may do more; a credential where there was none. */
		const refusalOf = (error: NotAllowed): OciError => {
			const isScopeMissing = scopes !== undefined && !hasScope(scopes, error.action, error.repo);
			const wouldHelp = isScopeMissing && rights.mayWithin(error.action, error.repo).allowed;
			if (!wouldHelp && (identity.kind !== 'anonymous' || isOpen)) return error;
			const insufficient = scopes === undefined ? undefined : 'insufficient_scope';
			return unauthorized({url: client.url, request, message: error.message, error: insufficient});
		};

		const {allowed, reason} = decide(request, {...asking, rights: caller.rights, isOpen});
		if (allowed) return {caller, why: reason, refusalOf};
		if ('repo' in request) return {refusal: refusalOf(new NotAllowed(actionOf(request), request.repo, {reason})), identity, why: reason};
		const error = scopes === undefined ? undefined : 'insufficient_scope';
		return {refusal: unauthorized({url: client.url, request, message: reason, error}), identity, why: reason};
	};
};

type Asked = Asking & {rights: Rights; isOpen: boolean};

/** What shows before anything is read of a body or a store. Rights by tag are for the registry, which knows what a request comes to. */
const decide = (request: OciRequest, {identity, scopes, rights, isOpen}: Asked): Decision => {
	if ('repo' in request) return rights.mayWithin(actionOf(request), request.repo);
	if (isOpen) return {allowed: true, reason: 'LAYERCACHE_AUTH=none'};
	if (identity.kind === 'anonymous' && !(request.kind === 'ping' && scopes)) return {allowed: false, reason: 'this needs a log-in'};
	if (request.kind === 'catalog.list' && scopes && !hasCatalogScope(scopes))
		return {allowed: false, reason: 'the token was not asked for to list repositories'};
	return {allowed: true, reason: 'whoever has logged in may ask this'};
};

/** Everything that is asked of a repository needs a right there. */
export const actionOf = (request: OciRequest & {repo: RepositoryName}): Action => endpoints[request.kind].action as Action;
