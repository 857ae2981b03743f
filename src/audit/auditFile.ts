/** The file that lines are appended to, or standard output; whoever collects logs reads it there. */
import {type FileHandle, open} from 'node:fs/promises';
import type {Writable} from 'node:stream';

export type AuditFile = {
	append(lines: Buffer): Promise<void>;
	/** Goes on in a new file, where this one was moved away. */
	reopen(): void;
	close(): Promise<void>;
};

/** The file cannot be opened; the message says which, and why. */
export class AuditFileUnusable extends Error {
	override readonly name = 'AuditFileUnusable';
}

/** `-` is standard output. Throws AuditFileUnusable: a server that should leave traces does not start without. */
export const openAuditFile = async (path: string, stdout: Writable): Promise<AuditFile> => {
	if (path === '-') return onStdout(stdout);
	let handle: FileHandle | undefined = await openToAppend(path).catch(error => {
		throw new AuditFileUnusable(`LAYERCACHE_AUDIT_FILE: ${path} cannot be written: ${error.message}`);
	});
	let isStale = false;
	let isTorn = false;

	const close = async () => {
		const closing = handle;
		handle = undefined;
		await closing?.close();
	};

	return {
		async append(lines) {
			if (isStale) await close();
			isStale = false;
			handle ??= await openToAppend(path);
			// What a full disk cut off must not become one line with what follows.
			const whole = isTorn ? Buffer.concat([lineBreak, lines]) : lines;
			isTorn = true;
			await handle.appendFile(whole);
			isTorn = false;
		},
		reopen() {
			isStale = true;
		},
		close,
	};
};

// Who did what is the operator's business; a group may be made to collect it.
const openToAppend = (path: string): Promise<FileHandle> => open(path, 'a', 0o640);

const lineBreak = Buffer.from('\n');

const onStdout = (stdout: Writable): AuditFile => ({
	async append(lines) {
		for (const line of linesIn(lines)) await written(stdout, line);
	},
	reopen: () => undefined,
	close: async () => undefined,
});

// Workers share the pipe, and it keeps apart only what comes in small pieces.
function* linesIn(lines: Buffer): Generator<Buffer> {
	for (let start = 0; start < lines.length; ) {
		const end = lines.indexOf(lineBreak, start) + 1 || lines.length;
		yield lines.subarray(start, end);
		start = end;
	}
}

const written = (stdout: Writable, bytes: Buffer): Promise<void> =>
	new Promise((resolve, reject) => {
		stdout.write(bytes, error => (error ? reject(error) : resolve()));
	});
