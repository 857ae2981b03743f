/** The alert rules and the Grafana dashboard speak of metrics that exist, with labels that they have. */
import {readFileSync} from 'node:fs';
import test from 'ava';
import {parse} from 'yaml';
import {z} from 'zod';
import {createMetrics} from '../../src/telemetry/metrics.ts';

const at = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const rules = z
	.object({
		groups: z.array(
			z.object({
				rules: z.array(
					z.object({
						alert: z.string(),
						expr: z.string(),
						annotations: z.object({summary: z.string(), description: z.string(), runbook: z.string()}),
					}),
				),
			}),
		),
	})
	.parse(parse(at('deploy/alerts.yaml')))
	.groups.flatMap(group => group.rules);

const dashboard = z
	.object({
		panels: z.array(
			z.object({
				id: z.number(),
				type: z.string(),
				title: z.string(),
				gridPos: z.object({x: z.number(), y: z.number(), w: z.number(), h: z.number()}),
				targets: z.array(z.object({expr: z.string()})).default([]),
			}),
		),
	})
	.parse(JSON.parse(at('deploy/grafana-dashboard.json')));

const expressions = [
	...rules.map(({alert, expr}) => ({where: alert, expr})),
	...dashboard.panels.flatMap(({title, targets}) => targets.map(({expr}) => ({where: title, expr}))),
];

/** From docs/metrics.md, which another test holds against the code. */
const labelsOf = new Map(
	[...at('docs/metrics.md').matchAll(/^\| `(layercache_\w+)` \| ([^|]*) \|/gm)].map(([, name = '', labels = '']) => [
		name,
		[...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
	]),
);

test('alerts and dashboard use only metrics that exist', async t => {
	const existing = new Map((await createMetrics({version: '1'}).report()).map(({name, type}) => [name, String(type)]));
	for (const {where, expr} of expressions) {
		const names = [...expr.matchAll(/\b(?:layercache|process|nodejs)_\w+/g)].map(([name]) => name);
		t.true(names.length > 0, where);
		for (const name of names) {
			const base = name.replace(/_(bucket|sum|count)$/, '');
			t.true(existing.has(name) || existing.get(base) === 'histogram', `${where} uses ${name}`);
		}
	}
});

test('alerts and dashboard use only labels that their metrics have', t => {
	for (const {where, expr} of expressions) {
		const used = [...expr.matchAll(/\b(layercache_\w+?)(?:_bucket|_sum|_count)?\{([^}]*)\}/g)];
		for (const [, name = '', selector = ''] of used) {
			const labels = [...selector.matchAll(/(\w+)(?:=~|!=|!~|=)/g)].map(([, label]) => label);
			const known = [...(labelsOf.get(name) ?? []), 'instance'];
			t.deepEqual(
				labels.filter(label => !known.includes(label)),
				[],
				`${where}: ${name}`,
			);
		}
		const names = [...expr.matchAll(/\blayercache_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
		const all = new Set([...names.flatMap(name => labelsOf.get(name) ?? []), 'instance', 'le']);
		const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]+)\)/g)].flatMap(([, list = '']) => list.split(',').map(label => label.trim()));
		t.deepEqual(
			grouped.filter(label => !all.has(label)),
			[],
			where,
		);
	}
});

test('the runbook says what to do about each alert, and of no other', t => {
	const runbook = at('docs/operations.md').split('## When an alert fires')[1]?.split('\n## ')[0] ?? '';
	const described = [...runbook.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
	t.deepEqual(
		described,
		rules.map(({alert}) => alert),
	);
	for (const {alert, annotations} of rules) t.is(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`);
});

test('no panel of the dashboard lies on another, and each has a number of its own', t => {
	const {panels} = dashboard;
	t.is(new Set(panels.map(({id}) => id)).size, panels.length);
	const cells = panels.flatMap(({gridPos: {x, y, w, h}}) =>
		Array.from({length: w * h}, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
	);
	t.is(new Set(cells).size, cells.length);
	t.true(panels.every(({gridPos: {x, w}}) => x + w <= 24));
});
