/** Why somebody may or may not do something: each rule of the policy, held against who asks. Nothing is proven here. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import type {Action} from '../config/actions.ts';
import type {Policy} from '../config/policy.ts';
import {isAmong} from '../lib/addressRanges.ts';
import {meaningOf} from './accessRules.ts';
import {type Decision, decideBy, groundsOf} from './grounds.ts';
import type {Identity} from './identity.ts';

export type AccessExplanation = {
	decisions: readonly (Decision & {action: Action})[];
	/** In the order of the policy; `because` where a rule does not mean whoever asks, `on` as it means them. */
	rules: readonly {line: number; may: readonly Action[]; on?: readonly string[]; unfit?: readonly string[]; because?: string}[];
};

export type AccessQuestion = {
	identity: Identity;
	address: string;
	/** LAYERCACHE_AUTH=none. */
	isOpen: boolean;
	repo: RepositoryName;
	tag: Tag;
	actions: readonly Action[];
};

export const explainAccess = ({access}: Policy, {identity, address, isOpen, repo, tag, actions}: AccessQuestion): AccessExplanation => {
	const isThere = (ranges: readonly string[] = []) => isAmong(ranges)(address);
	const grounds = groundsOf(identity, {access, isOpen, isThere: ({who}) => isThere(who.addresses)});
	return {
		decisions: actions.map(action => ({
			action,
			...(action === 'admin' ? decideBy(grounds, action) : decideBy(grounds, action, repo, tag)),
		})),
		rules: (access ?? []).map(({line, may, who, on}) => {
			const meaning = meaningOf({who, on}, identity, () => isThere(who.addresses));
			if ('because' in meaning) return {line, may, because: meaning.because};
			return {line, may, on: meaning.refs.map(({text}) => text), unfit: meaning.unfit};
		}),
	};
};
