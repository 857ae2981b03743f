import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {createEcrQuirks, explain} from '../../src/upstream/ecrQuirks.ts';

const repo = parseRepositoryName('team/app');
const refusal = {host: '123456789012.dkr.ecr.eu-central-1.amazonaws.com', repo};
const ecr = {region: 'eu-central-1', account: '123456789012', profile: undefined, endpoint: undefined};

test('a tag that cannot be moved says that it is immutable, and what can be done', t => {
	const message =
		"tag invalid: The image tag 'v1' already exists in the 'team/app' repository and cannot be overwritten because the repository is immutable.";
	const error = explain({...refusal, operation: 'putManifest', status: 400, code: 'TAG_INVALID', message});
	t.like(error, {code: 'TAG_INVALID', status: 400});
	t.regex(String(error?.message), /tags of that repository are immutable: push another tag/);
});

test('a repository that is missing says who may create it, to a push alone', t => {
	const missing = {...refusal, status: 404, code: 'NAME_UNKNOWN', message: "The repository with name 'team/app' does not exist"};
	t.regex(
		String(explain({...missing, operation: 'startUpload'})?.message),
		/has no repository team\/app.*createRepositories.*CREATE_ON_PUSH/,
	);
	t.is(explain({...missing, operation: 'getManifest'}), undefined);
	t.is(explain({...refusal, operation: 'putManifest', status: 429, message: 'Rate exceeded'}), undefined);
});

test('where the policy says so a missing repository is created, once for all blobs of a push', async t => {
	const created: string[] = [];
	const api = {
		async createRepository(name: string) {
			created.push(name);
		},
	};
	t.is(createEcrQuirks({...ecr, createRepositories: false}, api).missingRepository, undefined);
	const {missingRepository, ...quirks} = createEcrQuirks({...ecr, createRepositories: true}, api);
	t.deepEqual(await Promise.all([missingRepository?.(repo), missingRepository?.(repo)]), [true, true]);
	t.deepEqual(created, ['team/app']);
	t.like(quirks, {monolithicOnly: true, mounts: false, putManifestsPerSecond: 10});
});
