/** Credentials that nobody gave: whatever is sent as one, at every door, opens none. */
import {createHmac} from 'node:crypto';
import test, {type ExecutionContext} from 'ava';
import {createClient} from '../support/client.ts';
import {asAlice, basic, getToken, postToken, startSecuredApp} from '../support/securedApp.ts';

const repo = 'ci/app';
const scopes = [`repository:${repo}:pull,push`];
const policy = `access:
  - {who: {user: alice}, may: [pull, push, delete, protect, admin], on: "**:*"}
  - {who: {issuer: ci, claims: {repository: "acme/app"}}, may: [pull, push, admin], on: "**:*"}
`;
const claims = {sub: 'job', repository: 'acme/app'};

type Started = Awaited<ReturnType<typeof startSecuredApp>>;

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString());
const signed = (head: string, secret: string) => `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;

/** No door takes it: neither as a bearer, nor as a password, nor to renew, nor as the session of a browser. */
const assertOpensNothing = async (t: ExecutionContext, {url}: Started, secret: string, what: string) => {
	const client = createClient(url);
	for (const authorization of [`Bearer ${secret}`, basic('job', secret), basic('alice', secret)]) {
		for (const path of ['/v2/', `/v2/${repo}/tags/list`, '/v2/_catalog', '/api/v1/usage']) {
			const {status} = await client.get(path, {Authorization: authorization});
			t.true(status === 401 || status === 403, `${what} at ${path}: ${status}`);
		}
		const answer = await getToken(url, scopes, {Authorization: authorization});
		t.true(answer.status === 401 || answer.status === 400, `${what} at /token: ${answer.status}`);
	}
	const forms: Record<string, string>[] = [
		{grant_type: 'refresh_token', service: 'x', refresh_token: secret},
		{grant_type: 'password', service: 'x', username: 'job', password: secret},
		{grant_type: 'password', service: 'x', username: 'alice', password: secret},
	];
	for (const form of forms) t.true((await postToken(url, form)).status >= 400, `${what} by a form`);
	const page = await fetch(`${url}/ui`, {headers: {Cookie: `layercache-session=${secret}`}, redirect: 'manual'});
	t.is(page.status, 303, `${what} as a session`);
};

type Forgery = [what: string, make: (started: Started) => Promise<string> | string];
const forgeries: Forgery[] = [
	...['none', 'None', 'NONE', 'nOnE', ''].map(
		(spelling): Forgery => [`an id token of the algorithm "${spelling}"`, ({issuer}) => issuer.unsigned(claims, spelling)],
	),
	['an id token signed with the public key as a secret', ({issuer}) => issuer.signedByPublicKey(claims)],
	['an id token of a stranger with a kid that climbs', ({issuer}) => issuer.signedByStranger(claims, {kid: '../../../../dev/null'})],
	['an id token of a stranger with a kid that is a query', ({issuer}) => issuer.signedByStranger(claims, {kid: "x' UNION SELECT 'key"})],
	['an id token of a stranger with a jku', ({issuer}) => issuer.signedByStranger(claims, {jku: `${issuer.url}/keys`})],
	['an id token of a stranger with an x5u', ({issuer}) => issuer.signedByStranger(claims, {x5u: `${issuer.url}/keys`})],
	[
		'an id token of a stranger with a key of its own',
		async ({issuer}) => issuer.signedByStranger(claims, {jwk: (await issuer.keySet()).keys[0]}),
	],
	['an id token for another audience', ({issuer}) => issuer.sign(claims, {audience: 'somebody else'})],
	['an id token for an audience that begins alike', ({issuer}) => issuer.sign(claims, {audience: 'layercache.evil.example'})],
	['an id token without an audience', ({issuer}) => issuer.sign({...claims, aud: undefined})],
	['an id token of another issuer', ({issuer}) => issuer.sign({...claims, iss: 'https://evil.example'})],
	['an id token of an issuer with a slash more', ({issuer}) => issuer.sign({...claims, iss: `${issuer.url}/`})],
	['an id token that has ended', ({issuer}) => issuer.sign(claims, {now: new Date(Date.now() - 3_600_000)})],
	['an id token that has not begun', ({issuer}) => issuer.sign(claims, {now: new Date(Date.now() + 3_600_000)})],
	[
		'an id token with claims that were changed',
		async ({issuer}) => {
			const [head = '', payload, signature = ''] = (await issuer.sign({...claims, repository: 'evil/app'})).split('.');
			return `${head}.${encoded({...decoded(payload), repository: 'acme/app'})}.${signature}`;
		},
	],
	['a huge id token', ({issuer}) => issuer.sign({...claims, more: 'x'.repeat(13_000)})],
	['an id token of four parts', async ({issuer}) => `${await issuer.sign(claims)}.${'A'.repeat(20)}`],
	[
		'a token of ours of no algorithm',
		async ({url}) => {
			const [head, payload] = (await getToken(url, scopes, asAlice)).body.token.split('.');
			return `${encoded({...decoded(head), alg: 'none'})}.${payload}.`;
		},
	],
	[
		'a token of ours for more than it was issued for',
		async ({url}) => {
			const [head, payload, signature] = (await getToken(url, scopes, asAlice)).body.token.split('.');
			return `${head}.${encoded({...decoded(payload), sub: 'administrator', kind: 'administrator'})}.${signature}`;
		},
	],
	[
		'a token of ours signed with a guess',
		async ({url}) => {
			const [head, payload] = (await getToken(url, scopes, asAlice)).body.token.split('.');
			return signed(`${head}.${payload}`, 'layercache');
		},
	],
	[
		'a token of ours signed with nothing',
		async ({url}) => {
			const [head, payload] = (await getToken(url, scopes, asAlice)).body.token.split('.');
			return signed(`${head}.${payload}`, '');
		},
	],
	[
		'a static token of the right id and another secret',
		async ({tokens}) => {
			const {text} = await tokens.create({name: 'deploy', createdBy: 'a test'});
			return `${text.slice(0, 16)}${'A'.repeat(43)}`;
		},
	],
	['a static token that is cut', async ({tokens}) => (await tokens.create({name: 'deploy', createdBy: 'a test'})).text.slice(0, -1)],
	[
		'a static token that was revoked',
		async ({tokens}) => {
			const {text} = await tokens.create({name: 'deploy', createdBy: 'a test'});
			await tokens.revoke('deploy');
			return text;
		},
	],
	[
		'the hash of a static token, from the bucket',
		async ({tokens}) => {
			const {token} = await tokens.create({name: 'deploy', createdBy: 'a test'});
			return `lc_${token.id}_${Buffer.from(token.secretHash, 'hex').toString('base64url')}`;
		},
	],
];

for (const [what, make] of forgeries) {
	test(`${what} opens nothing, at any door`, async t => {
		const started = await startSecuredApp(t, {policy});
		await assertOpensNothing(t, started, await make(started), what);
	});
}

test('an id token and a token of ours that are right open what they are for: the forgeries differ from them in one thing each', async t => {
	const {client, url, issuer} = await startSecuredApp(t, {policy});
	t.is((await client.get('/v2/', {Authorization: `Bearer ${await issuer.sign(claims)}`})).status, 200);
	t.is((await client.get('/v2/', {Authorization: basic('job', await issuer.sign(claims))})).status, 200);
	t.is((await client.get('/v2/', {Authorization: `Bearer ${(await getToken(url, scopes, asAlice)).body.token}`})).status, 200);
});

test('a token for the registry does not administer it, though its holder may, and what renews opens nothing itself', async t => {
	const {client, url} = await startSecuredApp(t, {policy});
	const {body} = await getToken(url, scopes, asAlice, '&offline_token=true');
	const bearer = (text: string) => ({Authorization: `Bearer ${text}`});
	t.is((await client.get('/api/v1/usage', asAlice)).status, 200);
	for (const text of [body.token, body.refresh_token]) {
		t.true([401, 403].includes((await client.get('/api/v1/usage', bearer(text))).status));
		t.is((await fetch(`${url}/ui`, {headers: {Cookie: `layercache-session=${text}`}, redirect: 'manual'})).status, 303);
	}
	t.is((await client.get('/v2/', bearer(body.refresh_token))).status, 401);
	t.is((await postToken(url, {grant_type: 'refresh_token', service: 'x', refresh_token: body.token})).status, 401);
});

test('the session of a browser is no token: it opens neither the registry nor the API, nor does it renew', async t => {
	const {client, url} = await startSecuredApp(t, {policy});
	const signIn = await fetch(`${url}/ui/sign-in`, {
		method: 'POST',
		body: new URLSearchParams({name: 'alice', secret: 'correct horse'}),
		headers: {Origin: url},
		redirect: 'manual',
	});
	const cookie = signIn.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
	t.is((await client.get('/ui', {Cookie: cookie})).status, 200);
	const text = cookie.slice(cookie.indexOf('=') + 1);
	const ways: Record<string, string>[] = [{Cookie: cookie}, {Authorization: `Bearer ${text}`}, {Authorization: basic('alice', text)}];
	for (const headers of ways) {
		for (const path of ['/v2/', `/v2/${repo}/tags/list`, '/api/v1/usage']) t.is((await client.get(path, headers)).status, 401, path);
	}
	t.is((await postToken(url, {grant_type: 'refresh_token', service: 'x', refresh_token: text})).status, 401);
});
