/** Runs a program to its end; a failure says what it was and how its output ended. */
import {spawn} from 'node:child_process';

export interface RunOptions {
	readonly cwd?: string;
	readonly env?: NodeJS.ProcessEnv;
	readonly timeoutSeconds?: number;
}

export const run = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
	const {timeoutSeconds = 1800, ...rest} = options;
	const child = spawn(command, args, {
		...rest,
		stdio: ['ignore', 'pipe', 'pipe'],
		signal: AbortSignal.timeout(timeoutSeconds * 1000),
	});
	let output = '';
	let printed = '';
	child.stdout.on('data', (data: Buffer) => {
		output += data;
		printed += data;
	});
	child.stderr.on('data', (data: Buffer) => {
		printed += data;
	});
	const code = await new Promise<number | null>((resolve, reject) => {
		child.on('error', reject);
		child.on('close', resolve);
	});
	if (code === 0) return output;
	const end = printed.trimEnd().split('\n').slice(-20).join('\n');
	throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${end}`);
};
