/** Draws the pictures of docs/dashboard.md: the dashboard over invented answers, in a real Chromium, light and dark. */
import {mkdir, writeFile} from 'node:fs/promises';
import {stdout} from 'node:process';
import {launch, visit} from '../test/e2e/harness/browser.ts';
import {createScope} from '../test/e2e/harness/scope.ts';
import {listenDashboard} from '../test/support/dashboard.ts';

const shots = [
	{name: 'overview', path: '/ui', height: 1180},
	{name: 'repository', path: '/ui/repositories/ci/web', height: 1000},
	{name: 'ref', path: '/ui/refs/ci/web:main', height: 900},
	{name: 'retention', path: '/ui/retention', height: 1000},
	{name: 'prune', path: '/ui/prune?tag=pr-*', height: 980},
] as const;

const width = 1200;
// They are in the repository for good.
const mostBytes = 150_000;

const folder = new URL('../docs/dashboard/', import.meta.url);
const scope = createScope();
try {
	await mkdir(folder, {recursive: true});
	const {url, close} = await listenDashboard();
	scope.teardown(close);
	const browser = await launch(scope);
	for (const {name, path, height} of shots) {
		for (const scheme of ['light', 'dark'] as const) {
			const {page} = await visit(browser, url + path, {scheme, width});
			const picture = await page.screenshot({clip: {x: 0, y: 0, width, height}});
			if (picture.length > mostBytes)
				throw new Error(`${name} has ${picture.length} bytes in ${scheme}, more than ${mostBytes}: make it lower`);
			await writeFile(new URL(`${name}-${scheme}.png`, folder), picture);
			stdout.write(`docs/dashboard/${name}-${scheme}.png ${picture.length}\n`);
			await page.close();
		}
	}
} finally {
	await scope.end();
}
