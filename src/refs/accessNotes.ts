/** What is odd about rights: tags that answer what their readers may not pull, or what others may push; and rules that say too little. */
import {isRepositoryName, isTagText, type RepositoryName, type Tag} from 'oci-spec-types';
import {type Able, createThoseWho, type ThoseWho} from '../auth/thoseWho.ts';
import type {AccessRule} from '../config/access.ts';
import {sampleOf, tokenize} from '../config/patternTokens.ts';
import type {Policy, RefRule} from '../config/policy.ts';
import type {TagSource} from './refBehaviour.ts';
import {type Decision, decide} from './refRules.ts';

/** `line` of what it is about. */
export type AccessNote = {line: number; message: string};

/** Found by trying one ref of each pattern: what holds for that need not hold for each, so this advises and refuses nothing. */
export const accessNotes = (policy: Policy): AccessNote[] => {
	const {access} = policy;
	if (!access) return undecided(policy);
	const thoseWho = createThoseWho(policy);
	const ofSources = policy.refs.flatMap(rule =>
		triedRefs(rule, access).flatMap(([repo, tag]) => sourceNotes(policy, repo, tag, {thoseWho, only: rule})),
	);
	const all = [...ofSources, ...access.flatMap(rule => ruleNotes(rule, thoseWho))];
	return [...new Map(all.map(note => [`${note.line} ${note.message}`, note])).values()];
};

/** What a ref answers, held against the rights of those who read it and of those who write its sources; of one rule, where one is given. */
export const sourceNotes = (
	policy: Policy,
	repo: RepositoryName,
	tag: Tag,
	{thoseWho = createThoseWho(policy), only}: {thoseWho?: ThoseWho; only?: RefRule} = {},
): AccessNote[] => {
	const decision = decide(policy.refs, repo, tag);
	return sourcesOf(decision, only).flatMap(({rule, source}) => {
		const [text, sample] = 'tag' in source ? [source.tag, source.tag] : [source.glob, sampleOf(tokenize(source.glob, {slashes: false}))];
		if (!isTagText(sample) || sample === decision.subject) return [];
		const unreadable = thoseWho('pull', repo, tag).filter(({rights}) => !rights.may('pull', repo, sample).allowed);
		const foreign = decision.behaviour.protect ? thoseWho('push', repo, sample).filter(able => !mayMove(able, repo, decision.subject)) : [];
		return [
			...unreadable.map(({rule: {line}}) => ({
				line: rule.line,
				message: `${rule.match.text} answers ${text}, which those whom line ${line} allows to pull it may not pull: they are answered without it`,
			})),
			...foreign.map(({rule: {line}}) => ({
				line: rule.line,
				message: `${rule.match.text} is protected and answers ${text}, to which line ${line} allows others to push: they decide what it answers`,
			})),
		];
	});
};

const mayMove = ({rights}: Able, repo: RepositoryName, tag: Tag): boolean =>
	rights.may('push', repo, tag).allowed && rights.may('protect', repo, tag).allowed;

type RuledSource = {rule: RefRule; source: TagSource};

const sourcesOf = ({behaviour, decidedBy}: Decision, only: RefRule | undefined): RuledSource[] => {
	const given: [RefRule | undefined, readonly TagSource[]][] = [
		[decidedBy.union, behaviour.union],
		[decidedBy.fallback, behaviour.fallback.map(tag => ({tag}))],
	];
	return given.flatMap(([rule, sources]) => (rule && (!only || rule === only) ? sources.map(source => ({rule, source})) : []));
};

/** Of the rule, and of those of `access`, as far as the rule means them. */
const triedRefs = ({match}: RefRule, access: readonly AccessRule[]): [RepositoryName, Tag][] => {
	const samples = [match.sample, ...access.flatMap(({on}) => on.map(({sample}) => sample))];
	const repositories = [...new Set(samples.map(({repository}) => repository).filter(match.matchesRepository))].slice(0, mostTried);
	const tags = [...new Set(samples.map(({tag}) => tag))].slice(0, mostTried);
	return repositories.flatMap(repository => tags.map(tag => [repository, tag] as const)).filter(isMet(match));
};

const mostTried = 50;

const isMet =
	(match: RefRule['match']) =>
	(pair: readonly [string, string]): pair is [RepositoryName, Tag] =>
		isRepositoryName(pair[0]) && isTagText(pair[1]) && 'named' in match.match(...pair);

const ruleNotes = ({line, may, on}: AccessRule, thoseWho: ThoseWho): AccessNote[] =>
	on.flatMap(({text, sample: {repository, tag}, unclear}): AccessNote[] => {
		if (unclear)
			return [{line, message: `${text} has ${unclear} with no / between them: values of different identities can make the same ref`}];
		if (!may.includes('push') || !isRepositoryName(repository) || !isTagText(tag)) return [];
		const able = thoseWho('push', repository, tag).find(({rule}) => rule.line === line);
		if (!able || able.rights.may('pull', repository, tag).allowed) return [];
		return [{line, message: `it allows to push to ${text} and not to pull it: builders look at a tag before they push to it`}];
	});

const undecided = ({issuers}: Policy): AccessNote[] =>
	Object.keys(issuers).length === 0
		? []
		: [{line: 1, message: 'there are issuers and no `access`: without that, identities of issuers may do nothing'}];
