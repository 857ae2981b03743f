import test from 'ava';
import fc from 'fast-check';
import {type Policy, PolicyInvalid, parsePolicy} from '../../src/config/policy.ts';

const problemsOf = (text: string): string[] => {
	try {
		parsePolicy(text, 'p');
		return [];
	} catch (error) {
		if (!(error instanceof PolicyInvalid)) throw error;
		return error.problems.map(({line, column, message}) => `${line}:${column} ${message}`);
	}
};

const ruleOf = (text: string) => parsePolicy(`refs:\n  - ${text}`, 'p').refs[0] as Policy['refs'][number];

test('a rule has all that it says, in milliseconds and bytes, and the line where it begins', t => {
	const text = 'refs:\n  - match: "a:b"\n  - match: "ci/**:main"\n    protect: true\n    heads: {count: 3, age: 2w, size: 1GiB}\n';
	const [, rule] = parsePolicy(text, 'p').refs;
	t.like(rule, {line: 3, protect: true, heads: {count: 3, age: 1_209_600_000, size: 2 ** 30}, onPush: undefined});
});

test('a policy without rules is a policy, an empty file is none: whoever writes one begins with it', t => {
	t.deepEqual(parsePolicy('{}', 'p').refs, []);
	t.deepEqual(parsePolicy('# no rules yet\n', 'p').refs, []);
	for (const empty of ['', ' \n']) t.deepEqual(problemsOf(empty), ['1:1 the file is empty; a policy without rules is {}']);
});

test('all problems are told at once, in the order of their places, with the names that were probably meant', t => {
	const text = `refs:
  - match: "ci/**:pr-{number}"
    fallbak: [main]
    onPush: merg
    fallback: ["{nr}", "main-*"]
    protect: perhaps
    heads: {count: 0, aeg: 3d, size: 5XB}
  - union: [1]
  - match: no-colon
  - nothing
refz: 1
`;
	t.deepEqual(problemsOf(text), [
		'3:5 refs[0].fallbak is no name that is known; did you mean fallback?',
		'4:13 refs[0].onPush must be replace or merge; did you mean merge?',
		'5:16 refs[0].fallback[0] {nr} is no part of "ci/**:pr-{number}"; known are {tag}, {base}, {number}',
		'5:24 refs[0].fallback[1] names several tags: a fallback is one tag, which is tried in its turn; `union` takes globs',
		'6:14 refs[0].protect must be true or false',
		'7:20 refs[0].heads.count must be at least 1',
		'7:23 refs[0].heads.aeg is no name that is known; known are count, age, size',
		'7:38 refs[0].heads.size must be a size such as 500MB, 20GB or 64GiB',
		'8:5 refs[1].match is missing',
		'8:13 refs[1].union[0] must be a text; put it in quotes',
		'9:12 refs[2].match must be a pattern of repositories and one of tags with a colon between them, such as "ci/**:main"',
		'10:5 refs[3] must be a map with `match` and what shall hold there',
		'11:1 refz is no name that is known; did you mean refs?',
	]);
});

test('the error says the file, the line and the column of each problem', t => {
	const error = t.throws(() => parsePolicy('refs: 1\nreffs: 2\n', '/etc/layercache/policy.yaml'));
	t.regex(
		error?.message ?? '',
		/policy\.yaml:1:7: refs must be a list of rules\n {2}\/etc\/layercache\/policy\.yaml:2:1: reffs is no name/,
	);
});

test('a name that a rule nearly knows is told with the one that was meant', t => {
	t.deepEqual(problemsOf('refs:\n  - match: "a:pr-{number}"\n    union: ["pr-{nubmer}-*"]\n'), [
		'3:13 refs[0].union[0] {nubmer} is no part of "a:pr-{number}"; did you mean {number}?',
	]);
});

