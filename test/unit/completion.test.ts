import {execFileSync} from 'node:child_process';
import test from 'ava';
import {Command, Option} from 'commander';
import {completionScript} from '../../src/cli/completion.ts';
import {runCommand} from '../support/commandLine.ts';

const program = () => {
	const layercache = new Command('layercache');
	const refs = layercache.command('refs').description("what there is, and isn't");
	refs
		.command('list')
		.description('list them')
		.addOption(new Option('--sort <sort>', 'by what').choices(['name', 'size']))
		.option('--json', 'for programs');
	layercache.command('prune').description('delete some').option('--dry-run', 'only look');
	return layercache;
};

/** What bash would offer after these words. */
const offered = (...words: string[]): string[] => {
	const script = `${completionScript('bash', program())}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _layercache; echo "\${COMPREPLY[@]}"`;
	return execFileSync('bash', ['-c', script, 'bash', ...words], {encoding: 'utf8'})
		.trim()
		.split(' ');
};

test('bash is offered commands, then what belongs below them, options and their values', t => {
	t.deepEqual(offered('layercache', ''), ['refs', 'prune']);
	t.deepEqual(offered('layercache', 'refs', 'l'), ['list']);
	t.deepEqual(offered('layercache', 'refs', 'list', '--'), ['--sort', '--json']);
	t.deepEqual(offered('layercache', 'refs', 'list', '--sort', ''), ['name', 'size']);
	t.deepEqual(offered('layercache', 'prune', '--d'), ['--dry-run']);
});

for (const shell of ['bash', 'zsh', 'fish']) {
	test(`the real commands make a script for ${shell}`, async t => {
		const {code, out} = await runCommand(['completion', shell]);
		t.is(code, 0);
		for (const word of ['retention', 'preview', 'dry-run', 'older-than', 'policy']) t.true(out.includes(word), word);
	});
}

test('another shell is refused', async t => {
	t.is((await runCommand(['completion', 'cmd'])).code, 2);
});
