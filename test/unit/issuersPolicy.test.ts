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

test('an issuer needs its URL and an audience, and the rest has defaults', t => {
	const {issuers} = parsePolicy('issuers: {github: {issuer: "https://token.actions.githubusercontent.com", audience: layercache}}', 'p');
	t.like(issuers.github, {
		issuer: 'https://token.actions.githubusercontent.com',
		audience: ['layercache'],
		clockSkew: 60_000,
		session: 12 * 3_600_000,
		jwks: undefined,
	});
	t.false(issuers.github?.algorithms.some(name => name.startsWith('HS')));
});

test('the URL of an issuer stays as it was written, for it is compared and not followed', t => {
	const {issuers} = parsePolicy('issuers: {a: {issuer: "https://Issuer.example/", audience: [a, b]}}', 'p');
	t.like(issuers.a, {issuer: 'https://Issuer.example/', audience: ['a', 'b']});
});

test('what would let anybody vouch is a problem of the policy, each with its line', t => {
	t.deepEqual(
		problemsOf(`issuers:
  no-audience: {issuer: "https://a.example"}
  plain: {issuer: "http://a.example", audience: x}
  like-loopback: {issuer: "http://127.0.0.1.example.com", audience: x}
  secret: {issuer: "https://me:hunter2@a.example", audience: x}
  file: {issuer: "file:///etc/passwd", audience: x}
  query: {issuer: "https://a.example/?x=1", audience: x}
  keys: {issuer: "https://a.example", audience: x, jwks: "http://keys.example/jwks"}
  shared: {issuer: "https://a.example", audience: x, algorithms: [HS256]}
  none: {issuer: "https://a.example", audience: x, algorithms: [none]}
  skew: {issuer: "https://a.example", audience: x, clockSkew: 1h}
  nobody: {issuer: "https://a.example", audience: []}
  typo: {issuer: "https://a.example", audiense: x, audience: x}
`).map(problem => problem.replace(/must be RS256 or .*/, 'must be one of the algorithms')),
		[
			'2: issuers.no-audience.audience is missing',
			'3: issuers.plain.issuer must be an https:// URL without credentials; http:// is for 127.0.0.0/8 and localhost',
			'4: issuers.like-loopback.issuer must be an https:// URL without credentials; http:// is for 127.0.0.0/8 and localhost',
			'5: issuers.secret.issuer must be an https:// URL without credentials; http:// is for 127.0.0.0/8 and localhost',
			'6: issuers.file.issuer must be an https:// URL without credentials; http:// is for 127.0.0.0/8 and localhost',
			'7: issuers.query.issuer must have no query',
			'8: issuers.keys.jwks must be an https:// URL, or the path of a file',
			'9: issuers.shared.algorithms[0] must be one of the algorithms',
			'10: issuers.none.algorithms[0] must be one of the algorithms',
			'11: issuers.skew.clockSkew must be at most 10m',
			'12: issuers.nobody.audience must be a text, or a list of 1 to 20 texts',
			'13: issuers.typo.audiense is no name that is known; did you mean audience?',
		],
	);
});

test('an issuer on the loopback may speak plain HTTP, and keys may lie in a file', t => {
	t.deepEqual(
		problemsOf(`issuers:
  local: {issuer: "http://127.0.0.1:8080", audience: x}
  kept: {issuer: "https://kubernetes.default.svc", audience: x, jwks: /etc/layercache/cluster.json, ca: /ca.crt, bearerFile: /token}
`),
		[],
	);
});

test('the name of an issuer can stand in the names of its identities', t => {
	const named = (name: string) => problemsOf(`issuers: {"${name}": {issuer: "https://a.example", audience: x}}`);
	t.deepEqual(named('acme-gitlab-2'), []);
	for (const name of ['A', 'a:b', '', '-a', 'a'.repeat(33), 'a/b']) t.is(named(name).length, 1, name);
});
