/** Holes in a protection where there are no rules of access: a protected tag that answers what anyone may push to another. */
import {type RepositoryName, repositoryNameSchema, tagSchema} from 'oci-spec-types';
import {sampleOf, tokenize} from '../config/patternTokens.ts';
import type {Policy, RefRule} from '../config/policy.ts';
import type {TagSource} from './refBehaviour.ts';
import {decide} from './refRules.ts';

/** `rule` lets a tag that is protected answer what is in `source`, which is not. */
export type OpenSource = {rule: RefRule; source: string};

/** Found by trying one ref of each pattern: what holds for that need not hold for each, so this advises and refuses nothing. */
export const openSources = ({refs, access}: Pick<Policy, 'refs' | 'access'>): OpenSource[] =>
	(access ? [] : refs).flatMap(rule => {
		const [repo, tag] = [repositoryNameSchema.safeParse(rule.match.sample.repository), tagSchema.safeParse(rule.match.sample.tag)];
		if (!repo.success || !tag.success) return [];
		const {behaviour, decidedBy} = decide(refs, repo.data, tag.data);
		if (!behaviour.protect) return [];
		const sources: TagSource[] = [
			...(decidedBy.union === rule ? behaviour.union : []),
			...(decidedBy.fallback === rule ? behaviour.fallback.map(other => ({tag: other})) : []),
		];
		const open = sources.filter(source => !isProtected(refs, repo.data, source));
		return [...new Set(open.map(source => ('tag' in source ? source.tag : source.glob)))].map(source => ({rule, source}));
	});

const isProtected = (refs: readonly RefRule[], repo: RepositoryName, source: TagSource): boolean => {
	const sample = tagSchema.safeParse('tag' in source ? source.tag : sampleOf(tokenize(source.glob, {slashes: false})));
	return !sample.success || decide(refs, repo, sample.data).behaviour.protect;
};
