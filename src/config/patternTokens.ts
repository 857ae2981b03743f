/** What the patterns and templates of a policy are made of. */

/** `name` stands for a part of a tag, `glob` for what may vary, `text` for itself. */
export type PatternToken = {kind: 'text' | 'name' | 'glob'; text: string};

/** What a person wrote and cannot have meant; the message says why. */
export class PatternInvalid extends Error {
	override readonly name = 'PatternInvalid';
}

/** Splits a pattern of repositories (`slashes`) or of tags. Throws PatternInvalid. */
export const tokenize = (pattern: string, {slashes}: {slashes: boolean}): PatternToken[] => {
	if (pattern === '') throw new PatternInvalid('is empty; `*` is any');
	const letters = slashes ? /[a-z0-9._/-]+/y : /[\w.-]+/y;
	const tokens: PatternToken[] = [];
	for (let at = 0; at < pattern.length; ) {
		const token = tokenAt(pattern, at, letters);
		if (!token) throw new PatternInvalid(`has ${JSON.stringify(pattern.slice(at, at + 10))} where ${allowed(slashes)} may stand`);
		tokens.push(token);
		at += token.text.length;
	}
	if (tokens.reduce((sum, token) => sum + wideIn(token), 0) > mostWide)
		throw new PatternInvalid(`has more than ${mostWide} of *, ** and {name}`);
	return tokens;
};

/** A name that a pattern of these matches. */
export const sampleOf = (tokens: readonly PatternToken[]): string =>
	tokens.map(({kind, text}) => (kind === 'text' ? text : sampleOfWide(text))).join('');

/** The name in `{name}` or `{name...}`. */
export const nameOf = ({text}: PatternToken): string => text.replace(/^\{|(?:\.{3})?\}$/g, '');

/** Of a class its first letter, of alternatives the first, of all else any letter. */
const sampleOfWide = (text: string): string => {
	if (text.startsWith('[')) return text.slice(1, 2);
	return text.includes(',') ? (text.slice(1).split(',', 1)[0] ?? '').replace(/\*+|\?/g, 'x') : 'x';
};

// Each wide one multiplies how often a long hostile tag may have to be tried.
const mostWide = 4;
const wideIn = ({kind, text}: PatternToken) => (kind === 'name' ? 1 : (text.match(/\*+/g) ?? []).length);

const tokenAt = (pattern: string, at: number, letters: RegExp): PatternToken | undefined => {
	for (const [kind, expression] of [['text', letters], ...specials] as const) {
		expression.lastIndex = at;
		const text = expression.exec(pattern)?.[0];
		if (text) return {kind, text};
	}
	return undefined;
};

const specials: readonly (readonly [PatternToken['kind'], RegExp])[] = [
	['name', /\{[A-Za-z][A-Za-z0-9]*\}/y],
	['glob', /\*\*?|\?|\[[\w.-]+\]|\{[\w.*?/-]*(?:,[\w.*?/-]*)+\}/y],
];

const allowed = (slashes: boolean) => `only ${slashes ? 'a-z 0-9 . _ - /' : 'A-Z a-z 0-9 . _ -'} and *, ?, [abc], {one,other} and {name}`;
