/** Tells the audit what became of a request of the distribution API. */
import {isTag, type OciRequest, type Tag} from 'oci-spec-types';
import type {Audit, AuditEvent} from '../audit/audit.ts';
import type {Rights} from '../auth/rights.ts';
import {type Admission, actionOf} from './authorization.ts';
import type {Exchange} from './exchange.ts';

export type Witness = {
	/** `status` of the answer, where there is one. */
	allowed(status: number | undefined): void;
	refused(why: string, status: number | undefined): void;
	/** What was pushed to this tag is not there, though the answer says nothing of it. */
	discarded(tag: Tag): void;
};

export const createWitness = (audit: Audit, {id, client}: Exchange, request: OciRequest, admission: Admission): Witness => {
	let discards: Set<Tag> | undefined;
	const who = ('refusal' in admission ? admission.identity : admission.caller.identity).name;
	const tell = (on: Subject, allowed: boolean, why: string, status: number | undefined) =>
		audit.record({
			...{what: request.kind, who, from: client.address, on, allowed, why, requestId: id},
			...(status !== undefined && {status}),
			// Where a client wants to take a blob from is what gives an attempt away: the answer is the same.
			...(request.kind === 'upload.mount' && request.from && {input: `from=${request.from}`}),
			...('claimed' in admission && {claimed: admission.claimed}),
		});
	return {
		allowed(status) {
			for (const on of subjectsOf(request)) {
				if (on.tag && discards?.has(on.tag))
					tell(on, false, 'this tag is protected: the push was dropped, and answered like any other', status);
				else tell(on, true, reasonOf(admission, request, on), status);
			}
		},
		refused(why, status) {
			for (const on of subjectsOf(request)) tell(on, false, why, status);
		},
		discarded(tag) {
			discards = (discards ?? new Set()).add(tag);
		},
	};
};

type Subject = NonNullable<AuditEvent['on']> & {tag?: Tag};

const subjectsOf = (request: OciRequest): readonly Subject[] => {
	if (!('repo' in request)) return [{}];
	const {repo} = request;
	if (request.kind === 'manifest.put' && request.tags.length > 0) return request.tags.map(tag => ({repo, tag}));
	const named = 'reference' in request ? request.reference : undefined;
	if (named !== undefined) return [isTag(named) ? {repo, tag: named} : {repo, digest: named}];
	return ['tag' in request ? {repo, tag: request.tag} : 'digest' in request ? {repo, digest: request.digest} : {repo}];
};

/** The right to some tag of a repository lets a request in; which one it needed is known now. */
const reasonOf = (admission: Admission, request: OciRequest, {tag}: Subject): string => {
	const exact = tag && 'caller' in admission ? rightTo(admission.caller.rights, request, tag) : undefined;
	return exact?.allowed ? exact.reason : admission.why;
};

const rightTo = (rights: Rights, request: OciRequest, tag: Tag) =>
	'repo' in request ? rights.may(actionOf(request), request.repo, tag) : undefined;
