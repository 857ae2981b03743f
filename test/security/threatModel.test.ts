/** docs/security.md is true: what it names is there, and for each of its rows a defence can be taken out. */
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {mutations} from '../../scripts/mutations/table.ts';
import {sourceFiles} from '../support/sourceFiles.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFile(`${root}${path}`, 'utf8');

type Row = {threat: string; defences: string[]; test: {file: string; title: string}};

const rows = async (): Promise<Row[]> =>
	(await read('docs/security.md'))
		.split('\n')
		.filter(line => line.startsWith('| ') && !line.startsWith('| threat '))
		.map(line => {
			const [threat = '', defence = '', held = ''] = line.slice(2, -2).split(' | ');
			const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(held) ?? [];
			return {threat, defences: [...defence.matchAll(/`([\w./-]+\.\w+)`/g)].map(([, path = '']) => path), test: {file, title}};
		});

/** The titles of the tests in a file; what varies in them is `…`. */
const titlesIn = (source: string): string[] =>
	[...source.matchAll(/\btest(?:\.serial)?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(([, , title = '']) =>
		title.replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '…').replaceAll(/\\(.)/g, '$1'),
	);

test('every row names files and a test that are there', async t => {
	const all = await rows();
	t.true(all.length >= 50);
	const sources = new Map((await sourceFiles('test', 'spec/test')).map(({path, text}) => [path, text]));
	for (const {threat, defences, test: held} of all) {
		t.true(defences.length > 0, `${threat} names no file`);
		for (const path of defences) await t.notThrowsAsync(read(path), `${threat}: ${path}`);
		const titles = titlesIn(sources.get(held.file) ?? '');
		t.true(titles.includes(held.title), `${threat}: ${held.file} has no test "${held.title}"`);
	}
	t.deepEqual([...new Set(all.map(({threat}) => threat))].length, all.length, 'a threat stands there twice');
});

test('for every row there is a defence to take out, which stands in the sources as it did when its test was seen to fail', async t => {
	const all = new Map((await rows()).map(row => [row.threat, row]));
	const taken = new Set<string>();
	for (const {threat, file, take, leave, test: held} of mutations) {
		const row = all.get(threat);
		t.truthy(row, `docs/security.md does not know: ${threat}`);
		t.true(row?.defences.includes(file), `${threat}: docs/security.md does not name ${file}`);
		t.is(held.file, row?.test.file ?? '', threat);
		t.is((await read(file)).split(take).length, 2, `${threat}: ${file} does not have this once: ${take}`);
		t.not(take, leave);
		taken.add(threat);
	}
	t.deepEqual(
		[...all.keys()].filter(threat => !taken.has(threat)),
		[],
	);
});
