import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {createIdTokens} from '../../src/auth/idTokens.ts';
import type {DocumentLimits} from '../../src/auth/issuerDocument.ts';
import {parsePolicy} from '../../src/config/policy.ts';
import {makeCertificate} from '../support/certificates.ts';
import {githubClaims, gitlabClaims, kubernetesClaims} from '../support/idTokenClaims.ts';
import {type Misbehaviour, startIssuer, type TestIssuer} from '../support/issuer.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

type Options = {policy?: (issuer: TestIssuer) => object; limits?: DocumentLimits};

const start = async (t: ExecutionContext, {policy, limits}: Options = {}) => {
	const issuer = await startIssuer(t);
	const policyOf = (issuers: object) => parsePolicy(JSON.stringify({issuers}), 'p').issuers;
	let issuers = policyOf(policy?.(issuer) ?? {github: {issuer: issuer.url, audience: 'layercache'}});
	const time = {now: Date.now(), elapsed: 0};
	const problems: string[] = [];
	const tokens = createIdTokens({
		issuers: () => issuers,
		clock: () => time.now,
		elapsed: () => time.elapsed,
		onProblem: ({issuer: name, reason}) => void problems.push(`${name}: ${reason.replaceAll(issuer.url, 'issuer')}`),
		limits,
	});
	return {
		...{issuer, tokens, time, problems},
		refused: async (text: string) => {
			const answer = await tokens.authenticate(text);
			return 'refused' in answer ? answer.refused.replaceAll(issuer.url, 'issuer') : `holds for ${answer.identity.name}`;
		},
		setIssuers(changed: object) {
			issuers = policyOf(changed);
		},
	};
};

test("a job of GitHub is known by its issuer's name and its subject, with all that its token says", async t => {
	const {issuer, tokens, time} = await start(t);
	t.like(await tokens.authenticate(await issuer.sign(githubClaims)), {
		identity: {
			kind: 'oidc',
			name: 'oidc:github:repo:acme/app:ref:refs/heads/main',
			issuer: 'github',
			claims: {repository: 'acme/app', ref: 'refs/heads/main', aud: 'layercache'},
		},
		renewableUntil: new Date(time.now + 12 * 3_600_000),
	});
});

for (const alg of ['ES256', 'EdDSA'] as const) {
	test(`an issuer may sign with ${alg}`, async t => {
		const issuer = await startIssuer(t, {alg});
		const {setIssuers, tokens} = await start(t);
		setIssuers({gitlab: {issuer: issuer.url, audience: 'layercache'}});
		t.like(await tokens.authenticate(await issuer.sign(gitlabClaims)), {identity: {claims: {project_path: 'acme/app'}}});
	});
}

test('keys are fetched once, however many tokens come at once', async t => {
	const {issuer, tokens} = await start(t);
	const texts = await Promise.all(Array.from({length: 20}, () => issuer.sign(githubClaims)));
	for (const answer of await Promise.all(texts.map(text => tokens.authenticate(text)))) t.true('identity' in answer);
	t.deepEqual(
		issuer.requests.map(({path}) => path),
		['/.well-known/openid-configuration', '/keys'],
	);
});

test('a token by a key that is not known has the keys fetched again, and at most every 30 s', async t => {
	const {issuer, refused, time} = await start(t);
	t.regex(await refused(await issuer.sign(githubClaims)), /^holds/);
	time.elapsed += 30_000;
	issuer.rotate();
	t.regex(await refused(await issuer.sign(githubClaims)), /^holds/);
	t.is(issuer.requests.length, 4);
	for (let attempt = 0; attempt < 5; attempt++)
		t.is(
			await refused(await issuer.signedByStranger(githubClaims, {kid: `made-up-${attempt}`})),
			'the token is not signed with a key that github has',
		);
	t.is(issuer.requests.length, 4);
});

test('a key that the issuer has withdrawn is not believed for longer than ten minutes', async t => {
	const {issuer, refused, time} = await start(t);
	const text = await issuer.sign(githubClaims, {expiresIn: 3600});
	t.regex(await refused(text), /^holds/);
	issuer.rotate({keepsOld: false});
	time.elapsed += 10 * 60_000 + 1;
	t.is(await refused(text), 'the token is not signed with a key that github has');
});

test('while an issuer is away, the keys that it had are believed', async t => {
	const {issuer, refused, time, problems} = await start(t);
	const text = await issuer.sign(githubClaims, {expiresIn: 3600});
	t.regex(await refused(text), /^holds/);
	issuer.misbehave('away');
	time.elapsed += 20 * 60_000;
	t.regex(await refused(text), /^holds/);
	t.is(problems.length, 1);
});

