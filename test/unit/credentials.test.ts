import test from 'ava';
import {type CredentialSources, createCredentials} from '../../src/auth/credentials.ts';
import {anonymous, claimsFrom, type Identity, type Refusal} from '../../src/auth/identity.ts';

const now = Date.parse('2026-11-27T12:00:00Z');
const hour = 3_600_000;
const administratorToken = 'the-token-of-the-administrator';
const identity = (kind: Identity['kind'], name: string): Identity => ({kind, name, claims: claimsFrom([])});

/** Sources that say which of them was asked. */
const start = (options: Partial<CredentialSources> = {}) => {
	const asked: string[] = [];
	const credentials = createCredentials({
		users: {
			async authenticate(name) {
				asked.push(`users: ${name}`);
				return {identity: identity('user', `user:${name}`), mark: 'u'};
			},
			stands: (of, mark) => (mark === 'u' ? of : undefined),
		},
		tokens: {
			async authenticate(): Promise<{identity: Identity; mark: string; expiresAt: Date}> {
				asked.push('tokens');
				return {identity: identity('token', 'token:t'), mark: 't', expiresAt: new Date(now + hour)};
			},
			stands: (of, mark) => (mark === 't' ? of : undefined),
		},
		idTokens: {
			async authenticate(): Promise<Refusal> {
				asked.push('idTokens');
				return {refused: 'no issuer'};
			},
			stands: (_, mark) => mark === 'i',
		},
		administratorToken,
		renewableForMs: 30 * 24 * hour,
		clock: () => now,
		...options,
	});
	const authenticate = (credential: Parameters<typeof credentials.authenticate>[0]) => credentials.authenticate(credential, '127.0.0.1');
	return {credentials, asked, authenticate};
};

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl';

test('what a password looks like decides who is asked, and the user name beside a token does not matter', async t => {
	const {asked, authenticate} = start();
	await authenticate({username: 'alice', password: 'secret'});
	await authenticate({username: 'whoever', password: 'lc_0_x'});
	await authenticate({username: 'whoever', password: jwt});
	await authenticate({username: '', password: `${jwt.split('.').slice(0, 2).join('.')}.`});
	await authenticate({username: 'alice', password: 'has.two.dots'});
	t.deepEqual(asked, ['users: alice', 'tokens', 'idTokens', 'idTokens', 'users: alice']);
});

test('a bearer token is a static token, an id token, or the one of the administrator', async t => {
	const {asked, authenticate} = start();
	await authenticate({bearer: 'lc_0_x'});
	await authenticate({bearer: jwt});
	t.like(await authenticate({bearer: administratorToken}), {identity: {kind: 'administrator', name: 'administrator'}});
	t.deepEqual(await authenticate({bearer: 'secret'}), {refused: 'the token is of no kind that is known here'});
	t.deepEqual(asked, ['tokens', 'idTokens']);
});

test("the administrator's token is a password as well, whatever the user is called", async t => {
	const {authenticate, asked} = start();
	t.like(await authenticate({username: 'admin', password: administratorToken}), {identity: {name: 'administrator'}});
	t.is(asked.length, 0);
	await authenticate({username: 'admin', password: `${administratorToken}x`});
	t.deepEqual(asked, ['users: admin']);
});

test('without a token for an administrator there is none, not even with an empty one', async t => {
	const {authenticate, credentials} = start({administratorToken: undefined});
	for (const text of ['', 'undefined', administratorToken]) t.true('refused' in (await authenticate({bearer: text})));
	const {authenticate: other} = start();
	const answer = await other({bearer: administratorToken});
	t.is('mark' in answer ? await credentials.stands(answer.identity, answer.mark) : 'refused', undefined);
});

test('where there is no file of users, a password is told what to do', async t => {
	const {authenticate} = start({users: undefined});
	t.regex(JSON.stringify(await authenticate({username: 'alice', password: 'secret'})), /there are no users here/);
});

test('what is issued may be renewed for a time, and never beyond the end of a token', async t => {
	const {authenticate} = start();
	t.like(await authenticate({username: 'alice', password: 'secret'}), {renewableUntil: new Date(now + 30 * 24 * hour)});
	t.like(await authenticate({bearer: 'lc_0_x'}), {renewableUntil: new Date(now + hour)});
});

test('whether something stands is asked of those who vouched for it, and of nobody else', async t => {
	const {credentials} = start();
	const stands = async (kind: Identity['kind'], mark: string) => (await credentials.stands(identity(kind, kind), mark)) !== undefined;
	for (const [kind, right] of [
		['user', 'u'],
		['token', 't'],
		['oidc', 'i'],
	] as const) {
		for (const mark of ['u', 't', 'i', '']) t.is(await stands(kind, mark), mark === right, `${kind} ${mark}`);
	}
	t.false(await stands('administrator', ''));
	t.is(await credentials.stands(anonymous, ''), anonymous);
});
