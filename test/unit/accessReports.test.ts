/** `layercache access explain`: what somebody may do with a ref, and why. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {explainAccessTo} from '../../src/operations/accessReports.ts';
import {policyFile} from '../support/policy.ts';
import {cli, exitOf, run} from '../support/serverProcess.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const policy = `issuers:
  github: {issuer: "https://token.example.com", audience: layercache}
access:
  - who: {issuer: github, claims: {repository: "acme/{app}", ref: refs/heads/main}}
    may: [pull, push]
    on: "ci/{app}:main"
  - who: {issuer: github, claims: {repository: "acme/{app}", ref: "refs/pull/{pr}/merge"}}
    may: [pull, push]
    on: "ci/{app}:pr-{pr}"
  - {who: {user: alice}, may: [pull, delete], on: "**:*"}
  - {who: {addresses: 10.0.0.0/8}, may: protect, on: "ci/**:*"}
`;

const start = async (t: ExecutionContext, claims: object = {}) => {
	const [file, folder] = [await policyFile(t, policy), await temporaryFolder(t)];
	const path = join(folder, 'claims.json');
	await writeFile(path, JSON.stringify({iss: 'https://token.example.com', sub: 'repo:acme/app:pull_request', ...claims}));
	return {file, claims: path};
};
const pull = {repository: 'acme/app', ref: 'refs/pull/12/merge'};

test('what a job may not do is said with what it may instead, and each rule with why it does not count', async t => {
	const {file, claims} = await start(t, pull);
	const {exitCode, lines} = await explainAccessTo('ci/app:main', 'push', file, {claims});
	t.is(exitCode, 1);
	t.deepEqual(lines, [
		`oidc:github:repo:acme/app:pull_request and ci/app:main, by ${file}`,
		'',
		'push     no   oidc:github:repo:acme/app:pull_request may not push to ci/app:main; it may push to ci/app:pr-12',
		'',
		'rules:',
		'  line 4    is not     the claim ref is not refs/heads/main',
		'  line 7    is for it  pull, push on ci/app:pr-12',
		'  line 10   is not     it is for the user alice',
		'  line 11   is not     it is for the addresses 10.0.0.0/8',
	]);
});

test('what it may is said with the line that allows it', async t => {
	const {file, claims} = await start(t, pull);
	const {exitCode, lines, facts} = await explainAccessTo('ci/app:pr-12', 'push', file, {claims});
	t.is(exitCode, 0);
	t.true(lines.includes('push     yes  line 7 of the policy allows oidc:github:repo:acme/app:pull_request to push to ci/app:pr-12'));
	t.like(facts, {identity: {kind: 'oidc', claims: pull}, decisions: [{action: 'push', allowed: true}]});
});

test('a claim of which no ref comes is told', async t => {
	const {file, claims} = await start(t, {repository: 'acme/app', ref: 'refs/pull/1 2/merge'});
	const {lines} = await explainAccessTo('ci/app:pr-12', 'pull', file, {claims});
	t.true(lines.includes('  line 7    is for it  {pr} is "1 2", which makes no name of a tag'));
});

test('without an action each is told, for a user, a token, an address, or nobody in particular', async t => {
	const {file} = await start(t);
	const allowed = async (who: object) => {
		const {exitCode, facts} = await explainAccessTo('ci/app:main', undefined, file, who);
		t.is(exitCode, 0);
		return (facts as {decisions: {action: string; allowed: boolean}[]}).decisions.flatMap(each => (each.allowed ? [each.action] : []));
	};
	t.deepEqual(await allowed({user: 'alice'}), ['pull', 'delete']);
	t.deepEqual(await allowed({token: 'alice'}), []);
	t.deepEqual(await allowed({address: '10.1.2.3'}), ['protect']);
	t.deepEqual(await allowed({user: 'alice', address: '10.1.2.3'}), ['pull', 'delete', 'protect']);
	t.deepEqual(await allowed({}), []);
	const byDefault = await explainAccessTo('ci/app:main', 'push', undefined, {open: true});
	t.is(byDefault.exitCode, 0);
	t.is((await explainAccessTo('ci/app:main', 'push', undefined, {})).exitCode, 1);
});

test('where there is nothing to answer, that is another code, and says what is missing', async t => {
	const {file, claims} = await start(t, {iss: 'https://other.example.com'});
	const said = async (...given: Parameters<typeof explainAccessTo>) => {
		const {exitCode, lines} = await explainAccessTo(...given);
		t.is(exitCode, 2);
		return lines.join('\n');
	};
	t.regex(await said('ci/app:main', 'push', file, {claims}), /no issuer https:\/\/other\.example\.com; say with --issuer/);
	t.regex(await said('ci/app:main', 'fly', file, {}), /fly is no action; there are pull, push/);
	t.regex(await said('ci/app', 'pull', file, {}), /has no tag/);
	t.regex(await said('ci/app:a..b', 'pull', file, {}), /ask about each of a, b/);
	t.regex(await said('ci/app:a', 'pull', file, {claims, user: 'alice'}), /name one of/);
	t.regex(await said('ci/app:a', 'pull', file, {claims: '/nowhere'}), /cannot be read/);
	t.regex(await said('ci/app:a', 'pull', file, {claims: file}), /has no claims: it must be a JSON object/);
});

test('the command ends with the code of its report', async t => {
	const {file, claims} = await start(t, pull);
	const explain = (...args: string[]) => exitOf(run(t, cli, ['access', 'explain', ...args, '--file', file, '--claims', claims], {}).child);
	t.deepEqual(await Promise.all([explain('ci/app:pr-12', 'push'), explain('ci/app:main', 'push')]), [0, 1]);
});
