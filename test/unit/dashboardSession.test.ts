import test from 'ava';
import type {Authenticated} from '../../src/auth/identity.ts';
import {createSessions} from '../../src/http/dashboard/session.ts';
import {createTestAuthentication} from '../support/authentication.ts';

const hourMs = 3_600_000;
const token = 'a-token-that-nobody-guesses';

const at = (time: number, {administratorToken = token, signingKey}: {administratorToken?: string; signingKey?: string} = {}) => {
	const {authenticate, sessions} = createTestAuthentication({administratorToken, clock: () => time, ...(signingKey && {signingKey})});
	const holder = async () => (await authenticate({bearer: administratorToken}, '127.0.0.1')) as Authenticated;
	return {...createSessions(sessions), sessions, holder};
};

const begun = async (isSecure = false) => {
	const {begin, holder} = at(0);
	return (await begin(await holder(), isSecure)) ?? '';
};
const cookieOf = (header: string) => header.split(';', 1)[0] ?? '';

test('a session is open until it ends, on any replica with the same key', async t => {
	const cookie = cookieOf(await begun());
	t.is((await at(11 * hourMs).holderOf(`other=1; ${cookie}`))?.name, 'administrator');
	t.is(await at(13 * hourMs).holderOf(cookie), undefined);
	t.is(await at(0, {signingKey: 'x'.repeat(32)}).holderOf(cookie), undefined);
});

test('a session ends with the credential that it was begun with', async t => {
	const cookie = cookieOf(await begun());
	t.is((await at(0).holderOf(cookie))?.name, 'administrator');
	t.is(await at(0, {administratorToken: 'another-token-in-its-place'}).holderOf(cookie), undefined);
});

test('what was changed, cut or is no cookie at all is no session, and neither is a token for the registry', async t => {
	const {holderOf, holder, sessions} = at(0);
	const cookie = cookieOf(await begun());
	t.truthy(await holderOf(cookie));
	t.is(await holderOf(cookie.slice(0, -1)), undefined);
	t.is(await holderOf(cookie.replace('=', '=e')), undefined);
	t.is(await holderOf(`x${cookie}`), undefined);
	t.is(await holderOf(undefined), undefined);
	const {text} = await sessions.issueAccess(await holder(), []);
	t.is(await holderOf(`layercache-session=${text}`), undefined);
});

test('the cookie has nothing of the credential, and only the dashboard of this host gets it', async t => {
	const cookie = await begun(true);
	t.false(cookie.includes(token) || cookie.includes(Buffer.from(token).toString('base64url').slice(0, 12)));
	t.regex(cookie, /; Path=\/ui; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/);
	t.notRegex(await begun(), /Secure/);
});

test('an identity of which more is known than a cookie holds gets none', async t => {
	const {begin, holder} = at(0);
	const {identity, ...rest} = await holder();
	t.is(await begin({...rest, identity: {...identity, name: 'x'.repeat(4096)}}, false), undefined);
});