const hostile: Record<string, [text: string, problem: RegExp]> = {
	'an alias that was meant as a glob': ['refs:\n  - match: **/x:*\n', /^2:12 `\*` begins an alias in YAML.*put the value in quotes/],
	'aliases that multiply': ['a: &a [x,x]\nb: &b [*a,*a]\nrefs: [*b,*b]\n', /^2:8 `\*` begins an alias/],
	'an alias of itself': ['refs: &a [*a]', /^1:11 `\*` begins an alias/],
	'braces without quotes': ['refs:\n  - match: "a:b"\n    fallback: [{base}]', /^3:16 .*put it in quotes/],
	'a name that is a list': ['? [a]\n: 1', /^1:3 a name must be a text/],
	'a name that is there twice': ['refs: []\nrefs: []', /^2:1 refs is there twice/],
	'two documents': ['{}\n---\n{}', /^2:1 Source contains multiple documents/],
	'a tag of another language': ['refs: !!js/function x', /^1:7 Unresolved tag/],
	'binary data': ['refs: !!binary aGk=', /^1:7 Unresolved tag/],
	'brackets without end': ['['.repeat(100_000), /is nested too deeply/],
	'no YAML at all': ['refs: [', /^1:8 Flow sequence/],
	'the prototype of everything': ['__proto__: {refs: []}', /^1:1 __proto__ is no name$/],
	'the prototype in a rule': ['refs:\n  - match: "a:b"\n    __proto__: {protect: true}', /^3:5 __proto__ is no name$/],
	'a constructor': ['constructor: 1', /^1:1 constructor is no name/],
	'more than any policy has': [`# ${'x'.repeat(300_000)}\n{}`, /^1:1 the file has more than 262144 bytes/],
	'a text': ['hello', /^1:1 must be a map/],
	'a list': ['- a', /^1:1 must be a map/],
};
for (const [what, [text, problem]] of Object.entries(hostile)) {
	test(`refused, with its place: ${what}`, t => {
		t.regex(problemsOf(text)[0] ?? 'taken', problem);
	});
}

test('nothing that a file says of prototypes reaches any object', t => {
	problemsOf('__proto__: {polluted: 1}\nrefs:\n  - match: "a:b"\n    __proto__: {polluted: 1}\n');
	t.false('polluted' in {});
});

const good = `refs:
  - match: "ci/**:pr-{number}"
    fallback: ["{base}", main]
    union: ["{tag}", 'pr-{number}-*']
  - {match: "ci/**:main", protect: true, onDenied: discard, heads: {count: 3, age: 7d}}
`;

test('whatever stands in a file, it is a policy or has problems with places', t => {
	const pieces = fc.constantFrom(
		'{',
		'}',
		'[',
		']',
		':',
		' ',
		'\n',
		'- ',
		'&a',
		'*a',
		'!',
		'|',
		'>',
		'"',
		"'",
		'#',
		'? ',
		'---\n',
		'%',
		'\t',
		'\0',
		'<<: ',
		'0x1',
		'~',
	);
	const changes = fc.array(fc.record({at: fc.nat(good.length), remove: fc.nat(12), insert: fc.oneof(pieces, fc.string({maxLength: 4}))}), {
		maxLength: 4,
	});
	const changed = changes.map(list =>
		list.reduce((text, {at, remove, insert}) => text.slice(0, at) + insert + text.slice(at + remove), good),
	);
	fc.assert(
		fc.property(
			fc.oneof(
				changed,
				fc.string({unit: 'binary', maxLength: 60}),
				fc.array(pieces).map(list => list.join('')),
			),
			text => {
				const lineCount = text.split('\n').length;
				for (const problem of problemsOf(text)) {
					const line = Number(problem.split(':')[0]);
					t.true(line >= 1 && line <= lineCount, problem);
				}
			},
		),
		{numRuns: 500},
	);
});

