/** Which refs a rule means: `ci/**:pr-{number}`, a glob of repositories and one of tags, with parts that the rule uses again by name. */
import picomatch from 'picomatch';
import {nameOf, PatternInvalid, type PatternToken, sampleOf, tokenize} from './patternTokens.ts';

export type RefPattern = {
	text: string;
	/** Its `{names}`. */
	names: readonly string[];
	match(repo: string, tag: string): RefMatch;
	/** A ref that it means. */
	sample: {repository: string; tag: string};
	/** Whether it means any tag of this repository. */
	matchesRepository(repo: string): boolean;
	/** The names that it has in the half of the repository, and what they stand for in this one; undefined where it means no tag of it. */
	repositoryNames: readonly string[];
	namedInRepository(repo: string): Readonly<Record<string, string>> | undefined;
};
/** `named` has what each `{name}` stands for in this ref. */
export type RefMatch = {named: Readonly<Record<string, string>>} | {differs: 'repository' | 'tag'};

/** Names that every rule knows: the tag that is asked for, and what follows `..` in it. */
export const givenNames = ['tag', 'base'] as const;

/** Throws PatternInvalid. */
export const parseRefPattern = (text: string): RefPattern => {
	const [repositories = '', tags, ...more] = text.split(':');
	if (tags === undefined || more.length > 0)
		throw new PatternInvalid('must be a pattern of repositories and one of tags with a colon between them, such as "ci/**:main"');
	const halves = [tokensOf('repository', repositories, true), tokensOf('tag', tags, false)] as const;
	return refPatternOf(text, {
		names: [namesIn(halves[0]), namesIn(halves[1])],
		repository: sourceOf(halves[0]),
		tag: sourceOf(halves[1]),
		sample: {repository: sampleOf(repositories, {slashes: true}), tag: sampleOf(tags, {slashes: false})},
	});
};

/** `names`: of the groups of the two expressions, which are for whole names. */
type PatternParts = {
	names: readonly [repository: readonly string[], tag: readonly string[]];
	repository: string;
	tag: string;
	sample: RefPattern['sample'];
};

/** Throws PatternInvalid. */
export const refPatternOf = (text: string, {names: [repositoryNames, tagNames], sample, ...sources}: PatternParts): RefPattern => {
	const names = [...repositoryNames, ...tagNames];
	for (const [index, name] of names.entries()) {
		if (names.indexOf(name) < index) throw new PatternInvalid(`has {${name}} twice`);
		if (givenNames.some(given => given === name)) throw new PatternInvalid(`cannot name a part {${name}}: every rule has that already`);
	}
	const [repository, tag] = [compiled(sources.repository), compiled(sources.tag)];
	return {
		...{text, names, repositoryNames, sample},
		match(repo, tagText) {
			const inRepository = repository.exec(repo);
			if (!inRepository) return {differs: 'repository'};
			const inTag = tag.exec(tagText);
			return inTag ? {named: {...inRepository.groups, ...inTag.groups}} : {differs: 'tag'};
		},
		matchesRepository: repo => repository.test(repo),
		namedInRepository(repo) {
			const found = repository.exec(repo);
			return found ? {...found.groups} : undefined;
		},
	};
};

const compiled = (source: string): RegExp => {
	try {
		return new RegExp(source);
	} catch (error) {
		if (error instanceof SyntaxError) throw new PatternInvalid(`is no regular expression: ${error.message}`);
		throw error;
	}
};

/** A glob without names. Throws PatternInvalid. */
export const globExpression = (glob: string): RegExp => {
	try {
		return picomatch.makeRe(glob, globOptions);
	} catch (error) {
		if (error instanceof SyntaxError) throw new PatternInvalid(`${glob} has a range that runs backwards`);
		throw error;
	}
};

/** The letters before the first that may vary. */
export const literalPrefix = (tokens: readonly PatternToken[]): string => {
	const end = tokens.findIndex(({kind}) => kind !== 'text');
	return tokens
		.slice(0, end === -1 ? tokens.length : end)
		.map(({text}) => text)
		.join('');
};

// Names have no hidden files, and extended globs can take for ever. The fast paths escape more than they must. `debug` throws, where
// picomatch makes an expression that matches nothing.
const globOptions = {dot: true, noextglob: true, nonegate: true, strictSlashes: true, fastpaths: false, debug: true};

const namesIn = (tokens: readonly PatternToken[]) => tokens.filter(({kind}) => kind === 'name').map(nameOf);

const sourceOf = (tokens: readonly PatternToken[]): string => {
	// picomatch has no names: each is a text that no pattern has, and then a group of the expression.
	const glob = tokens.map(token => (token.kind === 'name' ? placeholder(nameOf(token)) : token.text)).join('');
	const {source} = globExpression(glob);
	return namesIn(tokens).reduce((known, name) => known.replace(placeholder(name), `(?<${name}>[^/]+?)`), source);
};

const placeholder = (name: string) => `~${name}~`;

const tokensOf = (what: string, pattern: string, slashes: boolean): PatternToken[] => {
	try {
		return tokenize(pattern, {slashes});
	} catch (error) {
		if (error instanceof PatternInvalid) throw new PatternInvalid(`the ${what} pattern ${error.message}`);
		throw error;
	}
};
