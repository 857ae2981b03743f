/** The rules in docs/auth.md: every policy can be used, they do what the page says, and its example is what is printed. */
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {claimsFrom, type Identity} from '../../src/auth/identity.ts';
import {createRights} from '../../src/auth/rights.ts';
import type {Action} from '../../src/config/actions.ts';
import {parsePolicy} from '../../src/config/policy.ts';
import {explainAccessTo} from '../../src/operations/accessReports.ts';
import {accessNotes} from '../../src/refs/accessNotes.ts';
import {openSources} from '../../src/refs/openSources.ts';
import {blocksOf} from '../support/cacheRefsPage.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const page = readFileSync(new URL('../../docs/auth.md', import.meta.url), 'utf8');
const policies = blocksOf(page, 'yaml').filter(({text}) => /^access:/m.test(text));

test('every policy of the page can be used, and nothing in it is odd', t => {
	t.true(policies.length >= 6);
	for (const {text} of policies) {
		const policy = parsePolicy(text, 'the page');
		t.deepEqual([...accessNotes(policy), ...openSources(policy)], [], text);
	}
});

const rules = policies.find(({heading}) => heading === 'Rules')?.text ?? '';
const job = (claims: Record<string, string>): Identity => ({
	kind: 'oidc',
	name: 'oidc:github:x',
	issuer: 'github',
	claims: claimsFrom(Object.entries(claims)),
});

test('the rules of the page let main, pull requests and forks do what it says, and nothing else', t => {
	const policy = parsePolicy(rules, 'the page');
	const rightsOf = createRights({policy: () => policy, isOpen: false});
	const main = job({repository: 'acme/web', ref: 'refs/heads/main', event_name: 'push'});
	const target = job({repository: 'acme/web', ref: 'refs/heads/main', event_name: 'pull_request_target'});
	const pr = job({repository: 'acme/web', ref: 'refs/pull/12/merge', event_name: 'pull_request'});
	const fork = job({repository: 'Stranger/app', ref: 'refs/heads/main', event_name: 'push'});
	const table: [Identity, Action, string, boolean][] = [
		[main, 'push', 'ci/web:main', true],
		[main, 'protect', 'ci/web:main', true],
		[main, 'push', 'ci/web:pr-12', false],
		[target, 'push', 'ci/web:main', false],
		[pr, 'pull', 'ci/web:main', true],
		[pr, 'push', 'ci/web:pr-12', true],
		[pr, 'push', 'ci/web:pr-13', false],
		[pr, 'push', 'ci/web:main', false],
		[fork, 'pull', 'ci/app:main', true],
		[fork, 'pull', 'ci/web:main', false],
		[fork, 'push', 'ci/app:main', false],
		[fork, 'push', 'forks/stranger/app:main', true],
		[fork, 'push', 'forks/acme/app:main', false],
	];
	for (const [identity, action, ref, expected] of table) {
		const [repo, tag] = ref.split(':');
		const {allowed, reason} = rightsOf(identity, '127.0.0.1').may(action, parseRepositoryName(repo), parseTag(tag));
		t.is(allowed, expected, reason);
	}
});

test('what access explain prints is what it prints', async t => {
	const folder = await temporaryFolder(t);
	const [file, claims] = [join(folder, 'policy.yaml'), join(folder, 'claims.json')];
	await writeFile(file, rules);
	const said = {iss: 'https://token.actions.githubusercontent.com', sub: 'repo:acme/app:pull_request'};
	await writeFile(claims, JSON.stringify({...said, repository: 'acme/app', ref: 'refs/pull/12/merge', event_name: 'pull_request'}));
	const [example] = blocksOf(page, 'console').filter(({text}) => text.includes('access explain'));
	const {lines} = await explainAccessTo('ci/app:main', 'push', file, {claims});
	t.deepEqual(
		lines.map(line => line.replaceAll(file, 'policy.yaml')),
		example?.text.trimEnd().split('\n').slice(1),
	);
});
