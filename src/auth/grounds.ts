/** What an identity's rights rest on, and what follows from that for one question. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import type {AccessRule} from '../config/access.ts';
import type {Action} from '../config/actions.ts';
import {PatternInvalid} from '../config/patternTokens.ts';
import {parseRefPattern} from '../config/refPattern.ts';
import {everyRef, type FilledRef} from '../config/refTemplate.ts';
import {meaningOf} from './accessRules.ts';
import type {Grant, Identity} from './identity.ts';

/** `reason` names the rule that allows it and its line, or says what is missing; for whoever asked, and for the audit. */
export type Decision = {readonly allowed: boolean; readonly reason: string};

export type Grounds = {
	/** As the middle of a sentence has it. */
	who: string;
	allowing: readonly Ground[];
	/** Rules that mean the identity, but for what its claims make of their refs. */
	unfit: readonly {may: readonly Action[]; source: string; because: string}[];
	/** Why there is nothing else. */
	rest: string;
};
type Ground = {may: readonly Action[]; source: string; ref: Pick<FilledRef, 'text' | 'matches' | 'matchesRepository'>};

export type GroundsOptions = {
	/** Undefined where the policy has no such section. */
	access: readonly AccessRule[] | undefined;
	isOpen: boolean;
	/** Whether the address is one of the rule's. */
	isThere: (rule: AccessRule) => boolean;
};

export const groundsOf = (identity: Identity, {access, isOpen, isThere}: GroundsOptions): Grounds => {
	const who = identity.kind === 'anonymous' ? 'a client that is not logged in' : identity.name;
	if (identity.kind === 'administrator') return {who, ...everything(actionsOfAdministrator, 'LAYERCACHE_ADMIN_TOKEN'), rest: ''};
	if (identity.grants) return {who, ...granted(identity.grants), rest: 'it was made for nothing else'};
	if (!access) return {who, ...byDefault(identity, isOpen)};
	const meant = access.map(rule => ({rule, source: sourceOf(rule), meaning: meaningOf(rule, identity, () => isThere(rule))}));
	const meaning = meant.flatMap(({rule, source, meaning}) => ('because' in meaning ? [] : [{may: rule.may, source, ...meaning}]));
	return {
		who,
		allowing: meaning.flatMap(({may, source, refs}) => refs.map(ref => ({may, source, ref}))),
		unfit: meaning.flatMap(({may, source, unfit}) => unfit.map(because => ({may, source, because}))),
		rest: 'no rule of the policy allows it that',
	};
};

/** Without `tag`: with some tag of the repository; without either: in the whole registry. */
export const decideBy = (grounds: Grounds, action: Action, repo?: RepositoryName, tag?: Tag): Decision => {
	const able = grounds.allowing.filter(({may}) => may.includes(action));
	const meets = ({ref}: Ground) => {
		if (repo === undefined) return ref.text === everyRef;
		return tag === undefined ? ref.matchesRepository(repo) : ref.matches(repo, tag);
	};
	const ground = able.find(meets);
	const what = tag === undefined ? doing[action].some(String(repo)) : doing[action].one(`${repo}:${tag}`);
	if (ground) return {allowed: true, reason: `${ground.source} allows ${grounds.who} to ${what}`};
	const unfit = grounds.unfit.find(({may}) => may.includes(action));
	const why = [
		...(able.length > 0 ? [`it may ${doing[action].one(listOf(able))}`] : []),
		...(unfit ? [`${unfit.source} is for it, but ${unfit.because}`] : []),
	];
	return {allowed: false, reason: `${grounds.who} may not ${what}; ${why.join('; ') || grounds.rest}`};
};

export const sourceOf = ({line}: AccessRule): string => `line ${line} of the policy`;

const doing: {readonly [A in Action]: {one: (ref: string) => string; some: (repo: string) => string}} = {
	pull: {one: ref => `pull ${ref}`, some: repo => `pull from ${repo}`},
	push: {one: ref => `push to ${ref}`, some: repo => `push to ${repo}`},
	delete: {one: ref => `delete ${ref}`, some: repo => `delete anything in ${repo}`},
	protect: {one: ref => `move or delete the protected ${ref}`, some: repo => `move or delete what is protected in ${repo}`},
	admin: {one: () => 'administer the registry', some: () => 'administer the registry'},
};

const listOf = (grounds: readonly Ground[]): string => {
	const texts = [...new Set(grounds.map(({ref}) => ref.text))];
	return `${texts.slice(0, namedRefs).join(', ')}${texts.length > namedRefs ? ` and ${texts.length - namedRefs} more` : ''}`;
};

const namedRefs = 3;

const everything = (may: readonly Action[], source: string): Pick<Grounds, 'allowing' | 'unfit'> => ({
	allowing: [{may, source, ref: {text: everyRef, matches: () => true, matchesRepository: () => true}}],
	unfit: [],
});

/** Their patterns were proven when the token was made; one that an older layercache took and this one does not allows nothing. */
const granted = (grants: readonly Grant[]): Pick<Grounds, 'allowing' | 'unfit'> => ({
	allowing: grants.flatMap(({may, on}) =>
		on.flatMap(text => grantedRef(text).map(ref => ({may, source: 'what the token was made for', ref}))),
	),
	unfit: [],
});

const grantedRef = (text: string): Ground['ref'][] => {
	try {
		const {match, matchesRepository} = parseRefPattern(text);
		return [{text, matches: (repo, tag) => 'named' in match(repo, tag), matchesRepository}];
	} catch (error) {
		if (error instanceof PatternInvalid) return [];
		throw error;
	}
};

const byDefault = ({kind}: Identity, isOpen: boolean): Omit<Grounds, 'who'> => {
	if (isOpen) return {...everything(writing, 'LAYERCACHE_AUTH=none, with no `access` in the policy,'), rest: needsAccess};
	if (kind === 'user' || kind === 'token')
		return {...everything(writing, 'the default, with no `access` in the policy,'), rest: needsAccess};
	return {allowing: [], unfit: [], rest: needsAccess};
};

const needsAccess = 'the policy has no `access` that allows it';
const writing: readonly Action[] = ['pull', 'push', 'delete'];
const actionsOfAdministrator: readonly Action[] = [...writing, 'protect', 'admin'];
