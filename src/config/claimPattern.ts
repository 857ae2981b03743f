/** What a claim of an identity must be: `refs/pull/{pr}/merge`, a text with parts that may vary, and that a rule uses again by name. */
import {nameOf, PatternInvalid, type PatternToken} from './patternTokens.ts';

export type ClaimPattern = {
	text: string;
	/** Its `{names}`. */
	names: readonly string[];
	/** What each `{name}` stands for in this value, of which the pattern must mean the whole; undefined where it does not. */
	match(value: string): Readonly<Record<string, string>> | undefined;
	/** A value that it means, with these in the place of names; `x` stands for what is not among them. */
	sampleOf(values: Readonly<Record<string, string>>): string;
};

/**
 * A claim has parts with `/` or `:` between them. `*` and `{name}` are within a part, `**` and `{name...}` go beyond. A part has one
 * of these and a pattern one that goes beyond, so that a value can be taken apart in one way, and soon. Throws PatternInvalid.
 */
export const parseClaimPattern = (text: string): ClaimPattern => {
	const tokens = tokenize(text);
	assertClear(tokens);
	const names = tokens.filter(({kind}) => kind === 'name').map(nameOf);
	const expression = new RegExp(`^${tokens.map(sourceOf).join('')}$`, 's');
	return {
		...{text, names},
		match(value) {
			const found = value.length > longestValue ? undefined : expression.exec(value);
			return found ? {...found.groups} : undefined;
		},
		sampleOf: values =>
			tokens.map(token => (token.kind === 'text' ? token.text : (token.kind === 'name' && values[nameOf(token)]) || 'x')).join(''),
	};
};

// Names of branches and of stacks of groups are shorter; what is longer makes no ref.
const longestValue = 1024;

const tokenize = (text: string): PatternToken[] => {
	if (text === '') throw new PatternInvalid('is empty; `**` is any');
	const tokens = [...text.matchAll(/\{[A-Za-z][A-Za-z0-9]*(?:\.{3})?\}|\*+|[^*{}]+|[{}]/g)].map(([token]) => tokenOf(token));
	const odd = tokens.find(({kind, text}) => (kind === 'text' ? /[{}]/.test(text) : text.length > 2 && text.startsWith('*')));
	if (odd) throw new PatternInvalid(`has ${odd.text} where only texts and *, **, {name} and {name...} may stand`);
	return tokens;
};

const tokenOf = (text: string): PatternToken => {
	if (text.startsWith('*')) return {kind: 'glob', text};
	return {kind: text.length > 1 && text.startsWith('{') ? 'name' : 'text', text};
};

const assertClear = (tokens: readonly PatternToken[]): void => {
	const names = tokens.filter(({kind}) => kind === 'name').map(nameOf);
	const twice = names.find((name, index) => names.indexOf(name) < index);
	if (twice !== undefined) throw new PatternInvalid(`has {${twice}} twice`);
	if (tokens.filter(goesBeyond).length > 1) throw new PatternInvalid('has more than one of ** and {name...}');
	for (const [index, token] of tokens.entries()) {
		const next = tokens.slice(index + 1).find(({kind, text}) => kind !== 'text' || /[/:]/.test(text));
		if (token.kind !== 'text' && next && next.kind !== 'text')
			throw new PatternInvalid(`has ${token.text} and ${next.text} without a / or : between them: where the one ends would be a guess`);
	}
};

const goesBeyond = ({kind, text}: PatternToken) => (kind === 'glob' ? text === '**' : kind === 'name' && text.endsWith('...}'));

const sourceOf = (token: PatternToken): string => {
	if (token.kind === 'text') return RegExp.escape(token.text);
	const source = goesBeyond(token) ? '.' : '[^/:]';
	return token.kind === 'name' ? `(?<${nameOf(token)}>${source}+)` : `${source}*`;
};
