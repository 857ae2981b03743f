/** The benchmark's page and its plots. */
import test from 'ava';
import {plotOf, renderScenario} from '../../scripts/bench/page.ts';
import {axisTicks, formatPlot} from '../../scripts/bench/plot.ts';
import type {Scenario} from '../../scripts/bench/scenario.ts';
import type {Trial} from '../../scripts/bench/trials.ts';

const scenario: Scenario = {
	title: 'Sending',
	method: 'How.',
	figures: {seconds: {title: 'time, s', digits: 2}, requests: {title: 'requests', digits: 0}},
	ratios: [{figure: 'seconds', bases: ['type-s3', 'someone who is not there']}],
	run: async () => [],
};

const trials: Trial[] = [
	{case: 'near', subject: 'type-s3', round: 1, figures: {seconds: 2, requests: 5}},
	{case: 'near', subject: 'a <b>', round: 1, figures: {seconds: 1, requests: 3}},
	{case: 'near', subject: 'type-s3', round: 2, figures: {seconds: 4, requests: 5}},
	{case: 'near', subject: 'a <b>', round: 2, figures: {seconds: 3, requests: 3}},
	{case: 'other', subject: 'type-s3', round: 1, figures: {requests: 7}},
];

test('a table has medians, the spread where there is one, and ratios to those who were there', t => {
	t.deepEqual(renderScenario(scenario, trials).split('\n').slice(4, 8), [
		'| near | time, s | requests | time, s ÷ that of type-s3 |',
		'| --- | ---: | ---: | ---: |',
		'| a <b> | 2.00 (1.00–3.00) | 3 | 0.63 (0.50–0.75) |',
		'| type-s3 | 3.00 (2.00–4.00) | 5 |  |',
	]);
});

test('a case in which a figure was not measured has no column of it, and one round is called one round', t => {
	t.regex(renderScenario(scenario, trials), /\| other \| requests \|\n\| --- \| ---: \|\n\| type-s3 \| 7 \|\n\nOne round/);
});

test('a plot has a dot for each round, a line for each median, and escaped labels', t => {
	const plot = plotOf(scenario, trials);
	t.deepEqual(
		plot.panels.map(({title}) => title),
		['near'],
	);
	const svg = formatPlot(plot);
	t.is(svg.split('class="dot"').length - 1, 4);
	t.is(svg.split('class="median"').length - 1, 2);
	t.true(svg.includes('a &lt;b&gt;') && !svg.includes('a <b>'));
	t.regex(svg, /prefers-color-scheme:dark/);
});

test('an axis begins at 0, ends at or beyond the largest value, and has few steps', t => {
	t.deepEqual(axisTicks(3), [0, 0.5, 1, 1.5, 2, 2.5, 3]);
	t.deepEqual(axisTicks(0), [0, 1]);
	for (const most of [0.00041, 0.3, 0.7, 1, 1.01, 7.9, 22_800]) {
		const ticks = axisTicks(most);
		t.true((ticks.at(-1) ?? 0) >= most, `${most}: ${ticks}`);
		t.true(ticks.length >= 3 && ticks.length <= 11, `${most}: ${ticks}`);
	}
});
