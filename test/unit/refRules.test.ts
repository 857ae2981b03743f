import test from 'ava';
import fc from 'fast-check';
import {isTagText, parseRepositoryName, parseTag, type RepositoryName, type Tag} from 'oci-spec-types';
import {sampleOf, tokenize} from '../../src/config/patternTokens.ts';
import {type Policy, parsePolicy} from '../../src/config/policy.ts';
import {createRefRules, decide} from '../../src/refs/refRules.ts';
import {namedBases} from '../../src/refs/refSyntax.ts';

const repo = parseRepositoryName('ci/app');
const policyOf = (...rules: string[]): Policy =>
	parsePolicy(rules.length === 0 ? '{}' : `refs:\n${rules.map(rule => `  - ${rule}\n`).join('')}`, 'p');
const behaviourOf = (tag: string, ...rules: string[]) => createRefRules(() => policyOf(...rules)).behaviourOf(repo, parseTag(tag));
const names = (tag: string, ...rules: string[]) => {
	const {fallback, union} = behaviourOf(tag, ...rules);
	return {fallback, union: union.map(source => ('tag' in source ? source.tag : `${source.glob} (${source.prefix})`))};
};

test('without a rule a tag is for itself', t => {
	t.like(behaviourOf('main'), {fallback: [], union: [], protect: false, onPush: 'replace', onDenied: 'refuse'});
});

test('feature-x..main is feature-x, else main, without any policy', t => {
	t.deepEqual(behaviourOf('feature-x..main').fallback, ['feature-x', 'main'] as Tag[]);
	t.deepEqual(behaviourOf('a..b..c').fallback, ['a', 'b', 'c'] as Tag[]);
	t.deepEqual(behaviourOf('a...b').fallback, ['a', 'b'] as Tag[]);
	t.deepEqual(behaviourOf('a..').fallback, ['a'] as Tag[]);
	t.deepEqual(behaviourOf('a..a').fallback, ['a'] as Tag[]);
	t.deepEqual(behaviourOf('a.b').fallback, []);
});

test('what follows .. is tried before what the rules say, and fills {base}', t => {
	const rule = '{match: "ci/**:pr-{number}", fallback: ["{base}", main], union: ["pr-{number}", "{base}", "pr-{number}-*"]}';
	t.deepEqual(names('pr-12..release', rule), {
		fallback: ['pr-12', 'release', 'main'] as Tag[],
		union: ['pr-12', 'release', 'pr-12-* (pr-12-)'],
	});
	t.deepEqual(names('pr-12', rule), {fallback: ['main'] as Tag[], union: ['pr-12', 'pr-12-* (pr-12-)']});
});

test('a tag never falls back to itself, and to no other twice', t => {
	t.deepEqual(names('main', '{match: "**:*", fallback: [main, old, main, old]}').fallback, ['old'] as Tag[]);
});

test('{tag} is what stands before the dots', t => {
	t.deepEqual(names('x..main', '{match: "**:x", union: ["{tag}", "{base}"]}').union, ['x', 'main']);
});

test('for each aspect the first rule that matches and speaks of it decides', t => {
	const rules = [
		'{match: "ci/other:*", protect: false, onPush: merge}',
		'{match: "ci/**:main-*", onPush: merge}',
		'{match: "ci/**:main*", protect: true, onPush: replace, heads: {count: 3}}',
		'{match: "**:*", protect: false, onDenied: discard, heads: {count: 9, age: 1d}}',
	];
	t.like(behaviourOf('main-arm64', ...rules), {protect: true, onPush: 'merge', onDenied: 'discard'});
	t.like(behaviourOf('main', ...rules), {protect: true, onPush: 'replace'});
	t.is(behaviourOf('main', ...rules).heads.count, 3);
	t.like(behaviourOf('x', ...rules), {protect: false, heads: {count: 9, ageMs: 86_400_000}});
});

test('an empty list says that there is none, and later rules are not asked', t => {
	t.deepEqual(names('main', '{match: "**:main", fallback: []}', '{match: "**:*", fallback: [old]}').fallback, []);
});

test('each decision says which line it is from, and why other rules do not apply', t => {
	const {refs} = policyOf(
		'{match: "x/*:*", protect: true}',
		'{match: "ci/*:main", protect: true}',
		'{match: "ci/*:pr-*", fallback: ["{base}", main]}',
	);
	const decision = decide(refs, repo, parseTag('pr-1'));
	t.deepEqual(
		decision.rules.map(({rule, differs}) => [rule.line, differs]),
		[
			[2, 'repository'],
			[3, 'tag'],
			[4, undefined],
		],
	);
	t.is(decision.decidedBy.fallback?.line, 4);
	t.is(decision.decidedBy.protect, undefined);
	t.deepEqual(decision.omitted, [{aspect: 'fallback', text: '{base}', because: 'nothing follows `..` in the tag'}]);
});

test('a glob of a union matches the tags it means, with the parts of this one filled in', t => {
	const [source] = behaviourOf('pr-12', '{match: "**:pr-{n}", union: ["pr-{n}-{a,b}*"]}').union;
	if (!source || !('glob' in source)) return t.fail();
	t.is(source.prefix, 'pr-12-');
	t.true(source.matches('pr-12-arm'));
	t.false(source.matches('pr-12-c'));
	t.false(source.matches('pr-1-arm'));
});

test('what is filled in is at most a tag: one that becomes too long is left out', t => {
	const long = 'x'.repeat(120);
	t.deepEqual(names(long, '{match: "**:{all}", fallback: ["{all}-and-more-of-it", main]}').fallback, ['main'] as Tag[]);
});

