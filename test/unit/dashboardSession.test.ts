import test from 'ava';
import {createSessions} from '../../src/http/dashboard/session.ts';

const hourMs = 3_600_000;
const begun = (token = 'secret', at = 0) =>
	createSessions(token, () => at)
		.begin(false)
		.split(';', 1)[0] as string;

test('a session is open until it ends, on any replica with the same token', t => {
	t.true(createSessions('secret', () => 11 * hourMs).isOpen(`other=1; ${begun()}`));
	t.false(createSessions('secret', () => 13 * hourMs).isOpen(begun()));
	t.false(createSessions('another', () => 0).isOpen(begun()));
});

test('an end that was changed, a signature that was cut and no cookie at all are no session', t => {
	const {isOpen} = createSessions('secret', () => 0);
	const cookie = begun();
	t.true(isOpen(cookie));
	t.false(isOpen(cookie.replace('=4', '=9')));
	t.false(isOpen(cookie.slice(0, -1)));
	t.false(isOpen(`x${cookie}`));
	t.false(isOpen(undefined));
});

test('the cookie has nothing of the token, and only the dashboard of this host gets it', t => {
	const cookie = createSessions('secret', () => 0).begin(true);
	t.notRegex(cookie, /secret|c2VjcmV0/);
	t.regex(cookie, /; Path=\/ui; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/);
	t.notRegex(createSessions('secret', () => 0).begin(false), /Secure/);
});
