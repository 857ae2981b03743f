/** A username, and its password in a file that may change: read when it is needed, and again when it was refused. */
import {readFile} from 'node:fs/promises';
import {type Credentials, UpstreamFailure} from './upstream.ts';

/** `host`: whose credentials these are, for the errors. */
export const createPasswordFile = (username: string, path: string, host: string): Credentials => {
	let known: Promise<string> | undefined;
	const read = async (): Promise<string> => {
		// A last line break is the editor's.
		const password = (await readFile(path, 'utf8').catch(() => '')).replace(/\r?\n$/, '');
		if (password !== '') return password;
		throw new UpstreamFailure('DENIED', {
			host,
			operation: 'token',
			status: 502,
			message: `the password for ${host} cannot be read from its file`,
		});
	};
	const renew = () => {
		known = undefined;
	};
	return {
		async get() {
			known ??= read();
			known.catch(renew);
			return {username, password: await known};
		},
		renew,
	};
};
