/** A real Chromium, and pages of it that note what goes wrong in them. */
import type {TestFn} from 'ava';
import axe from 'axe-core';
import puppeteer, {type Browser, type Page} from 'puppeteer-core';
import {tool} from '../../../scripts/tools.ts';
import {fileScope, type Scope} from './scope.ts';

export type Look = {scheme?: 'light' | 'dark'; width?: number; hasScripts?: boolean; cookie?: string};
export type Visit = {
	page: Page;
	/** Errors on the console, exceptions, and what the page's own policy refused. */
	problems: string[];
};

/** One for all tests of a file. */
export const browserOf = (test: TestFn): (() => Promise<Browser>) => {
	const scope = fileScope(test);
	let launched: Promise<Browser> | undefined;
	return () => {
		launched ??= launch(scope);
		return launched;
	};
};

export const launch = async (scope: Scope): Promise<Browser> => {
	// Chromium refuses to be root in a sandbox, and the end-to-end run is root.
	const browser = await puppeteer.launch({executablePath: await tool('chromium'), args: ['--no-sandbox', '--disable-gpu']});
	scope.teardown(() => browser.close());
	return browser;
};

export const visit = async (
	browser: Browser,
	url: string,
	{scheme = 'light', width = 1200, hasScripts = true}: Look = {},
): Promise<Visit> => {
	const page = await browser.newPage();
	const problems: string[] = [];
	page.on('console', message => {
		// A page of an error has its status on the console; what the policy refuses is an error there, too.
		if (message.type() === 'error' && !message.text().includes('the server responded with a status of')) problems.push(message.text());
	});
	page.on('pageerror', error => problems.push(String(error)));
	await page.setJavaScriptEnabled(hasScripts);
	await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: scheme}]);
	await page.setViewport({width, height: 800});
	await page.goto(url, {waitUntil: 'networkidle0'});
	return {page, problems};
};

/** What axe finds, a line each. */
export const accessibilityProblems = async (page: Page): Promise<string[]> => {
	await page.evaluate(axe.source);
	const {violations} = (await page.evaluate('axe.run()')) as axe.AxeResults;
	return violations.flatMap(({id, help, nodes}) => nodes.map(({html}) => `${id}: ${help}: ${html.slice(0, 200)}`));
};

/** By how many pixels a page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
	page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth') as Promise<number>;
