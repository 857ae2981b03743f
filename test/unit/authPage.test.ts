import {readFileSync} from 'node:fs';
import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {flattenClaims} from '../../src/auth/claims.ts';
import type {Identity} from '../../src/auth/identity.ts';
import {createRights} from '../../src/auth/rights.ts';
import {parsePolicy} from '../../src/config/policy.ts';
import {buildkiteClaims, githubClaims, githubPullRequestClaims, gitlabClaims, kubernetesClaims} from '../support/idTokenClaims.ts';

const page = readFileSync(new URL('../../docs/auth.md', import.meta.url), 'utf8');

/** The policy of a chapter, and what it lets a job do whose token says `claims`. */
const chapter = (title: string, issuer: string) => {
	const [, text = ''] = page.split(`\n### ${title}\n`);
	const [, yaml = ''] = /```yaml\n(issuers:[\s\S]*?)```/.exec(text) ?? [];
	const policy = parsePolicy(yaml, 'docs/auth.md');
	const rightsOf = createRights({policy: () => policy, isOpen: false});
	return (claims: Record<string, unknown>, action: 'pull' | 'push', ref: string): boolean => {
		const identity: Identity = {kind: 'oidc', name: `oidc:${issuer}:job`, issuer, claims: flattenClaims(claims)};
		const [repo = '', tag = ''] = ref.split(':');
		return rightsOf(identity, '127.0.0.1').may(action, parseRepositoryName(repo), parseTag(tag)).allowed;
	};
};

test("on GitHub, main's job writes main, a pull request's reads it and writes its own", t => {
	const may = chapter('GitHub Actions', 'github');
	t.true(may(githubClaims, 'push', 'ci/app:main'));
	t.true(may(githubPullRequestClaims, 'pull', 'ci/app:main'));
	t.true(may(githubPullRequestClaims, 'push', 'ci/app:pr-12'));
	t.false(may(githubPullRequestClaims, 'push', 'ci/app:main'));
	t.false(may(githubPullRequestClaims, 'push', 'ci/app:pr-13'));
	t.false(may(githubClaims, 'push', 'ci/other:main'));
	t.false(may({...githubClaims, repository: 'stranger/app'}, 'pull', 'ci/app:main'));
	t.false(may({...githubClaims, event_name: 'pull_request_target'}, 'push', 'ci/app:main'));
});

test("on GitLab, main's job writes main, a branch's reads it and writes its own", t => {
	const may = chapter('GitLab CI', 'gitlab');
	const branch = {...gitlabClaims, ref: 'feature', ref_path: 'refs/heads/feature', ref_protected: 'false'};
	t.true(may(gitlabClaims, 'push', 'ci/app:main'));
	t.true(may(branch, 'pull', 'ci/app:main'));
	t.true(may(branch, 'push', 'ci/app:branch-feature'));
	t.false(may(branch, 'push', 'ci/app:main'));
	t.false(may({...gitlabClaims, pipeline_source: 'merge_request_event'}, 'push', 'ci/app:main'));
	t.false(may({...gitlabClaims, project_path: 'stranger/app'}, 'pull', 'ci/app:main'));
	t.false(may({...branch, ref: 'a/b'}, 'push', 'ci/app:branch-a'));
});

test("on Buildkite, main's job writes main, a branch's reads it and writes its own", t => {
	const may = chapter('Buildkite', 'buildkite');
	const branch = {...buildkiteClaims, build_branch: 'feature'};
	t.true(may(buildkiteClaims, 'push', 'ci/app:main'));
	t.true(may(branch, 'pull', 'ci/app:main'));
	t.true(may(branch, 'push', 'ci/app:branch-feature'));
	t.false(may(branch, 'push', 'ci/app:main'));
	t.false(may({...buildkiteClaims, organization_slug: 'stranger'}, 'pull', 'ci/app:main'));
});

test('on Kubernetes, the builders of a namespace write its own repositories', t => {
	const may = chapter('Kubernetes', 'cluster');
	t.true(may(kubernetesClaims, 'push', 'ci/app:main'));
	t.false(may(kubernetesClaims, 'push', 'team/app:main'));
	const other = {...kubernetesClaims, 'kubernetes.io': {...kubernetesClaims['kubernetes.io'], serviceaccount: {name: 'default'}}};
	t.false(may(other, 'pull', 'ci/app:main'));
});

test('every policy with an issuer can be used', t => {
	const policies = [...page.matchAll(/```yaml\n(issuers:[\s\S]*?)```/g)].map(([, text]) => text ?? '');
	t.true(policies.length >= 5);
	for (const text of policies) t.notThrows(() => parsePolicy(text, 'p'), text);
});
