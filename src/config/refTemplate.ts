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
	for (const half of Object.values(halves)) expressionOf(half, () => 'x');
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
