/** The dashboard in a real browser. */
import test, {type ExecutionContext} from 'ava';
import {type ListenOptions, listenDashboard} from '../support/dashboard.ts';
import {accessibilityProblems, browserOf, overflow, visit} from './harness/browser.ts';

const browser = browserOf(test);

const paths = {
	'the overview': '/ui',
	'the list of repositories': '/ui/repositories',
	'a repository': '/ui/repositories/ci/web',
	'a ref': '/ui/refs/ci/web:main',
	usage: '/ui/usage?days=90',
	retention: '/ui/retention',
	'the form of prune': '/ui/prune',
	'the preview of prune': '/ui/prune?tag=pr-*',
	'prune with nothing to do': '/ui/prune?tag=nothing',
	'what is not there': '/ui/nothing',
};

const start = async (t: ExecutionContext, options?: ListenOptions): Promise<string> => {
	const {url, close} = await listenDashboard(options);
	t.teardown(close);
	return url;
};

for (const [name, path] of Object.entries(paths)) {
	test(`${name} is accessible in light and dark, fits 360 pixels, and does nothing that its policy forbids`, async t => {
		const url = await start(t);
		for (const look of [{scheme: 'light'}, {scheme: 'dark'}, {width: 360}, {width: 360, hasScripts: false}] as const) {
			const {page, problems} = await visit(await browser(), url + path, look);
			if (!('hasScripts' in look)) t.deepEqual(await accessibilityProblems(page), [], JSON.stringify(look));
			t.is(await overflow(page), 0, JSON.stringify(look));
			t.deepEqual(problems, []);
			await page.close();
		}
	});
}

test('signing in is accessible, and a wrong token is said to be one', async t => {
	const url = await start(t, {token: 'a-long-secret'});
	const {page, problems} = await visit(await browser(), `${url}/ui/retention`);
	t.true(page.url().includes('/ui/sign-in'));
	t.deepEqual(await accessibilityProblems(page), []);
	await page.type('#secret', 'wrong');
	await Promise.all([page.waitForNavigation(), page.click('.sign-in button')]);
	t.regex(await page.$eval('[role=alert]', alert => alert.textContent), /was not accepted/);
	t.deepEqual(await accessibilityProblems(page), []);

	await page.type('#secret', 'a-long-secret');
	await Promise.all([page.waitForNavigation(), page.click('.sign-in button')]);
	t.is(page.url(), `${url}/ui/retention`);
	await Promise.all([page.waitForNavigation(), page.click('.leave button')]);
	t.true(page.url().includes('/ui/sign-in'));
	t.deepEqual(problems, []);
	await page.close();
});

test('a plot is drawn anew for a pointer, which reads the numbers of a day', async t => {
	const url = await start(t);
	const {page, problems} = await visit(await browser(), `${url}/ui`);
	t.is((await page.$$('.plot canvas')).length, 3);
	const plot = await page.$('.plot[data-unit=count] canvas');
	await plot?.hover();
	t.regex(
		(await page.$eval('.plot[data-unit=count] .reading', reading => reading.textContent)) ?? '',
		/^2026-11-\d\d: found a cache \d+, found none \d+$/,
	);
	await page.setViewport({width: 500, height: 800});
	await page.waitForFunction('document.querySelector(".plot canvas").clientWidth < 500');
	t.is(await overflow(page), 0);
	t.deepEqual(problems, []);
	await page.close();
});

test('without scripts the plots are there, and so are their numbers', async t => {
	const url = await start(t);
	const {page} = await visit(await browser(), `${url}/ui`, {hasScripts: false});
	t.is((await page.$$('.plot canvas')).length, 0);
	t.is((await page.$$('.plot .shape svg path.line')).length, 1);
	await page.click('.plot summary');
	t.true(await page.$eval('.plot .numbers table', table => table.checkVisibility()));
	await page.close();
});

for (const hasScripts of [true, false]) {
	test(`prune is filled in, shown and done ${hasScripts ? 'with' : 'without'} scripts`, async t => {
		const url = await start(t);
		const {page, problems} = await visit(await browser(), `${url}/ui/prune`, {hasScripts});
		await page.type('#tag', 'pr-*');
		await Promise.all([page.waitForNavigation(), page.click('.fields button')]);
		t.is(await page.$eval('#tag', input => (input as unknown as {value: string}).value), 'pr-*');
		t.is(await page.$eval('button.danger', button => button.textContent), 'Delete 3 refs');

		await Promise.all([page.waitForNavigation({waitUntil: 'networkidle0'}), page.click('button.danger')]);
		while (await page.$('[data-running]')) await page.reload({waitUntil: 'networkidle0'});
		t.regex(
			await page.$eval('.notice', notice => notice.textContent),
			/^3 refs deleted\. Their bytes, [\d.]+ GiB, are deleted by the collector/,
		);
		if (hasScripts) t.deepEqual(await accessibilityProblems(page), []);
		t.deepEqual(problems, []);
		await page.close();
	});
}
