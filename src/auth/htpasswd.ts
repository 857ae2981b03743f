/** A file of users, a line each: `alice:$2y$10$…`, as `htpasswd -B` writes it. All its problems at once, each with its line. */
import {HashRefused, type PasswordHash, parsePasswordHash} from './passwordHashes.ts';

/** By name. */
export type UserHashes = ReadonlyMap<string, PasswordHash>;

/** Throws HtpasswdInvalid. Empty lines and those that begin with `#` are none. */
export const parseHtpasswd = (text: string, file: string): UserHashes => {
	const users = new Map<string, PasswordHash>();
	const problems: string[] = [];
	for (const [index, line] of text.split(/\r?\n/).entries()) {
		if (line.trim() === '' || line.startsWith('#')) continue;
		const problem = addUser(users, line.trimEnd());
		if (problem) problems.push(`${file}:${index + 1}: ${problem}`);
	}
	if (users.size > mostUsers) problems.push(`${file}: has more than ${mostUsers} users`);
	if (problems.length > 0) throw new HtpasswdInvalid(problems);
	return users;
};

/** Says neither a hash nor what else stands in a line: that may be a password. */
export class HtpasswdInvalid extends Error {
	override readonly name = 'HtpasswdInvalid';
	readonly problems: readonly string[];
	constructor(problems: readonly string[]) {
		super(`the users cannot be used:\n${problems.map(problem => `  ${problem}`).join('\n')}\nWhat the file may have: docs/auth.md`);
		this.problems = problems;
	}
}

const mostUsers = 10_000;
/** Printable ASCII but for the colon, and short enough for the name of an identity. */
const userName = /^[\x21-\x39\x3b-\x7e]{1,128}$/;

const addUser = (users: Map<string, PasswordHash>, line: string): string | undefined => {
	const [name = '', hash, ...more] = line.split(':');
	if (hash === undefined) return 'has no colon between a name and a hash';
	if (!userName.test(name)) return 'has a name that is not of 1 to 128 printable ASCII characters';
	if (users.has(name)) return `has ${name} again`;
	try {
		users.set(name, parsePasswordHash([hash, ...more].join(':')));
		return undefined;
	} catch (error) {
		if (!(error instanceof HashRefused)) throw error;
		return `the hash of ${name} ${error.message}`;
	}
};
