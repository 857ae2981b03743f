import test from 'ava';
import fc from 'fast-check';
import {PatternInvalid} from '../../src/config/patternTokens.ts';
import {PolicyInvalid, parsePolicy} from '../../src/config/policy.ts';
import {parseRefExpression} from '../../src/config/refExpression.ts';

const matches = (expression: string, ref: string): boolean => {
	const [repo = '', tag = ''] = ref.split(':');
	return 'named' in parseRefExpression(expression).match(repo, tag);
};

test('an expression means whole refs, with or without ^ and $', t => {
	for (const expression of ['^ci/.*:pr-\\d+$', 'ci/.*:pr-\\d+']) {
		t.true(matches(expression, 'ci/app:pr-12'));
		t.true(matches(expression, 'ci/a/b:pr-1'));
		for (const ref of ['ci/app:pr-', 'ci/app:pr-1a', 'ci/app:xpr-1', 'x/ci/app:pr-1', 'ci:pr-1']) t.false(matches(expression, ref), ref);
	}
});

test('alternatives, classes, counts and optional groups mean what they mean elsewhere', t => {
	t.true(matches('(?:ci|lib)/[a-z]+:v\\d{1,3}(\\.\\d+)?', 'lib/app:v12.7'));
	t.true(matches('(?:ci|lib)/[a-z]+:v\\d{1,3}(\\.\\d+)?', 'ci/app:v1'));
	t.false(matches('(?:ci|lib)/[a-z]+:v\\d{1,3}(\\.\\d+)?', 'ci/app:v1234'));
	t.true(matches('[^a]+:[a-f0-9]{40}', `ci:${'0a'.repeat(20)}`));
});

test('it tells the repositories of which it means any tag, and what its groups stand for', t => {
	const pattern = parseRefExpression('^ci/(?<team>[a-z]+):pr-(?<number>\\d+)$');
	t.deepEqual([pattern.matchesRepository('ci/app'), pattern.matchesRepository('lib/app')], [true, false]);
	t.deepEqual(pattern.match('ci/app', 'pr-12'), {named: {team: 'app', number: '12'}});
	t.deepEqual([pattern.match('lib/app', 'pr-12'), pattern.match('ci/app', 'main')], [{differs: 'repository'}, {differs: 'tag'}]);
	t.deepEqual(pattern.names, ['team', 'number']);
});

for (const [expression, problem] of [
	['ci/app', 'must have one colon outside of groups, between repository and tag, such as "^ci/.*:pr-\\\\d+$"'],
	['(ci/a:main|ci/b:x)', 'must have one colon'],
	['a:b:c', 'must have one colon'],
	['.*:', 'the tag expression is empty; `.*` is any'],
	['.*:(a+)+', 'the tag expression repeats the group (a+)+, which a long name can take for ever: repeat one letter or class'],
	['(?:a|aa)*:x', 'the repository expression repeats the group (?:a|aa)*'],
	['a:(?=x)x', 'the tag expression has (?=x, and groups are only (…), (?:…) and (?<name>…)'],
	['a:(x)\\1', 'the tag expression has "\\\\1" where only'],
	['a:(x', 'the tag expression has a group that is not closed'],
	['a:x)', 'the tag expression closes a group that is not open'],
	['a|b:x', 'the repository expression has | outside of a group: write (one|other)'],
	['a:.*.*.*.*.*', 'the tag expression can be tried in too many ways on a long name'],
	[`a:${'a?'.repeat(40)}`, 'the tag expression can be tried in too many ways'],
	[`a:${'(b|b)'.repeat(40)}`, 'the tag expression can be tried in too many ways'],
	['a:[9-0]', 'is no regular expression: '],
	['a:(?<x>.)(?<x>.)', 'has {x} twice'],
	['a:(?<tag>.*)', 'cannot name a part {tag}: every rule has that already'],
	[`a:${'x'.repeat(600)}`, 'has more than 500 characters'],
] as const) {
	test(`the expression ${expression.slice(0, 30)} is refused`, t => {
		const error = t.throws(() => parseRefExpression(expression), {instanceOf: PatternInvalid});
		t.true(error.message.startsWith(problem), error.message);
	});
}

test('what is taken ends in a moment, whatever the name', t => {
	const piece = fc.constantFrom('a', '[a-c]', '\\w', '.', '(a|b)', '(?:ab)?');
	const times = fc.constantFrom('', '*', '+', '?', '{2,9}', '{3}');
	const half = fc.array(fc.tuple(piece, times), {minLength: 1, maxLength: 12}).map(parts => parts.map(part => part.join('')).join(''));
	fc.assert(
		fc.property(half, expression => {
			let pattern: ReturnType<typeof parseRefExpression>;
			try {
				pattern = parseRefExpression(`x:${expression}`);
			} catch (error) {
				t.true(error instanceof PatternInvalid);
				return;
			}
			const startedAt = performance.now();
			for (const name of ['a'.repeat(128), `${'a'.repeat(127)}!`, 'ab'.repeat(64)]) pattern.match('x', name);
			t.true(performance.now() - startedAt < 2000, expression);
			t.true('named' in pattern.match(pattern.sample.repository, pattern.sample.tag), `${expression} means ${pattern.sample.tag}`);
		}),
		{numRuns: 300},
	);
});

test('a rule and a budget have match or matchRegex, and problems have their places', t => {
	const policy = parsePolicy(
		'refs:\n  - matchRegex: "^ci/.*:(?<n>\\\\d+)$"\n    union: ["{n}-*"]\nbudget:\n  - {matchRegex: "ci:.*", size: 1GB}\n',
		'p',
	);
	t.is(policy.refs[0]?.match.text, '^ci/.*:(?<n>\\d+)$');
	t.like(policy.budget[0], {line: 5, size: 1e9});
	const error = t.throws(
		() =>
			parsePolicy(
				'refs:\n  - matchRegex: "a:(x+)+"\n    union: ["{n}"]\n  - {match: "a:b", matchRegex: "a:b"}\n  - {protect: true}\nbudget:\n  - {size: 1GB}\n',
				'p',
			),
		{instanceOf: PolicyInvalid},
	);
	t.deepEqual(
		error.problems.map(({line, column, message}) => `${line}:${column} ${message}`),
		[
			'2:17 refs[0].matchRegex the tag expression repeats the group (x+)+, which a long name can take for ever: repeat one letter or class',
			'4:32 refs[1].matchRegex stands beside `match`: a rule has one of them',
			'5:5 refs[2].match is missing',
			'7:5 budget[0].match is missing',
		],
	);
});
