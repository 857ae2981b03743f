/** The refs of a rule of `access`: `ci/{app}:pr-{pr}`, a pattern into which values are put that come from outside, as they are. */
import {isRepositoryName, isTagText} from 'oci-spec-types';
import {nameOf, type PatternToken, sampleOf} from './patternTokens.ts';
import {expressionOf, halvesOf, namesIn} from './refPattern.ts';

export type RefTemplate = {
	text: string;
	/** Its `{names}`. */
	names: readonly string[];
	/** Each value stands for nothing but itself, whatever letters it has, in the repository's half in lower case. `unfit` says why no ref comes of it. */
	fill(values: Readonly<Record<string, string>>): FilledRef | {unfit: string};
	/** Values with which it means this ref; undefined where it means it for nobody. */
	valuesFor(repo: string, tag: string): Readonly<Record<string, string>> | undefined;
	/** A ref that it means for somebody. */
	sample: FilledRef['sample'];
	/** Two names with nothing between them that their values cannot have: those of different identities may make one ref. */
	unclear: string | undefined;
};

/** Refs that a rule means for somebody. */
export type FilledRef = {
	text: string;
	matches(repo: string, tag: string): boolean;
	/** Whether it means any tag of this repository. */
	matchesRepository(repo: string): boolean;
	/** A ref that it means. */
	sample: {repository: string; tag: string};
};

/** Throws PatternInvalid. */
export const parseRefTemplate = (text: string): RefTemplate => {
	const halves = halvesOf(text);
	// Proven now, and not when somebody asks.
	const [repositories, tags] = [takingExpression(halves.repository), takingExpression(halves.tag)];
	return {
		text,
		names: [...new Set([...namesIn(halves.repository), ...namesIn(halves.tag)])],
		fill(values) {
			const lower = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, lowerCased(value)]));
			const [repository, tag] = [filled(halves.repository, lower), filled(halves.tag, values)];
			const sample = {repository: sampleOf(repository.literal), tag: sampleOf(tag.literal)};
			if (!isRepositoryName(sample.repository)) return {unfit: unfit(halves.repository, lower, 'repository')};
			if (!isTagText(sample.tag)) return {unfit: unfit(halves.tag, values, 'tag')};
			return {
				text: `${textOf(repository.literal)}:${textOf(tag.literal)}`,
				matches: (repo, tagText) => repository.expression.test(repo) && tag.expression.test(tagText),
				matchesRepository: repo => repository.expression.test(repo),
				sample,
			};
		},
		valuesFor(repo, tag) {
			const [first, second] = [taken(repositories, repo), taken(tags, tag)];
			const isOne = Object.entries(first ?? {}).every(([name, value]) => lowerCased(second?.[name] ?? value) === value);
			return first && second && isOne ? {...first, ...second} : undefined;
		},
		sample: {repository: sampleOf(halves.repository), tag: sampleOf(halves.tag)},
		unclear: unclearIn(halves.repository) ?? unclearIn(halves.tag),
	};
};

/** The ref that means all others. */
export const everyRef = '**:*';

/** `literal`: with texts in the place of names. */
const filled = (tokens: readonly PatternToken[], values: Readonly<Record<string, string>>) => ({
	expression: new RegExp(expressionOf(tokens, name => RegExp.escape(values[name] as string))),
	literal: tokens.map((token): PatternToken => (token.kind === 'name' ? {kind: 'text', text: values[nameOf(token)] as string} : token)),
});

// ASCII alone: elsewhere there are letters that become one of a-z.
const lowerCased = (value: string) => value.replace(/[A-Z]/g, letter => letter.toLowerCase());

/** Its groups are the names; where one stands twice, what it stands for is the same. */
const takingExpression = (tokens: readonly PatternToken[]): RegExp => {
	const seen = new Set<string>();
	return new RegExp(expressionOf(tokens, name => (seen.size < seen.add(name).size ? `(?<${name}>.+?)` : `\\k<${name}>`)));
};

const taken = (expression: RegExp, text: string): Readonly<Record<string, string>> | undefined => {
	const found = expression.exec(text);
	return found ? {...found.groups} : undefined;
};

/** A value may have a slash only in the half of the repository, and most have none: a slash parts two of them. */
const unclearIn = (tokens: readonly PatternToken[]): string | undefined => {
	let before: string | undefined;
	for (const {kind, text} of tokens) {
		if (kind === 'text' && text.includes('/')) before = undefined;
		if (kind !== 'name') continue;
		if (before !== undefined) return `${before} and ${text}`;
		before = text;
	}
	return undefined;
};

const textOf = (tokens: readonly PatternToken[]) => tokens.map(({text}) => text).join('');

const unfit = (tokens: readonly PatternToken[], values: Readonly<Record<string, string>>, what: string): string => {
	const given = [...new Set(namesIn(tokens))].map(name => `{${name}} is ${shown(values[name] as string)}`);
	return `${given.join(' and ')}, which makes no name of a ${what}`;
};

/** Values come from outside, and reasons go into headers and logs. */
const shown = (value: string): string => {
	const text = JSON.stringify(value.length > longestShown ? `${value.slice(0, longestShown)}…` : value);
	return text.replace(/[^ -~]/g, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
};

const longestShown = 64;