test('an issuer that was never there is a reason to come again, and is asked again after 30 s', async t => {
	const {issuer, tokens, time} = await start(t);
	const text = await issuer.sign(githubClaims);
	issuer.misbehave('away');
	t.like(await tokens.authenticate(text), {isTemporary: true, refused: 'the keys of the issuer github cannot be fetched just now'});
	issuer.misbehave(undefined);
	t.like(await tokens.authenticate(text), {isTemporary: true});
	time.elapsed += 30_000;
	t.true('identity' in (await tokens.authenticate(text)));
});

const misbehaviours: readonly [Misbehaviour, RegExp][] = [
	['huge', /answered with more than 4096 bytes/],
	['redirect', /answered 302/],
	['silent', /took longer than 0.2 s/],
	['slow', /took longer than 0.2 s/],
	['away', /cannot be read/],
	['error', /answered 500/],
	['noJson', /has no JSON/],
	['otherIssuer', /is of another issuer/],
	['otherKeysUrl', /anybody on the way could change them/],
	['noKeys', /no public key for signatures/],
];
for (const [how, reason] of misbehaviours) {
	test(`an issuer that answers badly (${how}) vouches for nobody, and the log hears why`, async t => {
		const timeMs = how === 'silent' || how === 'slow' ? 200 : 20_000;
		const {issuer, refused, problems} = await start(t, {limits: {bytes: 4096, timeMs}});
		issuer.misbehave(how);
		t.is(await refused(await issuer.sign(githubClaims)), 'the keys of the issuer github cannot be fetched just now');
		t.regex(problems.join(), reason);
		t.false(issuer.requests.some(({path}) => path.startsWith('/elsewhere')));
	});
}

test('a token for somebody else is refused, and says for whom it is', async t => {
	const {issuer, refused} = await start(t);
	t.is(
		await refused(await issuer.sign(githubClaims, {audience: 'https://github.com/acme'})),
		'the token of github is for the audience "https://github.com/acme", and the policy asks for "layercache"',
	);
	t.regex(await refused(await issuer.sign({...githubClaims, aud: undefined})), /no fitting "aud"|for the audience/);
});

test('a token of an issuer that the policy does not have is refused before anybody is asked', async t => {
	const {issuer, refused} = await start(t);
	const other = await startIssuer(t);
	t.is(await refused(await other.sign(githubClaims)), `the policy has no issuer "${other.url}"`);
	t.is(await refused(await issuer.signedByStranger({...githubClaims, iss: `${issuer.url}/`})), 'the policy has no issuer "issuer/"');
	t.deepEqual([issuer.requests.length, other.requests.length], [0, 0]);
});

test('the issuer of one tenant cannot vouch for that of another', async t => {
	const {refused, setIssuers, issuer} = await start(t);
	const other = await startIssuer(t);
	setIssuers({github: {issuer: issuer.url, audience: 'layercache'}, gitlab: {issuer: other.url, audience: 'layercache'}});
	t.is(await refused(await other.sign({...githubClaims, iss: issuer.url})), 'the token is not one that github has signed');
});

test('a token holds within its times, with the skew that the policy allows', async t => {
	const {issuer, refused, time} = await start(t, {
		policy: ({url}) => ({github: {issuer: url, audience: 'layercache', clockSkew: '30s'}}),
	});
	const text = await issuer.sign(githubClaims, {now: new Date(time.now), expiresIn: 300});
	const at = async (seconds: number) => {
		const began = time.now;
		time.now += seconds * 1000;
		const answer = await refused(text);
		time.now = began;
		return answer;
	};
	t.regex(await at(320), /^holds/);
	t.is(await at(335), 'the token of github has expired');
	t.regex(await at(-20), /^holds/);
	t.is(await at(-40), 'the token of github is not valid yet, by more than 30 s');
});

test('a token without an end, or without a subject, is refused', async t => {
	const {issuer, refused} = await start(t);
	t.is(await refused(await issuer.sign({...githubClaims, exp: undefined})), 'the token of github has no fitting "exp"');
	t.is(await refused(await issuer.sign({...githubClaims, sub: undefined})), 'the token of github has no fitting "sub"');
	for (const sub of ['', 'lone \ud800'])
		t.is(await refused(await issuer.sign({...githubClaims, sub})), 'the token does not say whose it is');
});

