/** Refs of rules with values from outside in them: each value stands for itself, and for nothing that it spells. */
import test from 'ava';
import fc from 'fast-check';
import {isRepositoryName, isTagText} from 'oci-spec-types';
import {parseRefTemplate} from '../../src/config/refTemplate.ts';

/** What would mean something else, were it taken for a pattern, a replacement, a path or a name. */
const spelled = [
	...['*', '**', '?', '[a-z]', '{a,b}', '{app}', '~app~', '~pr~', '!(x)', '+(x)', '$&', '$1', '\\d+', '.*', '(?:)', '|', '^', 'a|b'],
	...['..', '../x', 'a/../b', './x', '/', 'a/b', '//', 'a//b', '.', '-', '_', 'a..b', '%2e%2e', '\0', '\n', 'x\nmain', 'main'],
	...['App', 'APP/Web', '\u212Aelvin', '\u0130', 'ａ', 'a'.repeat(300), 'a:b', ':main', '', ' ', 'a b', '__proto__', 'constructor'],
];
const value = fc.oneof(
	fc.constantFrom(...spelled),
	fc.string(),
	fc.string({unit: 'binary'}),
	fc.stringMatching(/^[a-z0-9._/-]{1,20}$/),
	fc.stringMatching(/^[A-Za-z0-9_][\w.-]{0,20}$/),
);
const asciiLower = (text: string) => text.replace(/[A-Z]/g, letter => letter.toLowerCase());
const name = fc.oneof(
	fc.constantFrom('ci/app', 'ci/main', 'ci/a/b', 'ci', 'ci/kelvin', 'ci/x/y'),
	fc.stringMatching(/^ci\/[a-z0-9]{1,6}$/),
);
const tag = fc.oneof(fc.constantFrom('pr-12', 'pr-main', 'main', 'pr-', 'pr-a'), fc.stringMatching(/^pr-[\w.-]{1,6}$/));

test('a template with values in it means that ref alone, or none', t => {
	const template = parseRefTemplate('ci/{app}:pr-{pr}');
	fc.assert(
		fc.property(value, value, name, tag, (app, pr, otherName, otherTag) => {
			const [repo, tag] = [`ci/${asciiLower(app)}`, `pr-${pr}`];
			const filled = template.fill({app, pr});
			const isLegal = isRepositoryName(repo) && isTagText(tag);
			t.is('unfit' in filled, !isLegal, JSON.stringify([app, pr]));
			if ('unfit' in filled) return;
			t.true(filled.matches(repo, tag));
			t.true(filled.matchesRepository(repo));
			t.is(filled.matches(otherName, otherTag), otherName === repo && otherTag === tag, JSON.stringify([app, pr, otherName, otherTag]));
			t.is(filled.matchesRepository(otherName), otherName === repo);
		}),
		{numRuns: 3000},
	);
});

test('what stands beside a value may vary as the template says, and the value may not', t => {
	const template = parseRefTemplate('ci/{app}/**:{pr}-*');
	fc.assert(
		fc.property(
			value,
			value,
			fc.stringMatching(/^[a-z0-9]{1,5}(\/[a-z0-9]{1,5}){0,3}$/),
			fc.stringMatching(/^[\w.-]{1,8}$/),
			(app, pr, below, tag) => {
				const filled = template.fill({app, pr});
				if ('unfit' in filled) return;
				t.true(filled.matches(`ci/${asciiLower(app)}/${below}`, `${pr}-${tag}`));
				t.is(
					filled.matches(`ci/${below}`, tag),
					below.startsWith(`${asciiLower(app)}/`) && tag.startsWith(`${pr}-`) && tag.length > pr.length + 1,
				);
				t.true(filled.matches(filled.sample.repository, filled.sample.tag));
			},
		),
		{numRuns: 2000},
	);
});

test('a value is in the name of a repository in lower case, and in a tag as it is', t => {
	const filled = parseRefTemplate('ci/{app}:{app}').fill({app: 'Web'});
	if ('unfit' in filled) return t.fail(filled.unfit);
	t.is(filled.text, 'ci/web:Web');
	t.true(filled.matches('ci/web', 'Web'));
	t.false(filled.matches('ci/web', 'web'));
});

test('letters that become those of a name are none: the sign for Kelvin is no k', t => {
	t.true('unfit' in parseRefTemplate('ci/{app}:main').fill({app: '\u212A8s'}));
});

for (const [template, values, why] of [
	['ci/{app}:pr-{pr}', {app: 'web', pr: 'x y'}, '{pr} is "x y", which makes no name of a tag'],
	['ci/{app}:pr-{pr}', {app: '../etc', pr: '1'}, '{app} is "../etc", which makes no name of a repository'],
	['ci/{app}:pr-{pr}', {app: 'web', pr: 'a\u001b[31m\u2028b'}, '{pr} is "a\\u001b[31m\\u2028b", which makes no name of a tag'],
	['ci/{app}:{app}-{pr}', {app: 'web', pr: '/'}, '{app} is "web" and {pr} is "/", which makes no name of a tag'],
] as const) {
	test(`${template} with ${JSON.stringify(values)} makes no ref, and says which value it is`, t => {
		t.deepEqual(parseRefTemplate(template).fill(values), {unfit: why});
	});
}

test('a value of 300 characters is shown by its beginning', t => {
	const filled = parseRefTemplate('ci/a:{pr}').fill({pr: 'x'.repeat(300)});
	t.true('unfit' in filled && filled.unfit.length < 150);
});

for (const text of ['ci/app', 'ci/app:a:b', 'CI/app:main', 'ci/{app:main', 'ci/app:[9-0]', 'ci/{path...}:main']) {
	test(`the template ${text} is refused`, t => {
		t.throws(() => parseRefTemplate(text), {name: 'PatternInvalid'});
	});
}
