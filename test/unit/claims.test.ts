import test from 'ava';
import {flattenClaims} from '../../src/auth/claims.ts';
import {buildkiteClaims, githubPullRequestClaims, gitlabClaims, kubernetesClaims} from '../support/idTokenClaims.ts';

test("the claims of GitHub's jobs are texts as they are", t => {
	t.like(flattenClaims(githubPullRequestClaims), {
		repository: 'acme/app',
		ref: 'refs/pull/12/merge',
		event_name: 'pull_request',
		head_ref: 'feature',
		sub: 'repo:acme/app:pull_request',
	});
});

test("numbers become texts, and GitLab's lists are left out", t => {
	const claims = flattenClaims(gitlabClaims);
	t.like(claims, {project_path: 'acme/app', ref_protected: 'true', runner_id: '1'});
	t.is(claims.groups_direct, undefined);
	t.is(claims.user_identities, undefined);
});

test('what Buildkite says of nothing is no claim', t => {
	const claims = flattenClaims(buildkiteClaims);
	t.like(claims, {organization_slug: 'acme', pipeline_slug: 'app', build_branch: 'main', build_number: '1'});
	t.false('build_tag' in claims);
});

test('nested claims of Kubernetes have dotted names', t => {
	t.like(flattenClaims(kubernetesClaims), {
		sub: 'system:serviceaccount:ci:builder',
		'kubernetes.io.namespace': 'ci',
		'kubernetes.io.serviceaccount.name': 'builder',
		'kubernetes.io.pod.name': 'builder-7d4b',
	});
});

test('a claim whose name is like that of a nested one counts as neither', t => {
	const forged = {...kubernetesClaims, 'kubernetes.io.serviceaccount.name': 'admin', 'kubernetes.io.namespace': 'ci'};
	const claims = flattenClaims(forged);
	t.is(claims['kubernetes.io.serviceaccount.name'], undefined);
	t.is(claims['kubernetes.io.namespace'], undefined);
	t.is(claims['kubernetes.io.pod.name'], 'builder-7d4b');
	t.is(flattenClaims({a: {b: '1'}, 'a.b': '2', x: {y: '3'}})['a.b'], undefined);
});

test('what tells of the token and not of its holder is no claim', t => {
	t.deepEqual({...flattenClaims({sub: 'a', exp: 1, iat: 2, nbf: 3, jti: 'x'})}, {sub: 'a'});
});

test('claims are bounded in number, depth and length, and have no prototype', t => {
	const deep = {a: {a: {a: {a: {a: {a: {a: 'too deep'}}}}}}};
	const many = Object.fromEntries(Array.from({length: 1000}, (_, index) => [`n${index}`, 'x']));
	t.deepEqual(Object.keys(flattenClaims(deep)), []);
	t.is(Object.keys(flattenClaims(many)).length, 200);
	t.is(flattenClaims({long: 'x'.repeat(1025), fits: 'x'.repeat(1024)}).long, undefined);
	const claims = flattenClaims(JSON.parse('{"__proto__": {"polluted": "yes"}, "constructor": "c"}'));
	t.is(claims.constructor, 'c' as never);
	t.is(({} as Record<string, unknown>).polluted, undefined);
	t.is(flattenClaims({}).toString, undefined as never);
});
