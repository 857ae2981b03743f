/** What the id tokens of CI systems say, in their shapes: public documentation of each, names made up. */

/** GitHub Actions, a push to a branch. */
export const githubClaims = {
	sub: 'repo:acme/app:ref:refs/heads/main',
	ref: 'refs/heads/main',
	sha: '6b8f6d2d3a0a3f2a0f2b2e9e6f3d4c5b6a798081',
	repository: 'acme/app',
	repository_owner: 'acme',
	repository_owner_id: '65',
	repository_id: '74',
	repository_visibility: 'private',
	actor: 'octocat',
	actor_id: '12',
	run_id: '1234567890',
	run_number: '10',
	run_attempt: '2',
	runner_environment: 'github-hosted',
	workflow: 'build',
	workflow_ref: 'acme/app/.github/workflows/build.yml@refs/heads/main',
	job_workflow_ref: 'acme/app/.github/workflows/build.yml@refs/heads/main',
	event_name: 'push',
	ref_type: 'branch',
	ref_protected: 'true',
	head_ref: '',
	base_ref: '',
	jti: 'c6b1a0d2-6f6c-4e1e-9a4e-3a1c2f0d9b7e',
};

/** GitHub Actions, a pull request, of a branch of the same repository or of a fork alike. */
export const githubPullRequestClaims = {
	...githubClaims,
	sub: 'repo:acme/app:pull_request',
	ref: 'refs/pull/12/merge',
	workflow_ref: 'acme/app/.github/workflows/build.yml@refs/pull/12/merge',
	event_name: 'pull_request',
	ref_protected: 'false',
	head_ref: 'feature',
	base_ref: 'main',
};

/** GitLab CI, a job of a branch. Its lists are no texts. */
export const gitlabClaims = {
	sub: 'project_path:acme/app:ref_type:branch:ref:main',
	namespace_id: '72',
	namespace_path: 'acme',
	project_id: '20',
	project_path: 'acme/app',
	user_id: '1',
	user_login: 'sample-user',
	user_email: 'sample-user@example.com',
	user_identities: [{provider: 'github', extern_uid: '2435223452345'}],
	pipeline_id: '574',
	pipeline_source: 'push',
	job_id: '302',
	ref: 'main',
	ref_type: 'branch',
	ref_path: 'refs/heads/main',
	ref_protected: 'true',
	groups_direct: ['acme', 'acme/platform'],
	environment: 'test-environment',
	runner_id: 1,
	runner_environment: 'self-hosted',
	sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
	project_visibility: 'private',
	ci_config_ref_uri: 'gitlab.example.com/acme/app//.gitlab-ci.yml@refs/heads/main',
};

/** Buildkite. */
export const buildkiteClaims = {
	sub: 'organization:acme:pipeline:app:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:build',
	organization_slug: 'acme',
	organization_id: '0184990a-477b-4fa8-9968-496074483cee',
	pipeline_slug: 'app',
	pipeline_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
	build_number: 1,
	build_branch: 'main',
	build_tag: null,
	build_commit: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
	build_source: 'webhook',
	step_key: 'build',
	job_id: '0184990a-477b-4fa8-9968-496074483cef',
	agent_id: '0184990a-4782-42b5-afc1-16715b10b8f1',
	runner_environment: 'self-hosted',
};

/** A projected token of a Kubernetes service account. */
export const kubernetesClaims = {
	sub: 'system:serviceaccount:ci:builder',
	'kubernetes.io': {
		namespace: 'ci',
		node: {name: 'node-1', uid: '646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1'},
		pod: {name: 'builder-7d4b', uid: '5e0bd49b-f040-43b0-99b7-22765a53f7f3'},
		serviceaccount: {name: 'builder', uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798'},
		warnafter: 1_700_003_600,
	},
	jti: '12a3b4c5-aaaa-bbbb-cccc-1234567890ab',
};
