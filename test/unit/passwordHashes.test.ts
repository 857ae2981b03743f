import test from 'ava';
import {HashRefused, parsePasswordHash} from '../../src/auth/passwordHashes.ts';

// Published examples: crypt_blowfish's own tests, argon2's own tests, passlib's documentation.
const published = [
	{hash: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', password: 'U*U'},
	{hash: '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', password: 'U*U'},
	{hash: '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', password: 'U*U'},
	{hash: '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', password: 'password'},
	{hash: '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E', password: 'password'},
];
for (const {hash, password} of published) {
	test(`a hash is known by its password and by no other: ${hash.split('$').slice(1, 3).join(' ')} ${hash.slice(0, 4)}`, async t => {
		const {matches} = parsePasswordHash(hash);
		t.true(await matches(password));
		for (const other of ['', `${password} `, password.toLowerCase().slice(1)]) t.false(await matches(other), other);
	});
}

const refused: readonly [string, RegExp][] = [
	['{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', /is a SHA-1 hash; `htpasswd -B` makes a bcrypt hash/],
	['$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00', /is an MD5 hash/],
	['$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0', /is an MD5 hash/],
	['$6$saltsalt$bcXJ8qxwY5sQ4v8MTl.0B1', /is a SHA-2 hash/],
	['rl.3StKT.4T8M', /is no hash of bcrypt, argon2id or scrypt/],
	['plain-password', /is no hash of bcrypt, argon2id or scrypt/],
	['', /is no hash of bcrypt/],
	['$constructor$x', /is no hash of bcrypt/],
	['$2y$05$tooshort', /is no whole bcrypt hash/],
	['$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /is no hash of bcrypt/],
	['$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /has a bcrypt cost of 31; 4 to 14/],
	['$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', /costs too much; at most m=65536/],
	['$argon2id$v=19$m=65536,t=2000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', /costs too much/],
	['$argon2id$v=19$m=1,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', /parameters that argon2id does not know/],
	['$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', /is no hash of bcrypt/],
	['$scrypt$ln=24,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E', /costs too much/],
	['$scrypt$ln=0,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E', /parameters that scrypt does not know/],
];
for (const [hash, reason] of refused) {
	test(`a hash that is quick to try, too slow or broken is refused, and not repeated: ${hash.slice(0, 30)}`, t => {
		const error = t.throws(() => parsePasswordHash(hash), {instanceOf: HashRefused, message: reason});
		if (hash !== '') t.false(error?.message.includes(hash));
	});
}
