import test from 'ava';
import {HtpasswdInvalid, parseHtpasswd} from '../../src/auth/htpasswd.ts';

const hash = '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';

test('a line has a name and a hash; empty lines and comments have none', t => {
	t.deepEqual([...parseHtpasswd(`# the team\nalice:${hash}\r\n\nbob@example.com:${hash}\n`, 'f').keys()], ['alice', 'bob@example.com']);
});

test('a file without users is one', t => {
	t.is(parseHtpasswd('\n', 'f').size, 0);
});

test('every line that cannot be used is told with its number, and neither hash nor password', t => {
	const text = [
		`alice:${hash}`,
		'hunter2',
		'bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
		'carol:hunter2',
		`alice:${hash}`,
		`with blank:${hash}`,
		`:${hash}`,
		`${'x'.repeat(129)}:${hash}`,
		`dave:${hash}:more`,
	].join('\n');
	const error = t.throws(() => parseHtpasswd(text, 'users'), {instanceOf: HtpasswdInvalid});
	t.deepEqual(error?.problems, [
		'users:2: has no colon between a name and a hash',
		'users:3: the hash of bob is a SHA-1 hash; `htpasswd -B` makes a bcrypt hash',
		'users:4: the hash of carol is no hash of bcrypt, argon2id or scrypt; `htpasswd -B` makes a bcrypt hash',
		'users:5: has alice again',
		'users:6: has a name that is not of 1 to 128 printable ASCII characters',
		'users:7: has a name that is not of 1 to 128 printable ASCII characters',
		'users:8: has a name that is not of 1 to 128 printable ASCII characters',
		'users:9: the hash of dave is no whole bcrypt hash',
	]);
	t.notRegex(error?.message ?? '', /hunter2|W6ph5|CCCC/);
});
