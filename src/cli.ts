#!/usr/bin/env node
/** The `layercache` command: serve, and what an administrator does beside it. */
import {userInfo} from 'node:os';
import {runLayercache} from './cli/commandLine.ts';
import {createTerminal} from './cli/terminal.ts';
import {openLocalOperations} from './localOperations.ts';

const interrupted = new AbortController();
// The second one ends the process as ever.
process.once('SIGINT', () => interrupted.abort());

/** A container may run under a number that has no name. */
const userName = (): string => {
	try {
		return userInfo().username;
	} catch {
		return `uid ${process.getuid?.()}`;
	}
};

const exitCode = await runLayercache(process.argv.slice(2), {
	terminal: createTerminal(process),
	environment: process.env,
	signal: interrupted.signal,
	openLocal: () =>
		openLocalOperations({environment: process.env, user: userName(), onProblem: message => void process.stderr.write(`${message}\n`)}),
	async serve() {
		await import('./main.ts');
	},
});
if (exitCode !== undefined) process.exitCode = exitCode;
