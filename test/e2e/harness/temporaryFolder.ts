/** Folders that go with their test, and whatever was mounted below them. */
import {mkdir, mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {exec} from './exec.ts';
import type {Scope} from './scope.ts';

const roots = new WeakMap<Scope, Promise<string>>();
let count = 0;

export const temporaryFolder = async (scope: Scope, name: string): Promise<string> => {
	const root = roots.get(scope) ?? createRoot(scope);
	roots.set(scope, root);
	const folder = join(await root, `${name}-${++count}`);
	await mkdir(folder);
	return folder;
};

/** One folder for each scope. It is asked for before anything runs in it, so it is torn down last. */
const createRoot = async (scope: Scope) => {
	// Short, since sockets lie below and their paths end at 107 characters.
	const root = await mkdtemp(join(tmpdir(), 'lc-e2e-'));
	scope.teardown(() => removeTree(root));
	return root;
};

export const removeTree = async (folder: string): Promise<void> => {
	for (const mount of await mountsBelow(folder)) await exec('umount', ['--lazy', mount]);
	await rm(folder, {recursive: true, force: true, maxRetries: 5});
};

const mountsBelow = async (folder: string) => {
	const table = await readFile('/proc/self/mounts', 'utf8');
	const mounts = table.split('\n').map(line => line.split(' ')[1] ?? '');
	return mounts.filter(mount => mount.startsWith(`${folder}/`)).reverse();
};
