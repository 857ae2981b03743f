/** Hashes of passwords as files of users have them: those that take long to try, and no others. */
import {argon2, scrypt, timingSafeEqual} from 'node:crypto';
import {promisify} from 'node:util';
import {verify as verifyBcrypt} from '@node-rs/bcrypt';

/** `matches` works off the event loop, and takes as long whatever the password is. */
export type PasswordHash = {readonly text: string; matches(password: string): Promise<boolean>};

/** Throws HashRefused, which says what is the matter with this kind of hash. */
export const parsePasswordHash = (text: string): PasswordHash => {
	const scheme = /^\$(\w+)\$/.exec(text)?.[1] ?? '';
	const parse = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
	if (!parse) throw new HashRefused(whyNot(text));
	return {text, matches: parse(text)};
};

/** Never repeats the hash. */
export class HashRefused extends Error {
	override readonly name = 'HashRefused';
}

type Matches = PasswordHash['matches'];

// Beyond these, one log-in takes seconds of a core, or much of the memory that a server has.
const mostBcryptCost = 14;
const mostMemoryBytes = 64 * 1024 * 1024;
const mostPasses = 10;
const mostParallel = 8;

/** `$2y$10$`, 22 characters of salt, 31 of the hash. Bytes of a password beyond 72 count for nothing, here as everywhere. */
const bcrypt = (text: string): Matches => {
	const cost = Number(/^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(text)?.[1] ?? Number.NaN);
	if (Number.isNaN(cost)) throw new HashRefused('is no whole bcrypt hash');
	if (cost < 4 || cost > mostBcryptCost) throw new HashRefused(`has a bcrypt cost of ${cost}; 4 to ${mostBcryptCost} can be used`);
	return password => verifyBcrypt(password, text);
};

/** `$argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>`, as the argon2 reference implementation writes it. */
const argon2id = (text: string): Matches => {
	const found = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{22,88})$/.exec(text);
	if (!found) throw new HashRefused('is no whole argon2id hash of version 19');
	const [memory, passes, parallelism] = found.slice(1, 4).map(Number) as [number, number, number];
	const [nonce, hash] = [Buffer.from(found[4] as string, 'base64'), Buffer.from(found[5] as string, 'base64')];
	if (memory * 1024 > mostMemoryBytes || passes > mostPasses || parallelism > mostParallel)
		throw new HashRefused(`costs too much; at most m=${mostMemoryBytes / 1024},t=${mostPasses},p=${mostParallel} can be used`);
	if (memory < 8 * parallelism || passes < 1 || parallelism < 1) throw new HashRefused('has parameters that argon2id does not know');
	return async password => {
		const parameters = {message: password, nonce, parallelism, tagLength: hash.length, memory, passes};
		return timingSafeEqual(await promisify(argon2)('argon2id', parameters), hash);
	};
};

/** `$scrypt$ln=16,r=8,p=1$<salt>$<hash>`, as passlib writes it. */
const scryptHash = (text: string): Matches => {
	const found = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{22,88})$/.exec(text);
	if (!found) throw new HashRefused('is no whole scrypt hash');
	const [ln, blockSize, parallelization] = found.slice(1, 4).map(Number) as [number, number, number];
	const [salt, hash] = [Buffer.from(found[4] as string, 'base64'), Buffer.from(found[5] as string, 'base64')];
	const bytes = 128 * 2 ** ln * blockSize;
	if (bytes > mostMemoryBytes || parallelization > mostParallel)
		throw new HashRefused(`costs too much; at most ln=16,r=8,p=${mostParallel} can be used`);
	if (ln < 1 || blockSize < 1 || parallelization < 1) throw new HashRefused('has parameters that scrypt does not know');
	const options = {N: 2 ** ln, r: blockSize, p: parallelization, maxmem: 2 * mostMemoryBytes};
	return password =>
		new Promise((resolve, reject) =>
			scrypt(password, salt, hash.length, options, (error, made) => (error ? reject(error) : resolve(timingSafeEqual(made, hash)))),
		);
};

const schemes: Readonly<Record<string, (text: string) => Matches>> = {
	'2a': bcrypt,
	'2b': bcrypt,
	'2y': bcrypt,
	argon2id,
	scrypt: scryptHash,
};

const whyNot = (text: string): string => {
	const kind =
		[/^\{SHA\}/, /^\$apr1\$/, /^\$1\$/, /^\$[56]\$/].map((pattern, index) => pattern.test(text) && quickKinds[index]).find(Boolean) ??
		'no hash of bcrypt, argon2id or scrypt';
	return `is ${kind}; \`htpasswd -B\` makes a bcrypt hash`;
};

const quickKinds = ['a SHA-1 hash', 'an MD5 hash', 'an MD5 hash', 'a SHA-2 hash'];
