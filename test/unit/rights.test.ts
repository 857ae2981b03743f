/** What somebody may do by the rules of a policy, and what the reasons say. */
import test from 'ava';
import fc from 'fast-check';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {administrator, anonymous, type Identity} from '../../src/auth/identity.ts';
import {createRights, type Decision} from '../../src/auth/rights.ts';
import type {Action} from '../../src/config/actions.ts';
import {noPolicy, type Policy, parsePolicy} from '../../src/config/policy.ts';

const issuers = `issuers:
  github: {issuer: "https://token.example.com", audience: layercache}
  gitlab: {issuer: "https://gitlab.example.com", audience: layercache}
`;
const policyOf = (access: string): Policy => parsePolicy(`${issuers}access:\n${access}`, 'policy.yaml');

const pullRequests = policyOf(`  - who: {issuer: github, claims: {repository: "acme/{app}", ref: refs/heads/main}}
    may: [pull, push]
    on: ["ci/{app}:main", "ci/{app}:main-*"]
  - who: {issuer: github, claims: {repository: "acme/{app}", ref: "refs/pull/{pr}/merge"}}
    may: [pull, push]
    on: "ci/{app}:pr-{pr}"
  - who: {issuer: github, claims: {repository: "acme/{app}"}}
    may: pull
    on: "ci/{app}:main"
  - who: {user: alice}
    may: [pull, push, delete, protect, admin]
    on: "**:*"
  - {who: {token: "deploy-*"}, may: [pull, push], on: "images/**:*"}
  - {who: {addresses: [127.9.0.0/16, "::1"]}, may: protect, on: "ci/**:main"}
  - {who: {identified: true}, may: pull, on: "public/**:*"}
`);

const job = (claims: Record<string, string>, issuer = 'github'): Identity => ({
	kind: 'oidc',
	name: `oidc:${issuer}:${claims.repository}`,
	issuer,
	claims,
});
const user = (name: string): Identity => ({kind: 'user', name: `user:${name}`, claims: {name}});
const token = (name: string, grants?: Identity['grants']): Identity => ({kind: 'token', name: `token:${name}`, claims: {name}, grants});
const main = job({repository: 'acme/web', ref: 'refs/heads/main'});
const pr = job({repository: 'acme/web', ref: 'refs/pull/12/merge'});
const fork = job({repository: 'evil/web', ref: 'refs/heads/main'});

const rightsIn = (policy: Policy, isOpen = false) => {
	const rightsOf = createRights({policy: () => policy, isOpen});
	return (identity: Identity, address = '127.0.0.1') => {
		const rights = rightsOf(identity, address);
		return {
			...rights,
			ask(action: Action, ref: string): Decision {
				const [repo = '', tag = ''] = ref.split(':');
				return rights.may(action, parseRepositoryName(repo), parseTag(tag));
			},
			within: (action: Action, repo: string): Decision => rights.mayWithin(action, parseRepositoryName(repo)),
		};
	};
};

test('main writes main, a pull request its own ref and nothing else, and a fork of another owner nothing', t => {
	const of = rightsIn(pullRequests);
	const table: [Identity, Action, string, boolean][] = [
		[main, 'push', 'ci/web:main', true],
		[main, 'push', 'ci/web:main-arm64', true],
		[main, 'push', 'ci/web:pr-12', false],
		[main, 'push', 'ci/other:main', false],
		[main, 'delete', 'ci/web:main', false],
		[main, 'protect', 'ci/web:main', false],
		[pr, 'pull', 'ci/web:main', true],
		[pr, 'push', 'ci/web:main', false],
		[pr, 'push', 'ci/web:pr-12', true],
		[pr, 'push', 'ci/web:pr-13', false],
		[pr, 'push', 'ci/web:pr-12x', false],
		[pr, 'pull', 'ci/web:main-arm64', false],
		[pr, 'push', 'ci/other:pr-12', false],
		[fork, 'pull', 'ci/web:main', false],
		[fork, 'push', 'ci/web:pr-12', false],
		[anonymous, 'pull', 'ci/web:main', false],
		[anonymous, 'pull', 'public/x:y', false],
		[fork, 'pull', 'public/x:y', true],
		[user('alice'), 'delete', 'ci/web:main', true],
		[user('alicent'), 'pull', 'ci/web:main', false],
		[token('alice'), 'delete', 'ci/web:main', false],
		[token('deploy-1'), 'push', 'images/a/b:v1', true],
		[user('deploy-1'), 'push', 'images/a/b:v1', false],
		[job({...main.claims}, 'gitlab'), 'push', 'ci/web:main', false],
	];
	for (const [identity, action, ref, expected] of table)
		t.is(of(identity).ask(action, ref).allowed, expected, `${identity.name} ${action} ${ref}`);
});

