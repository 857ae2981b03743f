import test from 'ava';
import {decodeJwt, decodeProtectedHeader, SignJWT} from 'jose';
import {type Claims, claimsFrom, type Identity} from '../../src/auth/identity.ts';
import {createSessionTokens, type SessionTokenOptions} from '../../src/auth/sessionTokens.ts';
import {parseSigningKeys} from '../../src/auth/signingKeys.ts';

const [older, newer] = ['o'.repeat(32), 'n'.repeat(40)];
const start = Date.parse('2026-11-27T12:00:00Z');
const hour = 3_600_000;
const alice: Identity = {kind: 'user', name: 'user:alice', claims: claimsFrom([['name', 'alice']])};
const job = (claims: Record<string, string>): Identity => ({
	kind: 'oidc',
	name: 'oidc:github:repo:acme/app',
	issuer: 'github',
	claims: claimsFrom(Object.entries(claims)),
});
const scope = {type: 'repository', name: 'ci/app', actions: ['pull', 'push']};

const create = (options: Partial<SessionTokenOptions> = {}) => {
	const time = {now: start};
	const tokens = createSessionTokens({
		keys: () => parseSigningKeys(newer),
		clock: () => time.now,
		accessLifeMs: hour,
		signInLifeMs: 8 * hour,
		stands: identity => identity,
		neededClaims: () => new Set(['repository', 'ref']),
		...options,
	});
	const holder = (identity: Identity = alice) => ({identity, mark: 'm1', renewableUntil: new Date(start + 12 * hour)});
	return {tokens, time, holder};
};

test('an access token tells who holds it and what it opens', async t => {
	const {tokens, holder} = create();
	const issued = await tokens.issueAccess(holder(), [scope]);
	t.like(issued, {issuedAt: new Date(start), expiresInSeconds: 3600});
	t.like(await tokens.verify('access', issued.text), {
		identity: {name: 'user:alice', kind: 'user'},
		mark: 'm1',
		access: [scope],
		expiresAt: new Date(start + hour),
	});
});

test('another replica with the same key knows a token, and one with another key does not', async t => {
	const {tokens, holder} = create();
	const {text} = await tokens.issueAccess(holder(), [scope]);
	t.like(await create().tokens.verify('access', text), {identity: {name: 'user:alice'}});
	const stranger = create({keys: () => parseSigningKeys(older)}).tokens;
	t.like(await stranger.verify('access', text), {
		refused: 'the token was signed with a key that this server does not have, or has no longer',
	});
});

test('keys are rotated without a day on which tokens fail', async t => {
	let keys = parseSigningKeys(older);
	const {tokens, holder} = create({keys: () => keys});
	const {text: before} = await tokens.issueAccess(holder(), []);
	keys = parseSigningKeys(`${older},${newer}`);
	keys = parseSigningKeys(`${newer},${older}`);
	const {text: after} = await tokens.issueAccess(holder(), []);
	t.not(decodeProtectedHeader(before).kid, decodeProtectedHeader(after).kid);
	for (const text of [before, after]) t.like(await tokens.verify('access', text), {identity: {name: 'user:alice'}});
	keys = parseSigningKeys(newer);
	t.true('refused' in (await tokens.verify('access', before)));
	t.like(await tokens.verify('access', after), {identity: {name: 'user:alice'}});
});

test('a token holds until it expires, also one that was just seen', async t => {
	const {tokens, time, holder} = create();
	const {text} = await tokens.issueAccess(holder(), []);
	time.now = start + hour - 1;
	t.false('refused' in (await tokens.verify('access', text)));
	time.now = start + hour;
	t.deepEqual(await tokens.verify('access', text), {refused: 'the token has expired'});
	t.deepEqual(await createSessionTokensAt(time.now).verify('access', text), {refused: 'the token has expired'});
});

const createSessionTokensAt = (now: number) => {
	const {tokens, time} = create();
	time.now = now;
	return tokens;
};

test('no kind of token passes for another, seen before or not', async t => {
	const {tokens, holder} = create();
	const texts = {
		access: (await tokens.issueAccess(holder(), [])).text,
		refresh: (await tokens.issueRefresh(holder()))?.text ?? '',
		signIn: (await tokens.issueSignIn(holder())).text,
	};
	const kinds = ['access', 'refresh', 'signIn'] as const;
	const pairs = kinds.flatMap(made => kinds.map(asked => ({made, asked})));
	for (const fresh of [true, false]) {
		for (const {made, asked} of pairs) {
			const answer = await (fresh ? create().tokens : tokens).verify(asked, texts[made]);
			t.is('refused' in answer, made !== asked, `${made} as ${asked}`);
		}
	}
});

test('a token falls with the credential that it was issued for', async t => {
	let holds = true;
	const {tokens, holder} = create({stands: (identity, mark) => (holds && mark === 'm1' ? identity : undefined)});
	const {text} = await tokens.issueAccess(holder(), []);
	t.false('refused' in (await tokens.verify('access', text)));
	holds = false;
	t.deepEqual(await tokens.verify('access', text), {refused: 'what the token was issued for does not hold any more'});
});

