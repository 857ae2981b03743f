/** What somebody gets who installs the package instead of cloning the repository. */
import {cp, readFile} from 'node:fs/promises';
import {delimiter, dirname, join, relative} from 'node:path';
import {execPath} from 'node:process';
import test from 'ava';
import {startDaemon} from './harness/daemon.ts';
import {succeed} from './harness/exec.ts';
import {freePort} from './harness/freePort.ts';
import {checkout, environmentWithoutSettings} from './harness/layercache.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';
import {answers} from './harness/until.ts';

test('the packed tarball, installed in an empty folder, serves /v2/', async t => {
	t.timeout(300_000);
	const folder = await temporaryFolder(t, 'install');
	const {PATH, ...own} = environmentWithoutSettings();
	// What the npm that runs these tests has set tells a second one to work in the checkout.
	const isOfRunningNpm = (name: string) => /^(npm_(?!config_).*|npm_config_.*prefix|INIT_CWD)$/.test(name);
	const clean = Object.fromEntries(Object.entries(own).filter(([name]) => !isOfRunningNpm(name)));
	const env = {...clean, PATH: `${dirname(execPath)}${delimiter}${PATH}`};

	// In a copy, since packing puts other things in place for a while.
	const source = await temporaryFolder(t, 'source');
	const isSource = (path: string) => !['.git', 'data', 'coverage', 'dist'].includes(relative(checkout, path));
	await cp(checkout, source, {recursive: true, preserveTimestamps: true, verbatimSymlinks: true, filter: isSource});
	const packed = await succeed('npm', ['pack', '--silent', '--pack-destination', folder], {cwd: source, env});
	const tarball = join(folder, packed.trim().split('\n').at(-1) ?? '');
	const contents = await succeed('tar', ['-tzf', tarball]);
	// Node refuses TypeScript below node_modules. Others may ship theirs beside their JavaScript; ours must not be there.
	const ours = contents.split('\n').filter(name => /^package\/(?!node_modules\/(?!oci-spec-types\/))/.test(name));
	t.deepEqual(
		ours.filter(name => /(?<!\.d)\.ts$/.test(name)),
		[],
	);
	t.regex(contents, /^package\/node_modules\/oci-spec-types\/.+\.js$/m);

	const materials = JSON.parse(await succeed('tar', ['-xzOf', tarball, 'package/dist/sbom.cdx.json']));
	t.like(materials, {bomFormat: 'CycloneDX', metadata: {component: {name: 'layercache'}}});

	const home = await temporaryFolder(t, 'empty');
	await succeed('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball], {cwd: home, env, timeoutSeconds: 240});
	const command = join(home, 'node_modules', '.bin', 'layercache');
	const {version} = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
	t.is((await succeed(command, ['version'], {cwd: home, env})).trim(), version);

	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const daemon = await startDaemon(t, {
		name: 'installed',
		command,
		args: ['serve'],
		cwd: home,
		env: {...env, LAYERCACHE_PORT: String(port)},
		isReady: answers(`${url}/v2/`),
	});
	t.is((await fetch(`${url}/v2/`)).status, 200);
	const page = await (await fetch(`${url}/ui`)).text();
	const assets = [...page.matchAll(/(?:href|src)="(\/ui\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
	t.is(assets.length, 4);
	for (const path of assets) t.is((await fetch(url + path)).status, 200, path);
	t.is(await daemon.stop(), 0);
});
