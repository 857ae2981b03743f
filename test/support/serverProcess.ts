/** The real server as a process of its own, with nothing of our environment but the path; killed with the test. */
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import type {LogLine} from './app.ts';

export const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
export const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export type ServerProcess = {child: ChildProcess; output: {text: string}};

export const run = (t: ExecutionContext, program: string, args: string[], environment: Record<string, string>): ServerProcess => {
	const child = spawn(process.execPath, [program, ...args], {env: {PATH: process.env.PATH, ...environment}});
	t.teardown(() => child.kill('SIGKILL'));
	const output = {text: ''};
	child.stdout.on('data', data => (output.text += data));
	child.stderr.on('data', data => (output.text += data));
	return {child, output};
};

/** Resolves when it has ended and all who write to its outputs have. */
export const exitOf = async (child: ChildProcess) => (await once(child, 'close'))[0] as number | null;

/** All whole lines of the log with this message, so far. */
export const lines = ({output}: ServerProcess, msg: string): LogLine[] =>
	output.text
		.slice(0, output.text.lastIndexOf('\n') + 1)
		.split('\n')
		.filter(text => text.includes(`"msg":"${msg}"`))
		.map(text => JSON.parse(text));

/** Waits for so many of them. */
export const waitForLines = async (server: ServerProcess, msg: string, count: number): Promise<LogLine[]> => {
	for (;;) {
		const found = lines(server, msg);
		if (found.length >= count) return found;
		await once(server.child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
	}
};

/** Waits for the first of them. */
export const waitForLine = async (server: ServerProcess, msg: string): Promise<LogLine> =>
	(await waitForLines(server, msg, 1))[0] as LogLine;

export const isRunning = (pid: number): boolean => {
	try {
		process.kill(pid, 0);
		// One that has ended, and that nobody has asked about yet, can still be signalled.
		return process.platform !== 'linux' || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
	} catch {
		return false;
	}
};
