/** Runs a client program to its end, within a time. */
import {spawn} from 'node:child_process';

export interface ExecOptions {
	readonly cwd?: string;
	readonly env?: NodeJS.ProcessEnv;
	readonly timeoutSeconds?: number;
	readonly signal?: AbortSignal;
}

export interface ExecResult {
	readonly exitCode: number | null;
	readonly stdout: string;
	/** Both outputs as they came. */
	readonly output: string;
}

export const exec = async (command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> => {
	const {timeoutSeconds = 120, signal, ...rest} = options;
	const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
	const child = spawn(command, args, {
		...rest,
		stdio: ['ignore', 'pipe', 'pipe'],
		killSignal: 'SIGKILL',
		signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
	});
	let stdout = '';
	let output = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
		output += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		output += text;
	});
	const exitCode = await new Promise<number | null>((resolve, reject) => {
		child.on('error', error => {
			if (error.name !== 'AbortError') reject(error);
		});
		child.on('close', resolve);
		// What it has started may hold its outputs open for ever.
		child.on('exit', code => {
			if (child.killed && code === null) for (const stream of [child.stdout, child.stderr]) stream.destroy();
		});
	});
	if (timeout.aborted && exitCode === null)
		throw new Error(`${[command, ...args].join(' ')} took longer than ${timeoutSeconds} s:\n${output}`);
	return {exitCode, stdout, output};
};

/** For a program whose failure is the test's failure: its output is the message. */
export const succeed = async (command: string, args: readonly string[], options?: ExecOptions): Promise<string> => {
	const {exitCode, stdout, output} = await exec(command, args, options);
	if (exitCode !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${exitCode}:\n${output}`);
	return stdout;
};
