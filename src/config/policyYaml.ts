/** YAML as a policy may have it, with the place of everything in it: no aliases, no tags, and bounded. */
import {type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit} from 'yaml';
import {z} from 'zod';
import {nearest} from './nearest.ts';

/** `line` and `column` count from 1. */
export type Problem = {line: number; column: number; message: string};
type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

export type ReadYaml = {
	/** Not to be asked of a text with problems. */
	readonly value: unknown;
	/** Where the value at this path begins, or the nearest thing around it. */
	placeOf(path: Path): {line: number; column: number};
	tell(path: Path, message: string): void;
	/** What a schema has against the value, in words, each with its place. */
	tellIssues(schema: z.ZodType, issues: readonly Issue[]): void;
};

/** Nothing is made of a text that `onProblem` hears of here. */
export const readYaml = (text: string, onProblem: (problem: Problem) => void): ReadYaml => {
	const lines = new LineCounter();
	const at = (offset: number) => {
		const {line, col} = lines.linePos(offset);
		return {line: Math.max(1, line), column: Math.max(1, col)};
	};
	const problemAt = (offset: number, message: string) => onProblem({...at(offset), message});

	const document = readDocument(text, lines, problemAt);
	const placeOf = (path: Path) => at(offsetOf(document, path));
	const tell = (path: Path, message: string) => onProblem({...placeOf(path), message: `${formatPath(path)} ${message}`.trimStart()});
	return {
		get value() {
			// A text of comments alone has no value.
			return document?.toJS() ?? {};
		},
		placeOf,
		tell,
		tellIssues(schema, issues) {
			for (const issue of issues) {
				if (issue.code !== 'unrecognized_keys') tell(issue.path, sentence(issue, document?.getIn(issue.path)));
				else
					for (const key of issue.keys)
						onProblem({...at(keyOffset(document, issue.path, key)), message: unknownKey(schema, issue.path, key)});
			}
		},
	};
};

const maxBytes = 256 * 1024;

const mostNames = 1000;

const readDocument = (text: string, lines: LineCounter, problemAt: (offset: number, message: string) => void): Document | undefined => {
	// What is being written is empty for a moment; taken for a policy without rules, it would open what was protected.
	if (text.trim() === '') return void problemAt(0, 'the file is empty; a policy without rules is {}');
	if (Buffer.byteLength(text) > maxBytes) return void problemAt(0, `the file has more than ${maxBytes} bytes`);
	const document = parseDocument(text, {
		lineCounter: lines,
		prettyErrors: false,
		version: '1.2',
		resolveKnownTags: false,
		uniqueKeys: false,
		logLevel: 'error',
	});
	const [first] = document.errors;
	// What follows the first error is mostly its echo; of a thousand brackets there would be a thousand.
	if (first) return void problemAt(first.pos[0], first.code === 'RESOURCE_EXHAUSTION' ? 'is nested too deeply' : firstPart(first.message));
	for (const {pos, message} of document.warnings) problemAt(pos[0], firstPart(message));
	visit(document, {
		Alias: (_, alias) => problemAt(alias.range?.[0] ?? 0, '`*` begins an alias in YAML, and a policy has none: put the value in quotes'),
		Map: (_, {items, range}) => {
			// Whose names are looked for one by one; and no map here has more than a handful.
			if (items.length > mostNames) problemAt(range?.[0] ?? 0, `has more than ${mostNames} names`);
			const seen = new Set<unknown>();
			for (const {key} of items) {
				const name = isScalar(key) ? key.value : key;
				if (seen.has(name)) problemAt((isNode(key) && key.range?.[0]) || 0, `${name} is there twice`);
				seen.add(name);
			}
		},
		Pair: (_, {key}) => {
			if (!isScalar(key) || typeof key.value !== 'string')
				problemAt((isNode(key) && key.range?.[0]) || 0, 'a name must be a text; a value in braces needs quotes');
			// What is made of the text would be without it, and nobody would hear of that.
			else if (key.value === '__proto__') problemAt(key.range?.[0] ?? 0, '__proto__ is no name');
		},
	});
	return document;
};

/** Without the advice to programmers that follows. */
const firstPart = (message: string) => message.split(/[\n;]/, 1)[0] ?? message;

const offsetOf = (document: Document | undefined, path: Path): number => {
	for (let length = path.length; length >= 0; length -= 1) {
		const node = length === 0 ? document?.contents : document?.getIn(path.slice(0, length), true);
		if (isNode(node) && node.range) return node.range[0];
	}
	return 0;
};

const keyOffset = (document: Document | undefined, path: Path, name: string): number => {
	const map = path.length === 0 ? document?.contents : document?.getIn(path, true);
	const key = isMap(map) ? map.items.find(pair => isScalar(pair.key) && pair.key.value === name)?.key : undefined;
	return (isNode(key) && key.range?.[0]) || offsetOf(document, path);
};

const formatPath = (path: Path): string =>
	path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`)).join('');

/** zod's own words are for programmers, unless the schema has some. */
const sentence = (issue: Issue, value: unknown): string => {
	if (issue.code === 'invalid_type' && value === undefined) return 'is missing';
	if (issue.code !== 'invalid_value') return issue.message;
	const meant = typeof value === 'string' ? nearest(value, issue.values.map(String)) : undefined;
	return `must be ${issue.values.join(' or ')}${meant ? `; did you mean ${meant}?` : ''}`;
};

const unknownKey = (schema: z.ZodType, path: Path, key: string): string => {
	const known = namesAt(schema, path);
	const meant = nearest(key, known);
	const where = formatPath(path);
	return `${where && `${where}.`}${key} is no name that is known${meant ? `; did you mean ${meant}?` : `; known are ${known.join(', ')}`}`;
};

/** The names that a schema knows at a path. */
const namesAt = (schema: z.core.$ZodType, [part, ...rest]: Path): string[] => {
	if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
		return namesAt(schema.unwrap(), part === undefined ? [] : [part, ...rest]);
	if (schema instanceof z.ZodPipe) return namesAt(schema.in, part === undefined ? [] : [part, ...rest]);
	if (schema instanceof z.ZodRecord) return namesAt(schema.valueType, rest);
	if (schema instanceof z.ZodArray) return namesAt(schema.element, rest);
	if (!(schema instanceof z.ZodObject)) return [];
	if (part === undefined) return Object.keys(schema.shape);
	const next = schema.shape[part as string];
	return next ? namesAt(next, rest) : [];
};