test('within a repository counts some tag of it', t => {
	const of = rightsIn(pullRequests);
	t.true(of(pr).within('push', 'ci/web').allowed);
	t.false(of(pr).within('push', 'ci/other').allowed);
	t.false(of(pr).within('delete', 'ci/web').allowed);
	t.true(of(fork).within('pull', 'public/x').allowed);
	t.false(of(fork).within('pull', 'ci/web').allowed);
});

test('a reason says which line allows it, or what one may instead, or what a claim is', t => {
	const of = rightsIn(pullRequests);
	const reason = (identity: Identity, action: Action, ref: string) => of(identity).ask(action, ref).reason;
	t.is(reason(main, 'push', 'ci/web:main'), 'line 5 of the policy allows oidc:github:acme/web to push to ci/web:main');
	t.is(reason(main, 'push', 'ci/web:x'), 'oidc:github:acme/web may not push to ci/web:x; it may push to ci/web:main, ci/web:main-*');
	t.is(reason(fork, 'push', 'ci/web:main'), 'oidc:github:evil/web may not push to ci/web:main; no rule of the policy allows it that');
	t.is(
		reason(job({repository: 'acme/web', ref: 'refs/pull/a b/merge'}), 'push', 'ci/web:pr-1'),
		'oidc:github:acme/web may not push to ci/web:pr-1; line 8 of the policy is for it, but {pr} is "a b", which makes no name of a tag',
	);
	t.is(
		of(pr).within('delete', 'ci/web').reason,
		'oidc:github:acme/web may not delete anything in ci/web; no rule of the policy allows it that',
	);
	t.regex(reason(anonymous, 'pull', 'ci/web:main'), /^a client that is not logged in may not pull ci\/web:main; /);
});

test('an address counts for the rules that name it, and for no others', t => {
	const of = rightsIn(pullRequests);
	for (const [address, expected] of [
		['127.9.1.2', true],
		['::1', true],
		['127.8.1.2', false],
		['::2', false],
		['', false],
	] as const)
		t.is(of(anonymous, address).ask('protect', 'ci/web:main').allowed, expected, address);
	t.false(of(anonymous, '127.9.1.2').ask('push', 'ci/web:main').allowed);
});

test('to administer is a right of its own, and of the administrator', t => {
	const of = rightsIn(pullRequests);
	t.true(of(user('alice')).isAdministrator().allowed);
	t.false(of(main).isAdministrator().allowed);
	t.false(of(anonymous, '127.9.0.1').isAdministrator().allowed);
	for (const action of ['pull', 'push', 'delete', 'protect', 'admin'] as const)
		t.true(of(administrator).ask(action, 'any/thing:x').allowed);
	t.false(rightsIn(noPolicy, true)(anonymous).isAdministrator().allowed);
});

test('a token that was made with rights has those and no others, whatever the rules say of its name', t => {
	const of = rightsIn(pullRequests);
	const granted = token('deploy-1', [{may: ['pull'], on: ['images/{any}:v*']}]);
	t.true(of(granted).ask('pull', 'images/a:v1').allowed);
	t.is(of(granted).ask('pull', 'images/a:v1').reason, 'what the token was made for allows token:deploy-1 to pull images/a:v1');
	t.false(of(granted).ask('push', 'images/a:v1').allowed);
	t.false(of(granted).ask('pull', 'images/a:latest').allowed);
	t.true(of(token('deploy-1')).ask('push', 'images/a:v1').allowed);
	t.false(of(token('x', [])).ask('pull', 'public/x:y').allowed);
	t.false(of(token('x', [{may: ['pull'], on: ['no pattern']}])).ask('pull', 'public/x:y').allowed);
	t.false(of(token('x', [{may: ['admin'], on: ['ci/**:*']}])).isAdministrator().allowed);
	t.true(of(token('x', [{may: ['admin'], on: ['**:*']}])).isAdministrator().allowed);
});

test('without a section everybody may write where there are no identities, and else users and tokens; nobody moves what is protected', t => {
	const may = (isOpen: boolean, identity: Identity, action: Action) =>
		rightsIn(noPolicy, isOpen)(identity).ask(action, 'ci/web:main').allowed;
	for (const action of ['pull', 'push', 'delete'] as const) {
		t.true(may(true, anonymous, action));
		t.false(may(false, anonymous, action));
		t.true(may(false, user('alice'), action));
		t.true(may(false, token('x'), action));
		t.false(may(false, main, action));
	}
	for (const isOpen of [true, false]) for (const who of [anonymous, user('alice'), main]) t.false(may(isOpen, who, 'protect'));
	const nothing = rightsIn({...noPolicy, access: []}, true)(anonymous);
	t.false(nothing.ask('pull', 'ci/web:main').allowed);
});

