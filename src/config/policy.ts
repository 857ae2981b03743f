/** The policy file: YAML that says which refs behave how. All its problems at once, each with its place. */
import {z} from 'zod';
import {type AccessRule, accessSchema, unknownIssuers} from './access.ts';
import {issuersSchema} from './issuers.ts';
import {nearest} from './nearest.ts';
import {amount, duration, parsed, several, size, yesOrNo} from './policyValues.ts';
import {type Problem, readYaml} from './policyYaml.ts';
import {parseRefExpression} from './refExpression.ts';
import {givenNames, parseRefPattern, type RefPattern} from './refPattern.ts';
import {parseRepositoryTemplate, routeFields, wholeName} from './routes.ts';
import {s3CachesSchema} from './s3Caches.ts';
import {parseSingleTag, parseTagTemplate} from './tagTemplate.ts';
import {upstreamsSchema} from './upstreams.ts';

/** A rule of `refs`. What it does not speak of is decided by a later one. */
export type RefRule = Placed<z.output<typeof refRuleSchema>>;
/** At most `size` bytes for all refs that it means together. */
export type Budget = Placed<z.output<typeof budgetSchema>>;
/** Where what is pushed to a ref goes, and where a read of it goes. The first that matches decides all of it. */
export type Route = Placed<z.output<typeof routeSchema>>;
/** `match` as a glob or an expression; `line` is where it begins. */
type Placed<T> = Omit<T, 'match' | 'matchRegex'> & {match: RefPattern; line: number};
export type Policy = Omit<z.output<typeof policySchema>, Section | 'access'> & {
	/** Undefined where the file has no such section: then a default holds, which is not that of an empty one. */
	access?: readonly AccessRule[];
	refs: readonly RefRule[];
	budget: readonly Budget[];
	routes: readonly Route[];
};

/** Throws PolicyInvalid. `file` is how its problems call it. */
export const parsePolicy = (text: string, file: string): Policy => {
	const problems: Problem[] = [];
	const yaml = readYaml(text, problem => problems.push(problem));
	if (problems.length > 0) throw new PolicyInvalid(file, problems);
	const read = policySchema.safeParse(yaml.value);
	yaml.tellIssues(policySchema, read.error?.issues ?? []);
	const found = [unmatched, unknownNames, routeProblems, unknownIssuers].flatMap(look => look(yaml.value));
	for (const {path, message} of found) yaml.tell(path, message);
	if (!read.success || problems.length > 0) throw new PolicyInvalid(file, problems);
	const placed = <T extends Matching>(section: Section, entries: readonly T[]): Placed<T>[] =>
		entries.map(({match, matchRegex, ...rest}, index) => ({
			...rest,
			// Each has the one or the other, or it would be a problem.
			match: (match ?? matchRegex) as RefPattern,
			line: yaml.placeOf([section, index]).line,
		}));
	const {refs, budget, routes, access} = read.data;
	return {
		...read.data,
		...{refs: placed('refs', refs), budget: placed('budget', budget), routes: placed('routes', routes)},
		access: access?.map((rule, index) => ({...rule, line: yaml.placeOf(['access', index]).line})),
	};
};

/** The policy of a server that has none. */
export const noPolicy: Policy = {refs: [], budget: [], s3Caches: [], upstreams: {}, routes: [], issuers: {}};

/** Whether it protects refs, and gives nobody the right to move them. */
export const protectsForNobody = ({refs, access = []}: Policy): boolean =>
	refs.some(({protect}) => protect) && !access.some(({may}) => may.includes('protect'));

/** How many rules it has, of whatever section. */
export const countRules = ({refs, budget, s3Caches, routes, access = []}: Policy): number =>
	[refs, budget, s3Caches, routes, access].reduce((sum, {length}) => sum + length, 0);

/** Every problem of a policy file at once, in the order of its lines. */
export class PolicyInvalid extends Error {
	override readonly name = 'PolicyInvalid';
	readonly file: string;
	readonly problems: readonly Problem[];
	constructor(file: string, problems: readonly Problem[]) {
		const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
		const lines = sorted.map(({line, column, message}) => `  ${file}:${line}:${column}: ${message}`);
		super(`the policy cannot be used:\n${lines.join('\n')}\nWhat a policy may say: docs/cache-refs.md`);
		this.file = file;
		this.problems = sorted;
	}
}

const matching = {match: parsed(parseRefPattern).optional(), matchRegex: parsed(parseRefExpression).optional()};
type Matching = {match?: RefPattern | undefined; matchRegex?: RefPattern | undefined};