test('an identity is answered as it is now, and not as it was', async t => {
	const grants = [{may: ['pull'], on: ['ci/**:*']}] as const;
	const {tokens, holder} = create({stands: identity => ({...identity, grants})});
	const {text} = await tokens.issueAccess(holder(), []);
	t.like(await tokens.verify('access', text), {identity: {grants}});
});

test('a refresh token lives as long as its credential may be renewed, and no longer', async t => {
	const {tokens, time, holder} = create();
	const refresh = await tokens.issueRefresh(holder());
	t.is(refresh?.expiresInSeconds, 12 * 3600);
	t.is(await tokens.issueRefresh({...holder(), renewableUntil: new Date(start)}), undefined);
	time.now = start + 12 * hour;
	t.deepEqual(await tokens.verify('refresh', refresh?.text ?? ''), {refused: 'the token has expired'});
});

test('the claims that rules ask for go along, and others do not', async t => {
	const {tokens, holder} = create();
	const {text} = await tokens.issueAccess(holder(job({repository: 'acme/app', ref: 'refs/heads/main', actor: 'someone'})), []);
	const answer = await tokens.verify('access', text);
	t.deepEqual('identity' in answer && {...answer.identity.claims}, {repository: 'acme/app', ref: 'refs/heads/main'});
});

test('claims that would make a token too large for a header are left out', async t => {
	const names = Array.from({length: 10}, (_, index) => `claim${index}`);
	const {tokens, holder} = create({neededClaims: () => new Set(names)});
	const claims: Claims = Object.fromEntries(names.map(name => [name, 'x'.repeat(1000)]));
	const {text} = await tokens.issueAccess(holder(job(claims)), []);
	t.true(text.length < 8000);
	t.deepEqual(Object.keys(decodeJwt(text).claims as object), ['claim0', 'claim1', 'claim2', 'claim3']);
});

test('claims have no prototype to be mistaken for claims', async t => {
	const {tokens, holder} = create({neededClaims: () => new Set(['__proto__', 'ref'])});
	const {text} = await tokens.issueAccess(holder(job({ref: 'main', ['__proto__']: 'x'})), []);
	const answer = await tokens.verify('access', text);
	t.is('identity' in answer ? answer.identity.claims.constructor : 'refused', undefined as never);
});

test('what was signed otherwise is refused: no algorithm, another one, another header, other contents', async t => {
	const {tokens, holder} = create();
	const {text} = await tokens.issueAccess(holder(), [scope]);
	const [header = '', payload = '', signature = ''] = text.split('.');
	const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const kid = decodeProtectedHeader(text).kid as string;
	const withHeader = (extra: object) => encode({...decodeProtectedHeader(text), ...extra});
	const raised = encode({...decodeJwt(text), sub: 'administrator', kind: 'administrator'});
	const secret = Buffer.from(newer);
	const forged = [
		`${withHeader({alg: 'none'})}.${payload}.`,
		`${withHeader({alg: 'None'})}.${raised}.`,
		`${header}.${raised}.${signature}`,
		`${header}.${payload}.`,
		`${header}.${payload}.${signature}x`,
		`${withHeader({kid: '../../etc/passwd'})}.${payload}.${signature}`,
		`${withHeader({b64: false, crit: ['b64']})}.${payload}.${signature}`,
		await new SignJWT(decodeJwt(text))
			.setProtectedHeader({alg: 'HS512', typ: 'layercache-access+jwt', kid})
			.sign(Buffer.from(newer.repeat(2))),
		await new SignJWT(decodeJwt(text)).setProtectedHeader({alg: 'HS256', kid}).sign(secret),
		await new SignJWT({...decodeJwt(text), aud: 'somebody else'})
			.setProtectedHeader({alg: 'HS256', typ: 'layercache-access+jwt', kid})
			.sign(secret),
		await new SignJWT({...decodeJwt(text), exp: undefined})
			.setProtectedHeader({alg: 'HS256', typ: 'layercache-access+jwt', kid})
			.sign(secret),
		'',
		'a.b.c',
		'x'.repeat(100_000),
	];
	for (const [index, each] of forged.entries()) t.true('refused' in (await tokens.verify('access', each)), `forgery ${index}`);
	t.false('refused' in (await tokens.verify('access', text)));
});

test('a token is told from those of others without being believed', async t => {
	const {tokens, holder} = create();
	t.true(tokens.isSessionToken((await tokens.issueAccess(holder(), [])).text));
	t.true(tokens.isSessionToken((await tokens.issueSignIn(holder())).text));
	for (const text of ['lc_abc_def', '', 'e30.e30.', `${Buffer.from('{"typ":"JWT"}').toString('base64url')}.e30.x`])
		t.false(tokens.isSessionToken(text));
});

test.serial('a warm request costs no signature', async t => {
	const {tokens, holder} = create();
	const {text} = await tokens.issueAccess(holder(), [scope]);
	const {verify} = SubtleCrypto.prototype;
	t.teardown(() => Object.assign(SubtleCrypto.prototype, {verify}));
	let verified = 0;
	SubtleCrypto.prototype.verify = function (...given) {
		verified++;
		return verify.apply(this, given);
	};
	for (let round = 0; round < 10; round++) t.false('refused' in (await tokens.verify('access', text)));
	t.is(verified, 1);
});
