import test from 'ava';
import {PolicyInvalid, parsePolicy} from '../../src/config/policy.ts';

const problemsOf = (text: string): string[] => {
	try {
		parsePolicy(text, 'p');
		return [];
	} catch (error) {
		if (!(error instanceof PolicyInvalid)) throw error;
		return error.problems.map(({line, message}) => `${line}: ${message}`);
	}
};

const hub = 'upstreams: {hub: {url: "https://registry.example.com"}}\n';

test('the account and the region of ECR are read from its host name, also where nobody says that it is ECR', t => {
	const {upstreams} = parsePolicy(
		`upstreams:
  plain: {url: "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com"}
  dual: {url: "https://123456789012.dkr-ecr.us-east-1.on.aws", ecr: {createRepositories: true, profile: other}}
  inside: {url: "https://ecr.internal.example", ecr: {region: eu-west-1, account: "210987654321"}}
  hub: {url: "https://registry.example.com", username: ci, passwordFile: /run/secrets/hub}
`,
		'p',
	);
	t.like(upstreams.plain?.ecr, {region: 'eu-central-1', account: '123456789012', createRepositories: false});
	t.like(upstreams.dual?.ecr, {region: 'us-east-1', profile: 'other', createRepositories: true});
	t.like(upstreams.inside?.ecr, {region: 'eu-west-1', account: '210987654321'});
	t.is(upstreams.hub?.ecr, undefined);
	t.like(upstreams.hub, {username: 'ci', passwordFile: '/run/secrets/hub'});
});

test('an upstream that nobody could log in to is a problem of the policy, each with its line', t => {
	t.deepEqual(
		problemsOf(`upstreams:
  path: {url: "https://a.example/team"}
  secret: {url: "https://me:hunter2@a.example"}
  half: {url: "https://a.example", username: ci}
  both: {url: "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com", ecr: {}, username: ci, passwordFile: /p}
  where: {url: "https://a.example", ecr: {}}
  odd: {url: "https://a.example", ecr: {region: eu-west-1, createRepository: true}}
`),
		[
			'2: upstreams.path.url must be scheme, host and port alone, such as https://cache.example.com',
			'3: upstreams.secret.url must be scheme, host and port alone, such as https://cache.example.com',
			'4: upstreams.half.username stands alone: `username` and `passwordFile` go together',
			'5: upstreams.both.username stands beside `ecr`, whose tokens come from AWS by the credentials of this server',
			'6: upstreams.where.ecr needs `region`: the host name does not tell it',
			'7: upstreams.odd.ecr.createRepository is no name that is known; did you mean createRepositories?',
		],
	);
	t.deepEqual(problemsOf('upstreams: {Hub: {url: "https://a.example"}}'), [
		'1: upstreams.Hub must be a name of lower-case letters, digits and hyphens between them',
	]);
});

test('a route says what stays and what goes, and by default images go through, caches stay, and reads go on upstream', t => {
	const [route, other] = parsePolicy(
		`${hub}routes:\n  - {match: "team/**:*", upstream: hub}\n  - {match: "{x}:*", upstream: hub, images: queued, caches: both, reads: here, repository: "a/{x}/{repository}"}\n`,
		'p',
	).routes;
	t.like(route, {line: 3, upstream: 'hub', images: 'through', caches: 'here', reads: 'upstream', repository: undefined});
	t.like(other, {line: 4, images: 'queued', caches: 'both', reads: 'here'});
	t.is(other?.repository?.fill({...other.match.namedInRepository('app'), repository: 'app'}), 'a/app/app' as never);
	t.is(other?.match.namedInRepository('team/app'), undefined);
});

test('a route to nowhere is a problem of the policy, and so is a name that the repository does not have', t => {
	t.deepEqual(
		problemsOf(`${hub}routes:
  - {match: "a:*", upstream: hubb}
  - {match: "a:*", upstream: far-away}
  - {match: "{app}:{nr}", upstream: hub, repository: "x/{nr}"}
  - {match: "a:*", upstream: hub, repository: "x/*"}
  - {match: "a:*", upstream: hub, images: trough}
  - {upstream: hub}
`),
		[
			'3: routes[0].upstream names hubb, which `upstreams` has not; did you mean hub?',
			'4: routes[1].upstream names far-away, which `upstreams` has not; it has hub',
			'5: routes[2].repository {nr} is no part of "{app}:{nr}"; known are {repository}, {app}',
			'6: routes[3].repository has *: it names one repository, of {repository} and the names in `match`',
			'7: routes[4].images must be through or queued or here; did you mean through?',
			'8: routes[5].match is missing',
		],
	);
	t.deepEqual(problemsOf('routes: [{match: "a:*", upstream: x}]'), [
		'1: routes[0].upstream names x, which `upstreams` has not, since there is none',
	]);
});