for (const [shape, deep] of Object.entries({
	lists: (depth: number) => `refs: ${'['.repeat(depth)}${']'.repeat(depth)}`,
	maps: (depth: number) => `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`,
	indentation: (depth: number) => Array.from({length: depth}, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
	dashes: (depth: number) => `${'- '.repeat(depth)}x`,
})) {
	test(`however deep ${shape} go, that is a problem and nothing worse`, t => {
		for (const depth of [100, 300, 500, 700, 900]) t.true(problemsOf(deep(depth)).length > 0);
	});
}

test('many names, as many as fit, are refused in a moment', t => {
	const startedAt = performance.now();
	t.deepEqual(problemsOf(Array.from({length: 24_000}, (_, index) => `a${index}: 1`).join('\n')), ['1:1 has more than 1000 names']);
	t.true(performance.now() - startedAt < 10_000);
});

const patterns: Record<string, {yes?: string[]; no?: string[]}> = {
	'ci/**:main': {yes: ['ci/app:main', 'ci/team/app:main'], no: ['ci:main', 'cix/app:main', 'ci/app:main-x', 'xci/app:main']},
	'*:*': {yes: ['app:x', 'app:1.0', 'app:_x'], no: ['ci/app:x']},
	'**:v[0-9]*': {yes: ['a/b:v1.2', 'a:v1'], no: ['a:va', 'a:xv1']},
	'**/app:{main,release-*}': {yes: ['app:main', 'x/y/app:release-1'], no: ['x/apps:main', 'app:release']},
	'a.b:m?in': {yes: ['a.b:main'], no: ['axb:main', 'a.b:min']},
	'a:main{,-*}': {yes: ['a:main', 'a:main-amd64'], no: ['a:maintenance']},
};
for (const [pattern, {yes = [], no = []}] of Object.entries(patterns)) {
	test(`${pattern} means what a glob means`, t => {
		const {match} = ruleOf(`match: "${pattern}"`);
		const matches = (ref: string) => 'named' in match.match(...(ref.split(':') as [string, string]));
		for (const ref of yes) t.true(matches(ref), ref);
		for (const ref of no) t.false(matches(ref), ref);
	});
}

test('parts have names in both halves, and each takes as little as it can', t => {
	const {match} = ruleOf('match: "{team}/**:{branch}-{os}"');
	t.deepEqual(match.match('ci/app', 'feature-x-linux'), {named: {team: 'ci', branch: 'feature', os: 'x-linux'}});
	t.deepEqual(ruleOf('match: "**:{branch}-{linux,windows}"').match.match('a', 'feature-x-linux'), {named: {branch: 'feature-x'}});
	t.deepEqual(match.match('ci', 'feature-x-linux'), {differs: 'repository'});
	t.deepEqual(match.match('ci/app', 'feature'), {differs: 'tag'});
});

for (const [pattern, problem] of Object.entries({
	'a:pr-{tag}': 'every rule has that already',
	'a:{x}-{x}': 'has {x} twice',
	'{x}/a:{x}': 'has {x} twice',
	'a:': 'the tag pattern is empty',
	':a': 'the repository pattern is empty',
	'a:b:c': 'with a colon between them',
	'App:x': 'the repository pattern has "App"',
	'a:+(x)': 'the tag pattern has "+(x)"',
	'a:x|y': 'the tag pattern has "|y"',
	'a:{1..3}': 'the tag pattern has "{1..3}"',
	'a:*a*b*c*d*': 'more than 4 of *',
	'a:{a*,b*,c*}*': '',
	'a:{a*b*c*d*e*,x}': 'more than 4 of *',
	'a:[9-0]': 'runs backwards',
	'a:x/y': 'the tag pattern has "/y"',
})) {
	test(`the pattern ${pattern} ${problem ? 'is refused' : 'is taken'}`, t => {
		const problems = problemsOf(`refs:\n  - match: ${JSON.stringify(pattern)}\n`);
		t.is(problems.length, problem ? 1 : 0, problems.join());
		t.true((problems[0] ?? '').includes(problem), problems[0]);
	});
}

test('the longest hostile names are matched in a moment', t => {
	const {match} = ruleOf('match: "**/a/**/b/**/c:*a*a*a{x}b"');
	const startedAt = performance.now();
	t.like(match.match(`${'a/'.repeat(126)}c`, 'a'.repeat(128)), {differs: 'repository'});
	t.like(ruleOf('match: "**:*a*a*a{x}b"').match.match('a', 'a'.repeat(128)), {differs: 'tag'});
	t.true(performance.now() - startedAt < 5_000);
});

test('retention and budgets are read in milliseconds and bytes, with their lines', t => {
	const policy = parsePolicy(
		`refs:
  - match: "ci/**:pr-*"
    expire: {age: 30d, idle: 7d}
    keep: {newest: 10}
  - match: "ci/**:main"
    keep: {superseded: 3}
    untagged: 2d
budget:
  - match: "ci/**:*"
    size: 500GB
`,
		'p',
	);
	const day = 86_400_000;
	t.like(policy.refs, [
		{expire: {age: 30 * day, idle: 7 * day}, keep: {newest: 10}},
		{keep: {superseded: 3}, untagged: 2 * day},
	]);
	t.like(policy.budget, [{size: 500e9, line: 9}]);
	t.deepEqual(parsePolicy('{}', 'p').budget, []);
});

test('what retention cannot mean is told with its place', t => {
	const text = `refs:
  - match: "ci/**:*"
    expire: {ages: 3d, idle: soon}
    keep: {newest: 0, superseded: 17}
    untagged: 0d
budget:
  - {match: "ci/**", size: 1GB}
  - {match: "ci/**:*", size: much}
  - {match: "ci/**:*"}
`;
	t.deepEqual(problemsOf(text), [
		'3:14 refs[0].expire.ages is no name that is known; did you mean age?',
		'3:30 refs[0].expire.idle must be a duration such as 12h, 7d or 2w',
		'4:20 refs[0].keep.newest must be at least 1',
		'4:35 refs[0].keep.superseded must be at most 16',
		'5:15 refs[0].untagged must be a duration such as 12h, 7d or 2w',
		'7:13 budget[0].match must be a pattern of repositories and one of tags with a colon between them, such as "ci/**:main"',
		'8:30 budget[1].size must be a size such as 500MB, 20GB or 64GiB',
		'9:5 budget[2].size is missing',
	]);
});
