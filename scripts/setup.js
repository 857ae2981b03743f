/**
 * Makes a clone ready: installs when node_modules is missing or older than the lock file. Runs before there is a
 * current Node, so it is plain JavaScript for any that npm itself runs on.
 */
import {spawnSync} from 'node:child_process';
import {existsSync, statSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = path => `${root}${path}`;

// npm writes this file as the last step of an install, beside the lock file; a clone or a pull renews the lock file.
const installed = at('node_modules/.package-lock.json');
const toleranceMs = 2000;

const reason = () => {
	if (!existsSync(installed) || !existsSync(at('node_modules/.bin/node'))) return 'node_modules is missing or incomplete';
	if (statSync(at('package-lock.json')).mtimeMs > statSync(installed).mtimeMs + toleranceMs)
		return 'node_modules is older than package-lock.json';
	return undefined;
};

const why = reason();
if (why) {
	console.error(`layercache: ${why}; installing dependencies, about a minute`);
	const {npm_execpath: npmCli} = process.env;
	const [command, ...first] = npmCli ? [process.execPath, npmCli] : ['npm'];
	// Not `npm ci`: it refuses a lock file without the binaries of other platforms, and whoever wrote ours may not have been offered those.
	// The engines of the packages are those of the Node that this very step brings, so its warnings would mislead.
	const {status, error} = spawnSync(command, [...first, 'install', '--no-save', '--loglevel=error', '--no-audit', '--no-fund'], {
		cwd: root,
		stdio: ['ignore', 2, 2],
	});
	if (status !== 0) {
		console.error(`layercache: the install failed${error ? ` (${error.message})` : ''}; its messages are above`);
		process.exit(status ?? 1);
	}
}