test('no trick with the header makes a signature of somebody else count', async t => {
	const {issuer, refused} = await start(t);
	const jwk = (await (await startIssuer(t)).keySet()).keys[0];
	const forged = [
		await issuer.unsigned(githubClaims),
		await issuer.unsigned(githubClaims, 'NONE'),
		await issuer.unsigned(githubClaims, 'nOnE'),
		await issuer.signedByPublicKey(githubClaims),
		await issuer.signedByStranger(githubClaims),
		await issuer.signedByStranger(githubClaims, {jwk}),
		await issuer.signedByStranger(githubClaims, {kid: 'x', jku: `${issuer.url}/keys`}),
		await issuer.signedByStranger(githubClaims, {kid: 'x', x5u: `${issuer.url}/keys`}),
		await issuer.signedByStranger(githubClaims, {kid: '../../../../etc/passwd'}),
		await issuer.signedByStranger(githubClaims, {kid: `${issuer.url}/keys`}),
		await issuer.signedByStranger(githubClaims, {kid: undefined}),
		`${await issuer.sign(githubClaims)}x`,
		(await issuer.sign(githubClaims)).slice(0, -20),
	];
	for (const [index, text] of forged.entries()) {
		const answer = await refused(text);
		t.notRegex(answer, /^holds/, `forgery ${index}`);
		t.notRegex(answer, /passwd/, `forgery ${index}`);
	}
	// The first question for keys, and no other: none of the URLs in the headers was followed.
	t.is(issuer.requests.length, 2);
	t.regex(await refused(await issuer.sign(githubClaims)), /^holds/);
});

test('algorithms that the policy does not name are refused', async t => {
	const {issuer, refused} = await start(t, {policy: ({url}) => ({github: {issuer: url, audience: 'layercache', algorithms: ['ES256']}})});
	t.is(await refused(await issuer.sign(githubClaims)), 'the token is not one that github has signed');
});

test('what is no token at all, or is far too long, is refused without a question', async t => {
	const {issuer, refused} = await start(t);
	for (const text of ['', '.', '..', 'a.b.c', 'e30.e30.e30', 'x'.repeat(1_000_000)]) t.notRegex(await refused(text), /^holds/);
	t.is(await refused(await issuer.sign({...githubClaims, long: 'x'.repeat(20_000)})), 'the token is longer than 12288 characters');
	t.is(issuer.requests.length, 0);
});

test('what a token says cannot break a line of the log', async t => {
	const {issuer, refused} = await start(t);
	t.notRegex(await refused(await issuer.sign(githubClaims, {audience: 'a\nb\u001b[31m\u2028'})), /[^\x20-\x7e]/);
	t.regex(
		await refused(await issuer.sign({...githubClaims, sub: 'repo:a\nb é 100%'})),
		/^holds for oidc:github:repo:a%0Ab%20%C3%A9%20100%25$/,
	);
});

test('subjects too long for a name still have names of their own', async t => {
	const {issuer, refused} = await start(t);
	const [one, other] = [`${'a'.repeat(400)}1`, `${'a'.repeat(400)}2`];
	const [first, second] = [await refused(await issuer.sign({sub: one})), await refused(await issuer.sign({sub: other}))];
	t.not(first, second);
	t.true(first.length < 280);
});

test('keys may lie in a file, which is read again for a key that is not in it', async t => {
	const path = join(await temporaryFolder(t), 'keys.json');
	const {issuer, refused, time} = await start(t, {policy: ({url}) => ({cluster: {issuer: url, audience: 'layercache', jwks: path}})});
	await writeFile(path, JSON.stringify(await issuer.keySet()));
	t.regex(await refused(await issuer.sign(kubernetesClaims)), /^holds for oidc:cluster:system:serviceaccount:ci:builder/);
	issuer.rotate();
	await writeFile(path, JSON.stringify(await issuer.keySet()));
	time.elapsed += 30_000;
	t.regex(await refused(await issuer.sign(kubernetesClaims)), /^holds/);
	t.is(issuer.requests.length, 0);
});

test('a cluster is asked with the credential from its file, as it is then', async t => {
	const path = join(await temporaryFolder(t), 'token');
	const {issuer, refused, time} = await start(t, {policy: ({url}) => ({cluster: {issuer: url, audience: 'layercache', bearerFile: path}})});
	await writeFile(path, 'first\n');
	t.regex(await refused(await issuer.sign(kubernetesClaims)), /^holds/);
	await writeFile(path, 'second\n');
	time.elapsed += 11 * 60_000;
	t.regex(await refused(await issuer.sign(kubernetesClaims)), /^holds/);
	t.deepEqual(
		issuer.requests.map(({authorization}) => authorization),
		['Bearer first', 'Bearer first', 'Bearer second', 'Bearer second'],
	);
});

