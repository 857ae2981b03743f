/** docs/upstream.md and deploy/iam-ecr-policy.json: what can be pasted works, and says what the page says of it. */
import {existsSync, readFileSync} from 'node:fs';
import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {parse} from 'yaml';
import {z} from 'zod';
import {type Policy, parsePolicy} from '../../src/config/policy.ts';
import {explainRoute} from '../../src/operations/explainRoute.ts';

const at = (file: string) => new URL(`../../${file}`, import.meta.url);
const page = readFileSync(at('docs/upstream.md'), 'utf8');
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const routeOf = (policy: Policy, repo: string, tag: string) => explainRoute(policy, parseRepositoryName(repo), parseTag(tag));

test('the policies of the page do what it says of them', t => {
	const [first, accounts] = blocks.filter(text => text.startsWith('upstreams:')).map(text => parsePolicy(text, 'p')) as [Policy, Policy];
	t.like(routeOf(first, 'team/app', '1.2'), {
		upstream: 'ecr',
		repository: 'prod/app',
		images: 'through',
		caches: 'here',
		reads: 'upstream',
	});
	t.like(routeOf(first, 'web/site', 'v1'), {upstream: 'hub', images: 'queued', caches: 'both'});
	t.is(routeOf(first, 'other/app', '1'), undefined);
	t.like(accounts.upstreams.other?.ecr, {account: '210987654321', region: 'us-east-1', profile: 'other-account', createRepositories: true});
	t.like(routeOf(accounts, 'us/app', '1'), {upstream: 'other'});
	t.like(routeOf(accounts, 'app', '1'), {upstream: 'main'});
});

test('the policy in the ConfigMap can be used, and every other block is YAML', t => {
	const map = blocks.map(text => parse(text)).find(({kind}) => kind === 'ConfigMap');
	t.like(routeOf(parsePolicy(map.data['policy.yaml'], 'p'), 'team/app', '1'), {upstream: 'ecr', repository: 'team/app'});
});

test('every field of a route and of an upstream stands in the tables', t => {
	const policy = 'upstreams: {a: {url: "https://a.example"}}\nroutes: [{match: "**:*", upstream: a}]';
	const [route] = parsePolicy(policy, 'p').routes;
	for (const field of [
		...Object.keys(route ?? {}).filter(name => name !== 'line'),
		'repository',
		'url',
		'username',
		'passwordFile',
		'ecr',
		'region',
		'account',
		'profile',
		'endpoint',
		'createRepositories',
	])
		t.regex(page, new RegExp(`\\| [^|]*\`${field}\``), field);
});

test('the rights for ECR are those that a log-in, a read, a push and the creation of a repository need, and no others', t => {
	const statement = z.strictObject({Sid: z.string(), Effect: z.literal('Allow'), Action: z.array(z.string()), Resource: z.string()});
	const {Statement} = z
		.strictObject({Version: z.literal('2012-10-17'), Statement: z.array(statement)})
		.parse(JSON.parse(readFileSync(at('deploy/iam-ecr-policy.json'), 'utf8')));
	// Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic Container Registry"; ECR user guide, "IAM permissions for pushing an image".
	t.deepEqual(Object.fromEntries(Statement.map(({Sid, Action}) => [Sid, Action.toSorted()])), {
		LogIn: ['ecr:GetAuthorizationToken'],
		Read: [
			'ecr:BatchCheckLayerAvailability',
			'ecr:BatchGetImage',
			'ecr:GetDownloadUrlForLayer',
			'ecr:ListImageReferrers',
			'ecr:ListImages',
		],
		Push: ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart'],
		CreateRepositories: ['ecr:CreateRepository'],
	});
	// A token is for the registry as a whole; all else is for repositories.
	for (const {Sid, Resource} of Statement) t.is(Resource === '*', Sid === 'LogIn', Sid);
});

test('what the page leads to is there', t => {
	for (const [, target = ''] of page.matchAll(/\]\(((?:\.\.\/)?[\w./-]+)(?:#[\w-]+)?\)/g))
		t.true(existsSync(new URL(target, at('docs/upstream.md'))), target);
});
