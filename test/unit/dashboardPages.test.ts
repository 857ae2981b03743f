import test from 'ava';
import {createViews} from '../../src/http/dashboard/views.ts';
import {type Content, formatHtml, html} from '../../src/ui/html.ts';
import {formatPage, type Page} from '../../src/ui/layout.ts';
import {pruneJobPage, prunePage} from '../../src/ui/pages/prune.ts';
import {layerMap} from '../../src/ui/plots/layerMap.ts';
import {plot} from '../../src/ui/plots/plot.ts';
import {sampleNow} from '../support/sampleAnswers/drawn.ts';
import {sampleOperations} from '../support/sampleAnswers.ts';

const now = new Date(sampleNow);
const frame = {version: '1', assets: {style: '', script: '', plotStyle: '', plotScript: ''}, signedIn: true, navigates: true};
const textOf = (page: Page) => formatPage(page, frame);
const count = (text: string, what: RegExp) => [...text.matchAll(what)].length;

const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;

/** Every text becomes hostile that is neither a time nor one of a few words. */
const poisoned = (value: unknown): unknown => {
	if (typeof value === 'string')
		return /^\d{4}-\d\d-\d\d|^(no|policy|hand|cache|image|other|tag|head|superseded|untagged|deleted|condemned)$/.test(value)
			? value
			: hostile;
	if (Array.isArray(value)) return value.map(poisoned);
	if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, poisoned(of)]));
	return value;
};

const {run} = sampleOperations();
const attacked = createViews({run: async (name, input) => poisoned(await run(name, input)) as never}, () => now);

test('no name of a repository, tag, client, rule or step gets into the markup of any page', async t => {
	const pages = await Promise.all([
		attacked.overview(new URL('http://127.0.0.1:5000')),
		attacked.repositories(),
		attacked.repository('ci/web'),
		attacked.ref('ci/web:main'),
		attacked.usage('30'),
		attacked.retention(),
		prunePage({fields: {repo: hostile}, problem: hostile, preview: poisoned(await run('prune', {tag: 'pr-*'})) as never, now}),
		pruneJobPage({
			job: {id: hostile, operation: 'prune', state: 'failed', startedAt: '', error: {code: 'failed', message: hostile}},
			again: hostile,
			now,
		}),
	]);
	for (const page of pages) {
		const text = textOf(page);
		t.notRegex(text, /<script>|<img|onerror=alert\(1\)>/, page.title);
		t.true(text.includes('&#60;script&#62;'), page.title);
	}
});

test('a page has neither scripts nor styles written into it', async t => {
	const views = createViews(sampleOperations(), () => now);
	for (const page of await Promise.all([views.overview(new URL('http://127.0.0.1')), views.ref('ci/web:main'), views.usage(null)])) {
		t.notRegex(textOf(page), /<style|<script(?! defer src=)|\sstyle=|\son\w+=/);
	}
});

test('the overview tells what waits for its upstream, and what that said', async t => {
	const text = textOf(await createViews(sampleOperations(), () => now).overview(new URL('http://127.0.0.1')));
	t.regex(text, /Waits for its upstream/);
	t.regex(text, /1 push was acknowledged and is still to be handed over; 1 of them/);
	t.regex(text, /registry\.example\.com did not answer putBlob/);
});

test('the overview of a new registry says what to paste', async t => {
	const nothing = {
		imports: 0,
		importMisses: 0,
		pushes: 0,
		fetchedBytes: 0,
		redirectedBytes: 0,
		streamedBytes: 0,
		pushedBytes: 0,
		fallbacks: 0,
		redirectedPushBytes: 0,
		fetches: 0,
	};
	const asOf = now.toISOString();
	const views = createViews(
		sampleOperations({
			usage: () => ({asOf, days: [], total: nothing, sizes: [], repositories: []}),
			top: () => ({asOf, refs: [], layers: [], clients: []}),
			'retention.preview': () => ({
				asOf,
				removals: [],
				total: {count: 0, bytes: 0},
				plan: '',
				freeAfter: asOf,
				kept: [],
				budgets: [],
				upcoming: [],
			}),
			'gc.status': () => ({graceSeconds: 1, quarantineSeconds: 1, earlier: []}),
			'handovers.list': () => ({asOf: new Date(sampleNow).toISOString(), handovers: [], total: 0, failing: 0}),
		}),
		() => now,
	);
	const text = textOf(await views.overview(new URL('http://cache.internal:5000')));
	t.regex(text, /Nothing was pushed yet/);
	t.regex(text, /--cache-to +type=registry,ref=cache\.internal:5000/);
	t.regex(text, /Nothing was imported yet/);
	t.regex(text, /The collector measures with each cycle/);
	t.notRegex(text, /Waits for its upstream/);
	t.notRegex(text, /NaN|Infinity|undefined/);
});

test('a plot has each of its numbers in the table that stands beneath it', t => {
	const text = formatHtml(
		plot({
			title: 'Imports',
			kind: 'bars',
			unit: 'count',
			series: [
				{label: 'Hits', tone: 1},
				{label: 'Misses', tone: 3},
			],
			rows: [
				{at: '2026-11-26', values: [120, 7]},
				{at: '2026-11-27', values: [0, 0]},
			],
			empty: html`nothing`,
		}),
	);
	t.is(count(text, /<td class="number">/g), 4);
	t.regex(text, /<data value="120">120<\/data>/);
	// A bar of nothing is none.
	t.is(count(text, /<rect class="tone-\d" x=/g), 2);
	t.regex(text, /role="img" aria-label="Imports: from 127 on 26 Nov to 0 on 27 Nov/);
});

test('a line of one measurement is told in words', t => {
	const of = (rows: {at: string; values: number[]}[]): Content =>
		plot({title: 'Size', kind: 'area', unit: 'bytes', series: [{label: 'Stored', tone: 1}], rows, empty: html`too little`});
	t.regex(formatHtml(html`${of([{at: '2026-11-27T00:00:00Z', values: [5]}])}`), /too little/);
});

test('the picture of layers has an area for each that is there, by how long ago it was fetched', t => {
	const at = (daysAgo: number) => new Date(sampleNow - daysAgo * 86_400_000).toISOString();
	const layers = [
		{digest: 'sha256:aaaa', size: 600, lastFetchedAt: at(0.5), present: true},
		{digest: 'sha256:bbbb', size: 300, lastFetchedAt: at(20), present: true},
		{digest: 'sha256:cccc', size: 100, present: true},
		{digest: 'sha256:dddd', size: 900, present: false},
	];
	const text = formatHtml(layerMap(layers, now));
	t.deepEqual(
		[...text.matchAll(/<g class="age-(\d)"/g)].map(([, age]) => age),
		['0', '2', '4', '0', '2', '4'],
	);
	t.false(text.includes('dddd'));
	t.regex(text, /<title>cccc, 100 B, never fetched<\/title>/);
});
