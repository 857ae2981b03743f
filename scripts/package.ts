/**
 * Before and after `npm pack`: a package carries JavaScript, since Node takes no TypeScript below node_modules.
 *
 * `oci-spec-types` is bundled, and not on any registry. In a clone node_modules has a link to spec/, whose package.json
 * points at TypeScript; while npm packs, a folder stands there that holds what its own package would. The package carries
 * its bill of materials, dist/sbom.cdx.json.
 */
import {execFileSync} from 'node:child_process';
import {cpSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {argv, exit, stderr} from 'node:process';
import {fileURLToPath} from 'node:url';
import {billOfMaterials} from './package/billOfMaterials.ts';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const linked = at('node_modules/oci-spec-types');

const compile = (project: string) => execFileSync(at('node_modules/.bin/tsc'), ['-p', at(project)], {stdio: ['ignore', 2, 2]});

const prepare = () => {
	for (const built of ['dist', 'spec/dist']) rmSync(at(built), {recursive: true, force: true});
	compile('spec/tsconfig.build.json');

	rmSync(linked, {recursive: true, force: true});
	for (const part of ['dist', 'README.md', 'LICENSE']) cpSync(at(`spec/${part}`), `${linked}/${part}`, {recursive: true});
	const packageJson = JSON.parse(readFileSync(at('spec/package.json'), 'utf8'));
	const exports = {'.': {types: './dist/index.d.ts', default: './dist/index.js'}};
	writeFileSync(`${linked}/package.json`, JSON.stringify({...packageJson, exports}, undefined, '\t'));

	// Only now: the compiler would take the TypeScript behind the link for ours.
	compile('tsconfig.build.json');
	cpSync(at('src/ui/assets'), at('dist/ui/assets'), {recursive: true});
	writeFileSync(at('dist/sbom.cdx.json'), JSON.stringify(listMaterials(), undefined, '\t'));
};

/** From the lock file: what an install brings, whatever lies in node_modules just now. */
const listMaterials = () => {
	const {name} = JSON.parse(readFileSync(at('package.json'), 'utf8'));
	const printed = execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx'], {
		cwd: at(''),
		encoding: 'utf8',
		maxBuffer: 64 * 1024 * 1024,
	});
	return billOfMaterials(JSON.parse(printed), name);
};

const restore = () => {
	rmSync(linked, {recursive: true, force: true});
	symlinkSync('../spec', linked, 'dir');
};

const step = {prepare, restore}[argv[2] ?? ''];
if (!step) {
	stderr.write('usage: node scripts/package.ts prepare|restore\n');
	exit(2);
}
try {
	step();
} catch (error) {
	restore();
	throw error;
}