const refRuleSchema = z.strictObject(
	{
		...matching,
		fallback: several(parsed(parseSingleTag)).optional(),
		union: several(parsed(parseTagTemplate)).optional(),
		protect: yesOrNo.optional(),
		onPush: z.enum(['replace', 'merge']).optional(),
		onDenied: z.enum(['refuse', 'discard']).optional(),
		typeS3: yesOrNo.optional(),
		heads: z
			.strictObject(
				{
					count: amount(1, 1000).optional(),
					age: duration.optional(),
					size: size.optional(),
				},
				'must be a map such as {count: 64, age: 14d, size: 50GB}',
			)
			.optional(),
		expire: z.strictObject({age: duration.optional(), idle: duration.optional()}, 'must be a map such as {age: 30d, idle: 7d}').optional(),
		keep: z
			.strictObject(
				{newest: amount(1, 100_000).optional(), superseded: amount(0, 16).optional()},
				'must be a map such as {newest: 10, superseded: 3}',
			)
			.optional(),
		untagged: duration.optional(),
	},
	'must be a map with `match` and what shall hold there',
);

const budgetSchema = z.strictObject({...matching, size}, 'must be a map such as {match: "ci/**:*", size: 500GB}');

const routeSchema = z.strictObject(
	{...matching, ...routeFields(parsed(parseRepositoryTemplate))},
	'must be a map with `match` and `upstream`, such as {match: "team/**:*", upstream: ecr}',
);

/** Each section of the file; what is not here is refused. */
const policySchema = z.strictObject(
	{
		refs: z.array(refRuleSchema, 'must be a list of rules').default([]),
		budget: several(budgetSchema).default([]),
		s3Caches: s3CachesSchema.default([]),
		upstreams: upstreamsSchema.default({}),
		routes: several(routeSchema).default([]),
		access: accessSchema.optional(),
		issuers: issuersSchema.default({}),
	},
	'must be a map with `refs`',
);

/** Of entries that mean refs. */
type Section = 'refs' | 'budget' | 'routes';
type Found = {path: (string | number)[]; message: string};

const entriesOf = (value: unknown, section: Section): readonly (Record<string, unknown> | null)[] => {
	const entries = ((value ?? {}) as Record<Section, unknown>)[section];
	return Array.isArray(entries) ? entries : [];
};

/** Rules, budgets and routes that say in no way, or in two, what they mean. */
const unmatched = (value: unknown): Found[] =>
	(['refs', 'budget', 'routes'] as const).flatMap(section =>
		entriesOf(value, section).flatMap((entry, index): Found[] => {
			if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return [];
			const [glob, expression] = [entry.match !== undefined, entry.matchRegex !== undefined];
			if (glob && expression) return [{path: [section, index, 'matchRegex'], message: 'stands beside `match`: a rule has one of them'}];
			return glob || expression ? [] : [{path: [section, index, 'match'], message: 'is missing'}];
		}),
	);

/** Names in `fallback` and `union` that their rule does not know, also in rules that have other problems. */
const unknownNames = (value: unknown): Found[] =>
	entriesOf(value, 'refs').flatMap((rule, index) => {
		const meant = patternOf(rule);
		if (!meant) return [];
		const known = [...givenNames, ...meant.names];
		return (['fallback', 'union'] as const).flatMap(field => {
			const entries = rule?.[field];
			return (Array.isArray(entries) ? entries : []).flatMap((entry, position) => {
				const template = parsed(parseTagTemplate).safeParse(entry);
				const unknown = template.success ? template.data.names.filter(name => !known.includes(name)) : [];
				return unknown.map(name => ({path: ['refs', index, field, position], message: unknownName(name, known, meant.text)}));
			});
		});
	});

const patternOf = (entry: Record<string, unknown> | null): RefPattern | undefined =>
	entry?.match === undefined ? matching.matchRegex.safeParse(entry?.matchRegex).data : matching.match.safeParse(entry.match).data;

/** Upstreams that are not there, and templates with parts that the repository's pattern does not name. */
const routeProblems = (value: unknown): Found[] => {
	const {upstreams} = (value ?? {}) as {upstreams?: unknown};
	const known = Object.keys(typeof upstreams === 'object' ? (upstreams ?? {}) : {});
	return entriesOf(value, 'routes').flatMap((route, index): Found[] => {
		const problem = (field: string, message: string) => ({path: ['routes', index, field], message});
		const {upstream, repository} = route ?? {};
		if (typeof upstream === 'string' && !known.includes(upstream)) return [problem('upstream', unknownUpstream(upstream, known))];
		const meant = patternOf(route);
		const template = parsed(parseRepositoryTemplate).safeParse(repository);
		if (!meant || !template.success) return [];
		const given = [wholeName, ...meant.repositoryNames];
		const unknown = template.data.names.filter(name => !given.includes(name));
		return unknown.map(name => problem('repository', unknownName(name, given, meant.text)));
	});
};

const unknownUpstream = (name: string, known: readonly string[]): string => {
	const meant = nearest(name, known);
	if (meant) return `names ${name}, which \`upstreams\` has not; did you mean ${meant}?`;
	return `names ${name}, which \`upstreams\` has not${known.length > 0 ? `; it has ${known.join(', ')}` : ', since there is none'}`;
};

const unknownName = (name: string, known: readonly string[], pattern: string): string => {
	const meant = nearest(name, known);
	const advice = meant ? `did you mean {${meant}}?` : `known are ${known.map(each => `{${each}}`).join(', ')}`;
	return `{${name}} is no part of "${pattern}"; ${advice}`;
};
