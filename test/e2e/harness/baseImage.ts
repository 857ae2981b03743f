/** A root filesystem with what the head of deploy/Dockerfile asks of its BASE and nothing else: Debian's packages, npm's Node, npm. */
import {copyFile, cp, mkdir, readFile, realpath, stat, symlink, writeFile} from 'node:fs/promises';
import {delimiter, dirname, join} from 'node:path';
import {env, execPath} from 'node:process';
import {debianFiles} from '../../../scripts/tools/debian.ts';
import {succeed} from './exec.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';

export interface BaseImage {
	readonly folder: string;
	/** npm's settings of whoever runs the tests, for the secret of that name. */
	readonly npmrc: string;
}

const packages = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1', 'busybox-static'];
const applets = ['bin/sh', 'bin/mkdir', 'bin/rm', 'bin/tar', 'bin/gzip', 'usr/bin/env'];

export const createBaseImage = async (scope: Scope): Promise<BaseImage> => {
	const folder = await temporaryFolder(scope, 'base');
	// As Debian's base-files has them: a library may be listed under either name.
	for (const name of ['bin', 'lib', 'lib64']) {
		await mkdir(join(folder, 'usr', name), {recursive: true});
		await symlink(`usr/${name}`, join(folder, name));
	}
	await mkdir(join(folder, 'tmp'));
	await copyPackages(folder);
	await Promise.all(applets.map(path => symlink('/bin/busybox', join(folder, path))));

	await copyFile(execPath, join(folder, 'usr/bin/node'));
	const npm = await realpath(env.npm_execpath ?? (await succeed('sh', ['-c', 'command -v npm'])).trim());
	// Of a shim or a script around it, we would copy whatever folder that happens to stand in.
	if (!npm.endsWith('/npm/bin/npm-cli.js')) throw new Error(`the base image needs npm as its package has it, not ${npm}`);
	await cp(dirname(dirname(npm)), join(folder, 'usr/lib/node_modules/npm'), {recursive: true, verbatimSymlinks: true});
	await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'usr/bin/npm'));
	return {folder, npmrc: await createNpmrc(scope, folder)};
};

const copyPackages = async (folder: string) => {
	for (const path of await debianFiles(packages)) {
		if (path.startsWith('/usr/share/') || (await stat(path)).isDirectory()) continue;
		await copyInto(folder, path);
	}
};

const copyInto = async (folder: string, path: string) => {
	await mkdir(join(folder, dirname(path)), {recursive: true});
	await copyFile(path, join(folder, path));
};

/** Of the machine's and the user's own, since a build knows only one; an authority that they name is put where they say it is. */
const createNpmrc = async (scope: Scope, base: string) => {
	const folder = await temporaryFolder(scope, 'npmrc');
	// Where npm finds the machine's settings depends on the Node it runs on: not the checkout's own.
	const path = (env.PATH ?? '').split(delimiter).filter(part => !part.endsWith('node_modules/.bin'));
	const printed = await succeed('npm', ['config', 'list', '--json'], {cwd: folder, env: {...env, PATH: path.join(delimiter)}});
	const {globalconfig, userconfig, cafile} = JSON.parse(printed);
	const texts = await Promise.all([globalconfig, userconfig].map(file => readFile(file, 'utf8').catch(whenMissing(''))));
	const npmrc = join(folder, 'npmrc');
	await writeFile(npmrc, texts.join('\n'), {mode: 0o600});
	if (cafile) await copyInto(base, cafile);
	return npmrc;
};

const whenMissing =
	<T>(value: T) =>
	(error: NodeJS.ErrnoException): T => {
		if (error.code === 'ENOENT') return value;
		throw error;
	};
