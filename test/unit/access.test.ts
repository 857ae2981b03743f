/** `access` of the policy: what is read of it, and what is a problem, with its place. */
import test from 'ava';
import {PolicyInvalid, parsePolicy} from '../../src/config/policy.ts';

const head = 'issuers: {github: {issuer: "https://token.example.com", audience: layercache}}\naccess:\n';
const problemsOf = (rules: string, before = head): string[] => {
	try {
		parsePolicy(`${before}${rules}`, 'policy.yaml');
		return [];
	} catch (error) {
		if (error instanceof PolicyInvalid) return error.problems.map(({line, message}) => `${line}: ${message}`);
		throw error;
	}
};

test('a rule has whom it means, what they may and on what, one or several each, and the line where it begins', t => {
	const {access = []} = parsePolicy(
		`${head}  - who: {issuer: github, claims: {repository: "acme/{app}", ref: [refs/heads/main, "refs/heads/release-*"]}}
    may: [pull, push]
    on: ["ci/{app}:main", "ci/{app}:main-*"]
  - {who: {addresses: 10.0.0.0/8}, may: protect, on: "**:*"}
`,
		'policy.yaml',
	);
	t.deepEqual(
		access.map(({line, may, on}) => ({line, may, on: on.map(({text}) => text)})),
		[
			{line: 3, may: ['pull', 'push'], on: ['ci/{app}:main', 'ci/{app}:main-*']},
			{line: 6, may: ['protect'], on: ['**:*']},
		],
	);
	t.deepEqual(
		access[0]?.who.claims?.ref?.map(({text}) => text),
		['refs/heads/main', 'refs/heads/release-*'],
	);
	t.deepEqual(access[1]?.who.addresses, ['10.0.0.0/8']);
});

test('no section is not an empty one', t => {
	t.is(parsePolicy('refs: []', 'policy.yaml').access, undefined);
	t.deepEqual(parsePolicy('access: []', 'policy.yaml').access, []);
});

for (const [rule, ...expected] of [
	['{who: {}, may: pull, on: "**:*"}', 'access[0].who names nobody; {anyone: true} is everybody'],
	['{may: pull, on: "**:*"}', 'access[0].who is missing'],
	['{who: {anyone: true}, on: "**:*"}', 'access[0].may is missing'],
	['{who: {anyone: true}, may: [], on: "**:*"}', 'access[0].may must not be empty'],
	['{who: {anyone: true}, may: pul, on: "**:*"}', 'access[0].may must be pull or push or delete or protect or admin; did you mean pull?'],
	['{who: {anyone: false}, may: pull, on: "**:*"}', 'access[0].who.anyone must be true'],
	[
		'{who: {anyone: true}, may: pull, on: main}',
		'access[0].on must be a pattern of repositories and one of tags with a colon between them, such as "ci/**:main"',
	],
	['{who: {user: a, token: b}, may: pull, on: "**:*"}', 'access[0].who has user and token: a rule is for one of them, so write two'],
	[
		'{who: {anyone: true, issuer: github}, may: pull, on: "**:*"}',
		'access[0].who has anyone and issuer: a rule is for one of them, so write two',
	],
	[
		'{who: {claims: {ref: x}}, may: pull, on: "**:*"}',
		'access[0].who.claims are what an issuer says: name it (`issuer`), since another one may say anything',
	],
	['{who: {issuer: githab}, may: pull, on: "**:*"}', 'access[0].who.issuer is githab, which `issuers` has not; did you mean github?'],
	[
		'{who: {issuer: github, claims: {ref: "{a}{b}"}}, may: pull, on: "**:*"}',
		'access[0].who.claims.ref has {a} and {b} without a / or : between them: where the one ends would be a guess',
	],
	['{who: {issuer: github, claims: {ref: true}}, may: pull, on: "**:*"}', 'access[0].who.claims.ref must be a text; put it in quotes'],
	['{who: {issuer: github, claims: {ref: "{x}", sub: "{x}"}}, may: pull, on: "**:*"}', 'access[0].who takes {x} from two places'],
	[
		'{who: {issuer: github, claims: {ref: ["r/{x}", "r/*"]}}, may: pull, on: "a:{x}"}',
		'access[0].who.claims.ref has "r/{x}" and "r/*", which do not have the same names',
	],
	[
		'{who: {issuer: github, claims: {repository: "acme/{project}"}}, may: pull, on: "ci/{projct}:main"}',
		'access[0].on has {projct}, which `who` does not take from anything; did you mean {project}?',
	],
	['{who: {anyone: true}, may: pull, on: "ci/{app}:main"}', 'access[0].on has {app}, which `who` does not take from anything'],
	[
		'{who: {addresses: 10.0.0.0/33}, may: pull, on: "**:*"}',
		'access[0].who.addresses must be an IP address or a CIDR range such as 10.0.0.0/8',
	],
	[
		'{who: {user: alice}, may: [pull, admin], on: "ci/**:*"}',
		'access[0].may has admin, which is for the whole registry: it needs "**:*" in `on`',
	],
	[
		'{who: {usr: alice}, may: pull, on: "**:*"}',
		'access[0].who names nobody; {anyone: true} is everybody',
		'access[0].who.usr is no name that is known; did you mean user?',
	],
	['{who: {user: alice}, may: pull, on: "**:*", deny: true}', 'access[0].deny is no name that is known; known are who, may, on'],
] as const) {
	test(`a problem, with its line: ${rule}`, t => {
		t.deepEqual(
			problemsOf(`  - ${rule}\n`),
			expected.map(message => `3: ${message}`),
		);
	});
}

test('a user and a token may be taken apart as claims are', t => {
	t.deepEqual(problemsOf('  - {who: {user: "{team}/{name}"}, may: pull, on: "{team}/**:*"}\n'), []);
	t.deepEqual(problemsOf('  - {who: {token: "deploy-{app}"}, may: pull, on: "ci/{app}:*"}\n'), []);
});

test('all problems of several rules are told at once', t => {
	t.is(problemsOf('  - {who: {}, may: pull, on: "**:*"}\n  - {who: {user: "{"}, may: fly, on: ":"}\n').length, 4);
});
