/**
 * Refs by a regular expression, `ci/.*:pr-\d+`, where a glob says too little. Only expressions are taken that end soon, whatever
 * name a client sends: no repeated groups, none that look around or back, and few parts that may be tried in several ways.
 */
import {PatternInvalid} from './patternTokens.ts';
import {type RefPattern, refPatternOf} from './refPattern.ts';

/** It means whole refs, with or without `^` and `$`. `(?<names>…)` are those of the pattern. Throws PatternInvalid. */
export const parseRefExpression = (text: string): RefPattern => {
	if (text.length > mostLetters) throw new PatternInvalid(`has more than ${mostLetters} characters`);
	const [repository, tag, ...more] = splitAtColons(text.replace(/^\^/, '').replace(/(?<!\\)\$$/, ''));
	if (repository === undefined || tag === undefined || more.length > 0)
		throw new PatternInvalid('must have one colon outside of groups, between repository and tag, such as "^ci/.*:pr-\\\\d+$"');
	const halves = [readHalf('repository', repository), readHalf('tag', tag)] as const;
	return refPatternOf(text, {
		names: [halves[0].names, halves[1].names],
		repository: `^(?:${repository})$`,
		tag: `^(?:${tag})$`,
		sample: {repository: halves[0].sample, tag: halves[1].sample},
	});
};

const mostLetters = 500;

/** A group begins with `(?:`, so not every colon parts the two. */
const splitAtColons = (text: string): string[] => {
	const halves = [''];
	let depth = 0;
	for (const [piece] of text.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]?|./gs)) {
		if (piece === '(') depth += 1;
		if (piece === ')') depth -= 1;
		if (piece === ':' && depth === 0) halves.push('');
		else halves.push(`${halves.pop()}${piece}`);
	}
	return halves;
};

type Half = {names: readonly string[]; sample: string};

/** What the expression is made of. Each part that may vary in length can be tried at every letter of a name, and each choice in as many ways as it has. */
const readHalf = (what: string, source: string): Half => {
	const names: string[] = [];
	let [at, ways] = [0, 1];
	const take = (expression: RegExp): string | undefined => {
		expression.lastIndex = at;
		const found = expression.exec(source)?.[0];
		at += found?.length ?? 0;
		return found;
	};
	const refuse = (problem: string) => new PatternInvalid(`the ${what} expression ${problem}`);

	const readAlternatives = (): string => {
		const [first = '', ...others] = readEach();
		ways *= 1 + others.length;
		return first;
	};
	const readEach = (): string[] => {
		const samples = [readSequence()];
		while (take(/\|/y)) samples.push(readSequence());
		return samples;
	};
	const readSequence = (): string => {
		let sample = '';
		while (at < source.length && !/[|)]/.test(source[at] as string)) sample += readRepeated();
		return sample;
	};
	const readRepeated = (): string => {
		const start = at;
		const isGroup = source[at] === '(';
		const sample = isGroup ? readGroup() : readLetter();
		const times = take(/(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})\??/y);
		if (!times) return sample;
		if (isGroup && !times.startsWith('?'))
			throw refuse(`repeats the group ${source.slice(start, at)}, which a long name can take for ever: repeat one letter or class`);
		const [, least, most] = /^\{(\d+)(,?)/.exec(times) ?? [];
		if (times.startsWith('?')) ways *= 2;
		else if (least === undefined || most !== '') ways *= longestName;
		return sample.repeat(Math.max(1, Number(least ?? 1)));
	};
	const readGroup = (): string => {
		const open = take(/\((?:\?:|\?<[A-Za-z][A-Za-z0-9]*>|(?!\?))/y);
		if (!open) throw refuse(`has ${source.slice(at, at + 4)}, and groups are only (…), (?:…) and (?<name>…)`);
		if (open.startsWith('(?<')) names.push(open.slice(3, -1));
		const sample = readAlternatives();
		if (!take(/\)/y)) throw refuse('has a group that is not closed');
		return sample;
	};
	const readLetter = (): string => {
		const letter = take(/\\[dDwW./-]|\.|\[\^?(?:[\w./-]|\\[dDwW./-])+\]|[\w/-]/y);
		if (letter === undefined) throw refuse(`has ${JSON.stringify(source.slice(at, at + 10))} where only ${allowed} may stand`);
		return sampleOfLetter(letter);
	};

	const sample = readSequence();
	if (source[at] === '|') throw refuse('has | outside of a group: write (one|other)');
	if (at < source.length) throw refuse('closes a group that is not open');
	if (source === '') throw refuse('is empty; `.*` is any');
	if (ways > mostWays) throw refuse('can be tried in too many ways on a long name: use fewer of *, +, ?, {n,m} and |');
	return {names, sample};
};

const allowed = 'letters, digits, _ - / . \\. \\d \\w, classes such as [a-f0-9], groups, |, and *, +, ?, {n,m} after one of these';

// As many as a glob may have: four of `*`.
const longestName = 128;
const mostWays = longestName ** 4;

const sampleOfLetter = (letter: string): string => {
	if (letter.startsWith('[')) return letter.startsWith('[^') ? 'x' : sampleOfLetter(/^\[(\\?.)/.exec(letter)?.[1] ?? 'x');
	return {'\\d': '0', '\\w': 'x', '\\D': 'x', '\\W': '-', '.': 'x'}[letter] ?? letter.replace('\\', '');
};