test('our credential does not follow where an issuer points to', async t => {
	const path = join(await temporaryFolder(t), 'token');
	await writeFile(path, 'secret');
	const {issuer, refused} = await start(t, {policy: ({url}) => ({cluster: {issuer: url, audience: 'layercache', bearerFile: path}})});
	const elsewhere = await startIssuer(t);
	issuer.pointKeysAt(`${elsewhere.url}/keys`);
	t.is(await refused(await issuer.sign(kubernetesClaims)), 'the token is not one that cluster has signed');
	t.deepEqual(
		elsewhere.requests.map(({authorization}) => authorization),
		[undefined],
	);
});

test('of two clusters that call themselves alike, each is known by its keys', async t => {
	const folder = await temporaryFolder(t);
	const same = {issuer: 'https://kubernetes.default.svc', audience: 'layercache'};
	const {issuer, refused, setIssuers} = await start(t);
	const other = await startIssuer(t);
	await writeFile(join(folder, 'a.json'), JSON.stringify(await issuer.keySet()));
	await writeFile(join(folder, 'b.json'), JSON.stringify(await other.keySet()));
	setIssuers({a: {...same, jwks: join(folder, 'a.json')}, b: {...same, jwks: join(folder, 'b.json')}});
	const claims = {...kubernetesClaims, iss: same.issuer};
	t.is(await refused(await issuer.sign(claims)), 'holds for oidc:a:system:serviceaccount:ci:builder');
	t.is(await refused(await other.sign(claims)), 'holds for oidc:b:system:serviceaccount:ci:builder');
});

test('what was issued for an issuer falls when the policy has it no more, or another of its name', async t => {
	const {issuer, tokens, setIssuers} = await start(t);
	const answer = await tokens.authenticate(await issuer.sign(githubClaims));
	if (!('identity' in answer)) return t.fail();
	const stands = () => tokens.stands(answer.identity, answer.mark);
	t.true(stands());
	setIssuers({github: {issuer: issuer.url, audience: 'layercache', session: '1h'}});
	t.true(stands());
	setIssuers({github: {issuer: 'https://token.example.com', audience: 'layercache'}});
	t.false(stands());
	setIssuers({github: {issuer: issuer.url, audience: 'another'}});
	t.false(stands());
	setIssuers({});
	t.false(stands());
	t.false(tokens.stands({...answer.identity, issuer: 'constructor'}, answer.mark));
});

test('a policy that changes elsewhere does not have keys fetched again', async t => {
	const {issuer, refused, setIssuers} = await start(t);
	t.regex(await refused(await issuer.sign(githubClaims)), /^holds/);
	setIssuers({
		github: {issuer: issuer.url, audience: 'layercache', session: '1h'},
		gitlab: {issuer: 'https://gitlab.example.com', audience: 'x'},
	});
	t.regex(await refused(await issuer.sign(githubClaims)), /^holds/);
	t.is(issuer.requests.length, 2);
});

test('an issuer with a certificate of an authority of its own is asked if the policy names that, and not else', async t => {
	const {cert, key} = await makeCertificate(await temporaryFolder(t));
	const issuer = await startIssuer(t, {tls: {cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8')}});
	const {refused, setIssuers, problems} = await start(t);
	setIssuers({cluster: {issuer: issuer.url, audience: 'layercache'}});
	t.is(await refused(await issuer.sign(kubernetesClaims)), 'the keys of the issuer cluster cannot be fetched just now');
	t.regex(problems.join(), /cannot be read: .*(SELF_SIGNED|UNABLE_TO_VERIFY)/);
	setIssuers({cluster: {issuer: issuer.url, audience: 'layercache', ca: cert}});
	t.regex(await refused(await issuer.sign(kubernetesClaims)), /^holds/);
});

test('an issuer by https does not send us to plain http', async t => {
	const {cert, key} = await makeCertificate(await temporaryFolder(t));
	const issuer = await startIssuer(t, {tls: {cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8')}});
	const {refused, setIssuers, problems} = await start(t);
	setIssuers({cluster: {issuer: issuer.url, audience: 'layercache', ca: cert}});
	issuer.pointKeysAt(issuer.url.replace('https:', 'http:'));
	t.is(await refused(await issuer.sign(kubernetesClaims)), 'the keys of the issuer cluster cannot be fetched just now');
	t.regex(problems.join(), /anybody on the way could change them/);
});