test('another policy counts at once, and what was remembered by the one before it does not', t => {
	let policy = pullRequests;
	const rightsOf = createRights({policy: () => policy, isOpen: false});
	const may = () => rightsOf(main, '127.0.0.1').may('push', parseRepositoryName('ci/web'), parseTag('main')).allowed;
	t.true(may());
	policy = policyOf('  - {who: {user: bob}, may: pull, on: "**:*"}\n');
	t.false(may());
	policy = pullRequests;
	t.true(may());
});

test('what is remembered of one is never told to another, who has the same name or the same claims', t => {
	const of = rightsIn(pullRequests);
	const named = (identity: Identity): Identity => ({...identity, name: 'same'});
	const everybody: [Identity, string, boolean][] = [
		[named(main), '127.0.0.1', true],
		[named(pr), '127.0.0.1', false],
		[named(fork), '127.0.0.1', false],
		[named(job({...main.claims}, 'gitlab')), '127.0.0.1', false],
		[{...named(main), kind: 'user'}, '127.0.0.1', false],
		[{...named(main), grants: []}, '127.0.0.1', false],
		[named(user('alice')), '127.0.0.1', true],
		[named(token('alice')), '127.0.0.1', false],
	];
	for (let round = 0; round < 3; round += 1)
		for (const [identity, address, expected] of everybody) t.is(of(identity, address).ask('push', 'ci/web:main').allowed, expected);
	t.true(of(anonymous, '127.9.0.1').ask('protect', 'ci/web:main').allowed);
	t.false(of(anonymous, '127.0.0.1').ask('protect', 'ci/web:main').allowed);
});

test('a claim that a rule names and that only every object has is no claim', t => {
	const policy = policyOf('  - {who: {issuer: github, claims: {constructor: "**", toString: "**"}}, may: pull, on: "**:*"}\n');
	t.false(rightsIn(policy)(main).ask('pull', 'a:b').allowed);
});

/** Patterns in parts with slashes between them: `*` is a part, `{0}` one that is taken. */
const part = fc.constantFrom('a', 'b', '*', '{x}', '{y}');
const parts = fc
	.array(part, {minLength: 1, maxLength: 3})
	.filter(given => new Set(given.filter(each => each.startsWith('{'))).size === given.filter(each => each.startsWith('{')).length);
const nameParts = fc.array(fc.constantFrom('a', 'b', 'c'), {minLength: 1, maxLength: 3});
const may = fc.subarray<Action>(['pull', 'push', 'delete', 'protect'], {minLength: 1});

/** The same by hand: what each part of the claim must be, and what each part of the ref must then be. */
const allows = (
	rule: {claim: string[]; may: Action[]; on: string[]; tag: string},
	value: string[],
	action: Action,
	repo: string[],
	tag: string,
) => {
	if (!rule.may.includes(action) || rule.claim.length !== value.length || rule.on.length !== repo.length) return false;
	const taken = new Map<string, string>();
	for (const [index, wanted] of rule.claim.entries()) {
		if (wanted.startsWith('{')) taken.set(wanted, value[index] as string);
		else if (wanted !== '*' && wanted !== value[index]) return false;
	}
	const isMet = (wanted: string, given: string) => wanted === '*' || (taken.get(wanted) ?? wanted) === given;
	return rule.on.every((wanted, index) => isMet(wanted, repo[index] as string)) && isMet(rule.tag, tag);
};

test('whatever the rules are, they allow what their parts say and nothing else', t => {
	const rule = fc
		.record({claim: parts, may, on: fc.array(part, {minLength: 1, maxLength: 3}), tag: part})
		.filter(({claim, on, tag}) => [...on, tag].every(each => !each.startsWith('{') || claim.includes(each)));
	const question = fc.record({
		value: nameParts,
		action: fc.constantFrom<Action>('pull', 'push', 'delete', 'protect'),
		repo: nameParts,
		tag: fc.constantFrom('a', 'b', 'c'),
	});
	fc.assert(
		fc.property(fc.array(rule, {minLength: 1, maxLength: 4}), fc.array(question, {minLength: 1, maxLength: 12}), (rules, questions) => {
			const policy = policyOf(
				rules
					.map(
						({claim, may, on, tag}) =>
							`  - {who: {issuer: github, claims: {c: "${claim.join('/')}"}}, may: [${may.join()}], on: "${on.join('/')}:${tag}"}\n`,
					)
					.join(''),
			);
			const of = rightsIn(policy);
			for (const {value, action, repo, tag} of questions) {
				const asked = of(job({c: value.join('/')}));
				const expected = rules.some(each => allows(each, value, action, repo, tag));
				t.is(asked.ask(action, `${repo.join('/')}:${tag}`).allowed, expected);
				const within = rules.some(each => ['a', 'b', 'c', 'x'].some(some => allows(each, value, action, repo, some)));
				t.is(asked.within(action, repo.join('/')).allowed, within);
			}
		}),
		{numRuns: 500},
	);
});
