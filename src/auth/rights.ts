/** What somebody may do, and why: the words in which HTTP, refs and the audit speak of rights. */
import {OciError, type RepositoryName, type Tag} from 'oci-spec-types';
import type {Action} from '../config/actions.ts';
import type {Identity} from './identity.ts';

/** `reason` names the rule that allows it and its line, or says what is missing; for whoever asked, and for the audit. */
export type Decision = {readonly allowed: boolean; readonly reason: string};

/** What one identity at one address may do, by the policy that is in force now. Cheap: what was decided is remembered. */
export type Rights = {
	may(action: Action, repo: RepositoryName, tag: Tag): Decision;
	/** With some tag of the repository: what is asked of blobs, digests and the scopes of a token. */
	mayWithin(action: Action, repo: RepositoryName): Decision;
	/** The admin API and the dashboard. */
	isAdministrator(): Decision;
};

/** Who asks, from where, and what that allows. */
export type Caller = {readonly identity: Identity; readonly address: string; readonly rights: Rights};

/** Whoever asks may not do this. Without a credential, one may help. */
export class NotAllowed extends OciError {
	readonly action: Action;
	readonly repo: RepositoryName;
	/** `advice` follows the reason, where there is any. */
	constructor(action: Action, repo: RepositoryName, {reason, tag, advice}: {reason: string; tag?: Tag; advice?: string}) {
		super('DENIED', {action, name: repo, ...(tag && {tag})}, {message: advice ? `${reason}: ${advice}` : reason});
		this.action = action;
		this.repo = repo;
	}
}
