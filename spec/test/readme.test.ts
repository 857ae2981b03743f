/** README.md says what the code does: its examples run, its table is the code's. */
import {mkdir, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import test from 'ava';
import {errorTable} from '../src/index.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);

test('there are examples', t => t.true(examples.length >= 5));

for (const [position, code] of examples.entries()) {
	test(`example ${position + 1} runs`, async t => {
		// As a user has it: the package below node_modules, the example beside it.
		const folder = await mkdtemp(join(tmpdir(), 'oci-spec-types-'));
		t.teardown(() => rm(folder, {recursive: true}));
		await mkdir(join(folder, 'node_modules'));
		await symlink(fileURLToPath(new URL('..', import.meta.url)), join(folder, 'node_modules', 'oci-spec-types'), 'dir');
		await writeFile(join(folder, 'package.json'), '{"type": "module"}');
		await writeFile(join(folder, 'example.ts'), code);
		await t.notThrowsAsync(import(pathToFileURL(join(folder, 'example.ts')).href));
	});
}

test('the table of errors is the one in the code', t => {
	const rows = Object.entries(errorTable).map(
		([code, {status, message, source}]) => `| \`${code}\` | ${status} | ${message} | ${source} |`,
	);
	const written = readme.split('\n').filter(line => /^\| `[A-Z_]+` /.test(line));
	t.deepEqual(
		written.map(row => row.replaceAll(/ +\|/g, ' |')),
		rows,
	);
});