test('the rules of a new policy hold from the next question on', t => {
	let policy = policyOf('{match: "**:*", protect: true}');
	const rules = createRefRules(() => policy);
	t.true(rules.behaviourOf(repo, parseTag('main')).protect);
	policy = policyOf();
	t.false(rules.behaviourOf(repo, parseTag('main')).protect);
});

test('a repository is looked into only where some rule may make one of its tags merge', t => {
	const rules = createRefRules(() => policyOf('{match: "ci/**:main", onPush: merge}', '{match: "**:*", onPush: replace}'));
	t.true(rules.mergesIn(repo));
	t.false(rules.mergesIn(parseRepositoryName('other')));
});

const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,30}$/).map(parseTag);
const plain = tags.filter(tag => !tag.includes('..') && !tag.endsWith('.'));
const entries = fc.constantFrom('{base}', '{tag}', '{all}', 'main', 'x-{tag}', 'y-*', '{all}-{base}');
const rules = fc.array(
	fc.record({
		match: fc.constantFrom('**:*', 'ci/*:{all}', 'ci/app:m*', '*:main', '**:{all}-*', 'ci/**:[a-m]*'),
		fallback: fc.option(
			fc.array(
				entries.filter(entry => !entry.includes('*')),
				{maxLength: 4},
			),
			{nil: undefined},
		),
		union: fc.option(fc.array(entries, {maxLength: 4}), {nil: undefined}),
		protect: fc.option(fc.boolean(), {nil: undefined}),
	}),
	{maxLength: 5},
);
const parsedRules = rules.map(list => {
	const usable = list.map(rule => {
		const known = (entry: string) => rule.match.includes('{all}') || !entry.includes('{all}');
		return {...rule, fallback: rule.fallback?.filter(known), union: rule.union?.filter(known)};
	});
	return parsePolicy(JSON.stringify({refs: usable}), 'p').refs;
});

test('whatever the rules, a chain names tags, each once, and not the tag itself', t => {
	fc.assert(
		fc.property(parsedRules, tags, (refs, tag) => {
			const {fallback, union} = decide(refs, repo, tag).behaviour;
			t.true(fallback.every(isTagText));
			t.is(new Set(fallback).size, fallback.length);
			t.false(fallback.includes(tag));
			for (const source of union) t.true('glob' in source ? source.prefix.length <= source.glob.length : isTagText(source.tag));
		}),
	);
});

test('whatever the rules, x..base is tried as x, then base, and behaves as x does otherwise', t => {
	fc.assert(
		fc.property(parsedRules, plain, plain, (refs, mine, base) => {
			const named = parseTag(`${mine}..${base}`.slice(0, 128));
			const behaviour = decide(refs, repo, named).behaviour;
			const alone = decide(refs, repo, mine).behaviour;
			t.deepEqual(
				behaviour.fallback.slice(0, 2),
				[...new Set([mine, base])].concat(behaviour.fallback.slice(mine === base ? 1 : 2)).slice(0, 2),
			);
			t.is(behaviour.protect, alone.protect);
			t.is(behaviour.onPush, alone.onPush);
		}),
	);
});

test('whatever the rules, one that is put last decides nothing that was decided', t => {
	fc.assert(
		fc.property(parsedRules, tags, (refs, tag) => {
			const [last] = policyOf('{match: "**:*", protect: true, fallback: [zzz]}').refs;
			const before = decide(refs, repo, tag);
			const after = decide([...refs, last as (typeof refs)[number]], repo, tag);
			if (before.decidedBy.protect) t.is(after.behaviour.protect, before.behaviour.protect);
			if (before.decidedBy.fallback) t.deepEqual(after.behaviour.fallback, before.behaviour.fallback);
		}),
	);
});

test('a tag without two dots names no base, and its parts are tags', t => {
	fc.assert(
		fc.property(tags, tag => {
			const named = namedBases(tag);
			t.is(named === undefined, !tag.includes('..'));
			if (named) t.true([named.mine, ...named.bases].every(isTagText));
		}),
	);
	t.is(namedBases('1.2.3' as Tag), undefined);
	t.deepEqual(namedBases('main..' as Tag), {mine: 'main' as Tag, bases: []});
	t.deepEqual(namedBases('main..-x' as Tag), {mine: 'main' as Tag, bases: []});
});

test('every repository is asked for itself', t => {
	const refs = policyOf('{match: "{team}/*:*", fallback: ["{team}-base"]}').refs;
	t.deepEqual(decide(refs, 'red/app' as RepositoryName, 'x' as Tag).behaviour.fallback, ['red-base'] as Tag[]);
	t.deepEqual(decide(refs, 'blue/app' as RepositoryName, 'x' as Tag).behaviour.fallback, ['blue-base'] as Tag[]);
});

test('a sample of a pattern is one that it matches', t => {
	for (const pattern of ['ci/**:main', '**/app:v[0-9]*', '{team}/*:{branch}-{os}', 'a:{main,release-*}', 'a?b/*:x?[a-c]{,-*}']) {
		const {match} = policyOf(`{match: "${pattern}"}`).refs[0] as Policy['refs'][number];
		t.true('named' in match.match(match.sample.repository, match.sample.tag), `${match.sample.repository}:${match.sample.tag}`);
	}
	t.is(sampleOf(tokenize('pr-{n}-*', {slashes: false})), 'pr-x-x');
});
