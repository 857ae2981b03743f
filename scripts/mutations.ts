/** `npm run mutations [threat]`: takes each defence out, in a copy, and sees its test fail. What passes without its defence proves nothing. */
import {execFile} from 'node:child_process';
import {cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {argv, execPath, exit, stdout} from 'node:process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {Mutation} from './mutations/mutation.ts';
import {mutations} from './mutations/table.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** The sources in a folder of their own, with the packages of this one, and with its own spec/ among them. */
const copyCheckout = async (): Promise<string> => {
	const copy = await mkdtemp(join(tmpdir(), 'layercache-mutations-'));
	for (const part of [
		'src',
		'spec',
		'test',
		'scripts',
		'deploy',
		'docs',
		'package.json',
		'package-lock.json',
		'tsconfig.json',
		'README.md',
	])
		await cp(join(checkout, part), join(copy, part), {recursive: true});
	await mkdir(join(copy, 'node_modules'));
	for (const name of await readdir(join(checkout, 'node_modules')))
		if (name !== 'oci-spec-types') await symlink(join(checkout, 'node_modules', name), join(copy, 'node_modules', name));
	await symlink('../spec', join(copy, 'node_modules', 'oci-spec-types'));
	return copy;
};

/** Whether the test of this title passes; undefined where there is none. */
const passes = async (copy: string, {file, title}: Mutation['test']): Promise<boolean | undefined> => {
	const ava = join(checkout, 'node_modules/ava/entrypoints/cli.js');
	const given = [ava, file, '--match', title.replaceAll('…', '*'), '--tap'];
	const {stdout: tap} = await run(execPath, given, {cwd: copy, maxBuffer: 1 << 26}).catch((failed: {stdout: string}) => failed);
	if (/^not ok (?!.*# SKIP)/m.test(tap)) return /^not ok .*(?:Couldn.t find|No tests found)/m.test(tap) ? undefined : false;
	return /^ok /m.test(tap) ? true : undefined;
};

const outcome = async (copy: string, {file, take, leave, test}: Mutation): Promise<string | undefined> => {
	const path = join(copy, file);
	const source = await readFile(path, 'utf8');
	if (source.split(take).length !== 2) return `${file} does not have this once: ${take}`;
	if ((await passes(copy, test)) !== true) return 'its test does not pass with the defence';
	await writeFile(
		path,
		source.replace(take, () => leave),
	);
	try {
		return (await passes(copy, test)) === true ? 'its test passes without the defence' : undefined;
	} finally {
		await writeFile(path, source);
	}
};

const wanted = argv[2] ?? '';
const chosen = mutations.filter(({threat, file}) => threat.includes(wanted) || file.includes(wanted));
if (chosen.length === 0) {
	stdout.write(`no threat and no file has this in its name: ${wanted}\n`);
	exit(2);
}
const copy = await copyCheckout();
let wrong = 0;
try {
	for (const mutation of chosen) {
		const problem = await outcome(copy, mutation);
		if (problem) wrong += 1;
		stdout.write(`${problem ? `WRONG: ${problem}` : 'fails without it'}: ${mutation.threat} (${mutation.file})\n`);
	}
} finally {
	await rm(copy, {recursive: true, force: true});
}
stdout.write(wrong === 0 ? 'every test fails without its defence\n' : `${wrong} wrong\n`);
exit(wrong === 0 ? 0 : 1);
