/** Patterns of claims: what they mean, what they take out of a value, and that there is one way to do that. */
import test from 'ava';
import fc from 'fast-check';
import {parseClaimPattern} from '../../src/config/claimPattern.ts';

const taken: readonly [pattern: string, value: string, expected: Record<string, string> | undefined][] = [
	['refs/heads/main', 'refs/heads/main', {}],
	['refs/heads/main', 'refs/heads/main2', undefined],
	['refs/heads/main', 'refs/heads/main\n', undefined],
	['refs/heads/main', 'REFS/heads/main', undefined],
	['acme/{app}', 'acme/web', {app: 'web'}],
	['acme/{app}', 'acme/web/x', undefined],
	['acme/{app}', 'acme/', undefined],
	['acme/{app}', 'evil/acme/web', undefined],
	['acme/*', 'acme/web', {}],
	['acme/*', 'acme/web/x', undefined],
	['refs/heads/release-*', 'refs/heads/release-1.2', {}],
	['refs/heads/**', 'refs/heads/a/b/c', {}],
	['refs/pull/{pr}/merge', 'refs/pull/12/merge', {pr: '12'}],
	['refs/pull/{pr}/merge', 'refs/pull/12/13/merge', undefined],
	['repo:acme/{app}:ref:refs/heads/{branch...}', 'repo:acme/web:ref:refs/heads/fix/x:y', {app: 'web', branch: 'fix/x:y'}],
	['repo:acme/{app}:pull_request', 'repo:acme/web:ref:refs/heads/main:pull_request', undefined],
	['system:serviceaccount:{namespace}:{name}', 'system:serviceaccount:ci:builder', {namespace: 'ci', name: 'builder'}],
	['system:serviceaccount:{namespace}:{name}', 'system:serviceaccount:ci:builder:admin', undefined],
	['{path...}', 'group/sub/app', {path: 'group/sub/app'}],
	['group/{path...}/x-{app}', 'group/a/b/x-1', {path: 'a/b', app: '1'}],
	['a.b+c(d)', 'a.b+c(d)', {}],
	['a.b', 'axb', undefined],
];

for (const [pattern, value, expected] of taken) {
	test(`${pattern} ${expected ? 'means' : 'does not mean'} ${JSON.stringify(value)}`, t => {
		t.deepEqual(parseClaimPattern(pattern).match(value), expected);
	});
}

for (const [pattern, problem] of [
	['', /is empty/],
	['acme/{app', /has \{ where/],
	['acme/app}', /has \} where/],
	['{a b}', /has \{ where/],
	['{}', /has \{ where/],
	['***', /has \*\*\* where/],
	['{a}{b}', /\{a\} and \{b\} without a \/ or :/],
	['{a}-{b}', /where the one ends would be a guess/],
	['*-{b}', /\* and \{b\}/],
	['x{a...}y*', /\{a\.\.\.\} and \*/],
	['**/x/**', /more than one of \*\* and/],
	['**/{a...}', /more than one of \*\* and/],
	['{a}/{a}', /has \{a\} twice/],
] as const) {
	test(`the pattern ${JSON.stringify(pattern)} is refused, and says why`, t => {
		t.throws(() => parseClaimPattern(pattern), {name: 'PatternInvalid', message: problem});
	});
}

test('a sample is a value that the pattern means, and has what it is made with', t => {
	for (const [pattern] of taken) t.truthy(parseClaimPattern(pattern).match(parseClaimPattern(pattern).sampleOf({})), pattern);
	const pattern = parseClaimPattern('r:{app}/*/{branch...}');
	t.like(pattern.match(pattern.sampleOf({app: 'web', branch: 'a/b'})), {app: 'web', branch: 'a/b'});
});

test('what a value was made of is what is taken out of it, whatever it is', t => {
	const part = fc.string({minLength: 1}).filter(text => !/[/:]/.test(text));
	const beyond = fc.string({unit: 'binary', minLength: 1, maxLength: 300});
	fc.assert(
		fc.property(part, part, beyond, (app, pr, branch) => {
			t.deepEqual(parseClaimPattern('r:{app}/x-{pr}-y/{branch...}:end').match(`r:${app}/x-${pr}-y/${branch}:end`), {app, pr, branch});
		}),
	);
});

test('hostile values end soon, and longer ones than any name mean nothing', t => {
	const pattern = parseClaimPattern('a{x}b/**/c{y}d/{z}');
	const started = performance.now();
	for (const piece of ['a', 'ab/', '/', 'ab/c', 'cd/cd']) pattern.match(piece.repeat(1024 / piece.length));
	t.true(performance.now() - started < 500);
	t.is(parseClaimPattern('**').match('a'.repeat(1025)), undefined);
	t.deepEqual(parseClaimPattern('**').match('a'.repeat(1024)), {});
});
