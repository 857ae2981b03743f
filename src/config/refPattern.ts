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
	const {repository, tag} = halvesOf(text);
	return refPatternOf(text, {
		names: [namesIn(repository), namesIn(tag)],
		repository: sourceOf(repository),
		tag: sourceOf(tag),
		sample: {repository: sampleOf(repository), tag: sampleOf(tag)},
	});
};

/** The two patterns in a text such as `ci/**:main`. Throws PatternInvalid. */
export const halvesOf = (text: string): {repository: readonly PatternToken[]; tag: readonly PatternToken[]} => {
	const [repositories = '', tags, ...more] = text.split(':');
	if (tags === undefined || more.length > 0)
		throw new PatternInvalid('must be a pattern of repositories and one of tags with a colon between them, such as "ci/**:main"');
	return {repository: tokensOf('repository', repositories, true), tag: tokensOf('tag', tags, false)};
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

/** The source of an expression for whole names, with `sourceOfName` in the place of each name. Throws PatternInvalid. */
export const expressionOf = (tokens: readonly PatternToken[], sourceOfName: (name: string) => string): string => {
	// picomatch has no names: each is a text that no pattern has, and then what stands for it. In one pass: what stands for one is no name.
	const glob = tokens.map(token => (token.kind === 'name' ? `~${nameOf(token)}~` : token.text)).join('');
	return globExpression(glob).source.replace(/~(\w+)~/g, (_, name: string) => sourceOfName(name));
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

export const namesIn = (tokens: readonly PatternToken[]) => tokens.filter(({kind}) => kind === 'name').map(nameOf);

const sourceOf = (tokens: readonly PatternToken[]): string => expressionOf(tokens, name => `(?<${name}>[^/]+?)`);

const tokensOf = (what: string, pattern: string, slashes: boolean): PatternToken[] => {
	try {
		return tokenize(pattern, {slashes});
	} catch (error) {
		if (error instanceof PatternInvalid) throw new PatternInvalid(`the ${what} pattern ${error.message}`);
		throw error;
	}
};
