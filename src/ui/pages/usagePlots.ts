/** The plots that several pages show. */
import type {OperationOutput} from '../../operations/table.ts';
import {formatBytes} from '../format.ts';
import {type Html, html} from '../html.ts';
import {plot} from '../plots/plot.ts';

type Usage = OperationOutput<'usage'>;

export const sizePlot = (sizes: Usage['sizes'], title = 'Size'): Html =>
	plot({
		title,
		kind: 'area',
		unit: 'bytes',
		series: [{label: 'Stored', tone: 1}],
		rows: sizes.map(({at, bytes}) => ({at, values: [bytes]})),
		empty:
			sizes.length === 0
				? html`The collector measures with each cycle; there was none yet.`
				: html`${formatBytes(sizes[0]?.bytes ?? 0)} when the collector measured for the first time. A line needs two cycles.`,
	});

export const importsPlot = (days: Usage['days']): Html =>
	plot({
		title: 'Imports',
		about: html`Tags that builds asked for, a day.`,
		kind: 'bars',
		unit: 'count',
		series: [
			{label: 'Found a cache', tone: 1},
			{label: 'Found none', tone: 3},
		],
		rows: days.map(({day, imports, importMisses}) => ({at: day, values: [imports, importMisses]})),
		empty: html`Nothing was imported yet, but for the last minute.`,
	});

export const fetchedPlot = (days: Usage['days']): Html =>
	plot({
		title: 'Layers fetched',
		about: html`Each is the result of a step that did not run again.`,
		kind: 'bars',
		unit: 'bytes',
		series: [
			{label: 'Straight from S3', tone: 2},
			{label: 'Through this server', tone: 4},
		],
		rows: days.map(({day, redirectedBytes, streamedBytes}) => ({at: day, values: [redirectedBytes, streamedBytes]})),
		empty: html`No layer was fetched yet, but for the last minute.`,
	});
