/** The rules of the policy, applied to one tag: for each aspect the first rule that matches and speaks of it decides. */
import {LRUCache} from 'lru-cache';
import {isTagText, type RepositoryName, type Tag} from 'oci-spec-types';
import type {PatternToken} from '../config/patternTokens.ts';
import type {Policy, RefRule} from '../config/policy.ts';
import {globExpression, literalPrefix} from '../config/refPattern.ts';
import type {TagTemplate} from '../config/tagTemplate.ts';
import type {Expiry, HeadBounds, RefBehaviour, RefRules, TagSource} from './refBehaviour.ts';
import {namedBases} from './refSyntax.ts';

/** `policy` is asked each time; what a policy says of a tag is worked out once. */
export const createRefRules = (policy: () => Policy): RefRules => {
	let worked = {policy: policy(), behaviours: new LRUCache<string, RefBehaviour>({max: rememberedTags})};
	const inForce = () => {
		if (policy() !== worked.policy) worked = {policy: policy(), behaviours: new LRUCache({max: rememberedTags})};
		return worked;
	};
	const someRule = (repo: RepositoryName, speaks: (rule: RefRule) => boolean) =>
		policy().refs.some(rule => speaks(rule) && rule.match.matchesRepository(repo));
	return {
		behaviourOf(repo, tag) {
			const {policy, behaviours} = inForce();
			const key = `${repo}:${tag}`;
			const known = behaviours.get(key);
			if (known) return known;
			const {behaviour} = decide(policy.refs, repo, tag);
			behaviours.set(key, behaviour);
			return behaviour;
		},
		mergesIn: repo => someRule(repo, ({onPush}) => onPush === 'merge'),
	};
};

/** Each aspect of a behaviour, and what a rule says of it. */
const says = {
	fallback: rule => rule.fallback,
	union: rule => rule.union,
	protect: rule => rule.protect,
	onPush: rule => rule.onPush,
	onDenied: rule => rule.onDenied,
	typeS3: rule => rule.typeS3,
	heads: rule => rule.heads,
	// Conditions of one rule hold together, so they are one aspect: those of two rules would say what neither says.
	expire: rule => rule.expire ?? rule.keep?.newest,
	superseded: rule => rule.keep?.superseded,
	untagged: rule => rule.untagged,
} satisfies Record<string, (rule: RefRule) => unknown>;

export type Aspect = keyof typeof says;
export const aspects = Object.keys(says) as readonly Aspect[];

/** Where a behaviour comes from. */
export type Decision = {
	/** The tag that the rules were asked about: without `..` and what follows. */
	subject: Tag;
	bases: readonly Tag[];
	behaviour: RefBehaviour;
	/** Each rule, in order, and why it does not apply. */
	rules: readonly {rule: RefRule; differs?: 'repository' | 'tag'}[];
	/** The rule that decided; none where the default holds. */
	decidedBy: {readonly [A in Aspect]: RefRule | undefined};
	/** Entries of `fallback` and `union` that name nothing here. */
	omitted: readonly {aspect: 'fallback' | 'union'; text: string; because: string}[];
};

/** What the rules say of a tag, and why. */
export const decide = (refs: readonly RefRule[], repo: RepositoryName, tag: Tag): Decision => {
	const {mine, bases} = namedBases(tag) ?? {mine: tag, bases: []};
	const tried = refs.map(rule => ({rule, ...rule.match.match(repo, mine)}));
	const matching = tried.flatMap(attempt => ('named' in attempt ? [attempt] : []));
	const deciding = (aspect: Aspect) => matching.find(({rule}) => says[aspect](rule) !== undefined);
	const untagged = untaggedRule(refs, repo);

	const omitted: Decision['omitted'][number][] = [];
	const sourcesOf = (aspect: 'fallback' | 'union'): TagSource[] => {
		const decided = deciding(aspect);
		const values = {...decided?.named, tag: mine, base: bases[0]};
		return (decided?.rule[aspect] ?? []).flatMap(template => {
			const source = sourceOf(template, values);
			if (typeof source !== 'string') return [source];
			omitted.push({aspect, text: template.text, because: source});
			return [];
		});
	};
	const {count, age, size} = deciding('heads')?.rule.heads ?? {};
	const asked = tag === mine ? [] : [mine, ...bases];
	const chain = [...asked, ...sourcesOf('fallback').flatMap(source => ('tag' in source ? [source.tag] : []))];
	return {
		subject: mine,
		bases,
		behaviour: {
			fallback: [...new Set(chain)].filter(other => other !== tag),
			// The union of `feature-x..main` is that of `feature-x`, which is then one more of its sources.
			union: withMine(sourcesOf('union'), tag === mine ? [] : [{tag: mine}]),
			protect: deciding('protect')?.rule.protect ?? false,
			onPush: deciding('onPush')?.rule.onPush ?? 'replace',
			onDenied: deciding('onDenied')?.rule.onDenied ?? 'refuse',
			typeS3: deciding('typeS3')?.rule.typeS3 ?? false,
			heads: {count: count ?? defaultHeads.count, ageMs: age ?? defaultHeads.ageMs, bytes: size ?? defaultHeads.bytes},
			expire: expiryOf(deciding('expire')?.rule),
			keepSuperseded: deciding('superseded')?.rule.keep?.superseded ?? 0,
			untaggedMs: untagged?.untagged ?? 0,
		},
		rules: tried.map(attempt => ({rule: attempt.rule, ...('differs' in attempt && {differs: attempt.differs})})),
		decidedBy: {
			...(Object.fromEntries(aspects.map(aspect => [aspect, deciding(aspect)?.rule])) as Decision['decidedBy']),
			untagged,
		},
		omitted,
	};
};

/** What no tag leads to has none to be matched by: the first rule that speaks of it and means any tag of the repository. */
export const untaggedRule = (refs: readonly RefRule[], repo: RepositoryName): RefRule | undefined =>
	refs.find(rule => rule.untagged !== undefined && rule.match.matchesRepository(repo));

const expiryOf = (rule: RefRule | undefined): Expiry | undefined => {
	const {age, idle} = rule?.expire ?? {};
	const newest = rule?.keep?.newest;
	return (age ?? idle ?? newest) ? {ageMs: age, idleMs: idle, newest} : undefined;
};

/** Each source once: whatever is named twice would be read twice. */
const withMine = (union: readonly TagSource[], mine: readonly TagSource[]): TagSource[] => {
	const sources = union.length > 0 ? [...mine, ...union] : [];
	return [...new Map(sources.map(source => ['tag' in source ? source.tag : source.glob, source] as const)).values()];
};

// A large matrix, the work of a sprint, and what one import can make use of.
const defaultHeads: HeadBounds = {count: 64, ageMs: 14 * 86_400_000, bytes: 50e9};
const rememberedTags = 5000;

/** What a template means for this tag, or why it means nothing. */
const sourceOf = (template: TagTemplate, values: Readonly<Record<string, string | undefined>>): TagSource | string => {
	const filled = template.fill(values);
	if ('unknown' in filled) return filled.unknown === 'base' ? 'nothing follows `..` in the tag' : `{${filled.unknown}} is nothing here`;
	const text = filled.tokens.map(token => token.text).join('');
	if (template.isGlob) return globSource(text, filled.tokens);
	return isTagText(text) ? {tag: text} : `${text} is no tag`;
};

const globSource = (glob: string, tokens: readonly PatternToken[]): TagSource => {
	const expression = globExpression(glob);
	return {glob, prefix: literalPrefix(tokens), matches: tag => expression.test(tag)};
};
