/** Tags that a rule names for others: `main`, `pr-{number}-*`, `{base}`. */
import {nameOf, PatternInvalid, type PatternToken, tokenize} from './patternTokens.ts';
import {globExpression} from './refPattern.ts';

export type TagTemplate = {
	text: string;
	/** Its `{names}`. */
	names: readonly string[];
	/** Whether it means any number of tags. */
	isGlob: boolean;
	/** The tag or glob, as tokens without names; `unknown` is a name that has no value here. */
	fill(values: Readonly<Record<string, string | undefined>>): {tokens: readonly PatternToken[]} | {unknown: string};
};

/** Throws PatternInvalid. */
export const parseTagTemplate = (text: string): TagTemplate => {
	const tokens = tokenize(text, {slashes: false});
	const names = tokens.filter(({kind}) => kind === 'name').map(nameOf);
	const globs = tokens.filter(({kind}) => kind === 'glob');
	for (const glob of globs) globExpression(glob.text);
	return {
		text,
		names,
		isGlob: globs.length > 0,
		fill(values) {
			const unknown = names.find(name => values[name] === undefined);
			if (unknown !== undefined) return {unknown};
			return {tokens: tokens.map(token => (token.kind === 'name' ? {kind: 'text', text: String(values[nameOf(token)])} : token))};
		},
	};
};

/** One tag, and no glob. Throws PatternInvalid. */
export const parseSingleTag = (text: string): TagTemplate => {
	const template = parseTagTemplate(text);
	if (template.isGlob)
		throw new PatternInvalid('names several tags: a fallback is one tag, which is tried in its turn; `union` takes globs');
	return template;
};
