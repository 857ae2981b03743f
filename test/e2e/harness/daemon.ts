/** Starts a server program and sees to it that it ends with the test. */
import {spawn} from 'node:child_process';
import {closeSync, openSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';
import {until} from './until.ts';

export interface DaemonSettings {
	readonly name: string;
	readonly command: string;
	readonly args: readonly string[];
	readonly env?: NodeJS.ProcessEnv;
	readonly cwd?: string;
	/** Asked again and again until it is true or the daemon is gone. */
	readonly isReady: () => Promise<boolean>;
	readonly readySeconds?: number;
	/** Its signals go to all that it started, for a command that does not hand them on. */
	readonly isGroup?: boolean;
}

export interface Daemon {
	readonly pid: number;
	log(): Promise<string>;
	/** SIGTERM, and SIGKILL for one that does not heed it; the exit code of the program. */
	stop(): Promise<number | null>;
	kill9(): Promise<void>;
}

const graceSeconds = 20;

export const startDaemon = async (scope: Scope, settings: DaemonSettings): Promise<Daemon> => {
	const {name, command, args, isReady, readySeconds = 30, isGroup = false} = settings;
	const logFile = join(await temporaryFolder(scope, `${name}-log`), 'log');
	const output = openSync(logFile, 'a');
	// A runner that is killed has no teardown: the kernel then ends the daemon for it.
	const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], {
		cwd: settings.cwd,
		env: settings.env,
		stdio: ['ignore', output, output],
		detached: isGroup,
	});
	closeSync(output);
	let exited = false;
	const exit = new Promise<number | null>((resolve, reject) => {
		child.on('error', reject);
		child.on('exit', code => {
			exited = true;
			resolve(code);
		});
	});
	exit.catch(() => undefined);
	const signal = (name: 'SIGTERM' | 'SIGKILL') => {
		if (exited || !child.pid) return;
		process.kill(isGroup ? -child.pid : child.pid, name);
	};
	const log = () => readFile(logFile, 'utf8');

	const daemon: Daemon = {
		pid: child.pid ?? 0,
		log,
		async stop() {
			signal('SIGTERM');
			const lastResort = setTimeout(() => signal('SIGKILL'), graceSeconds * 1000);
			const code = await exit;
			clearTimeout(lastResort);
			return code;
		},
		async kill9() {
			signal('SIGKILL');
			await exit;
		},
	};
	scope.teardown(async () => void (await daemon.stop()));

	await until(`${name} to be ready`, async () => exited || (await isReady()), {
		seconds: readySeconds,
		explain: log,
	});
	if (exited) throw new Error(`${name} ended with ${await exit} instead of starting:\n${await log()}`);
	return daemon;
};
