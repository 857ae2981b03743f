/** The first page: how large it is, whether it helps, and what goes next. */
import type {OperationOutput} from '../../operations/table.ts';
import {bytesOf, dueOf, formatBytes, formatCount, formatMany, formatPercent, formatSpan, momentOf, none, rateOf} from '../format.ts';
import {handOverTable} from '../handOverTable.ts';
import {type Html, html} from '../html.ts';
import {card, empty, figures, heading, type Page, pasteable} from '../layout.ts';
import {paths} from '../paths.ts';
import {refTable} from '../refTable.ts';
import {removalTable} from '../removalTable.ts';
import {deletedBy} from './retention.ts';
import {fetchedPlot, importsPlot, sizePlot} from './usagePlots.ts';

export type Overview = {
	usage: OperationOutput<'usage'>;
	top: OperationOutput<'top'>;
	retention: OperationOutput<'retention.preview'>;
	collector: OperationOutput<'gc.status'>;
	handOvers: OperationOutput<'handovers.list'>;
	/** What to paste into a build to begin. */
	buildLines: string;
	now: Date;
};

export const overviewPage = (overview: Overview): Page => {
	const {usage, top, now, buildLines} = overview;
	const isNew = usage.repositories.length === 0 && usage.total.pushes === 0;
	return {
		title: 'Overview',
		section: 'overview',
		main: html`${heading('Overview', usage.asOf, now)}
${isNew ? welcome(buildLines) : numbers(overview)}
${overview.handOvers.total > 0 && waiting(overview)}
${sizePlot(usage.sizes)}
<div class="pair">${importsPlot(usage.days)}${fetchedPlot(usage.days)}</div>
${card({
	title: 'Refs that take the most room',
	about: 'By the bytes that only they keep.',
	more: {path: paths.usage, text: 'Usage'},
	body: top.refs.length === 0 ? empty('No ref was pushed yet.') : refTable({name: 'Refs that take the most room', refs: top.refs, now}),
})}
${card({title: 'What goes next', more: {path: paths.retention, text: 'Retention'}, body: next(overview)})}
${card({title: 'Collector', more: {path: paths.retention, text: 'Cycles'}, body: collecting(overview)})}`,
	};
};

const welcome = (lines: string) =>
	html`<section class="card"><header><h2>Nothing was pushed yet</h2></header>
<p class="about">This page fills by itself, once a build exports its cache here. These are the lines to paste.</p>${pasteable(lines)}</section>`;

const numbers = ({usage: {total, days, sizes, repositories}}: Overview): Html => {
	const stored = sizes.at(-1);
	const asked = total.imports + total.importMisses;
	const span = `the last ${formatMany(days.length, 'day')}`;
	return figures([
		{
			name: 'Stored',
			value: bytesOf(stored?.bytes ?? repositories.reduce((sum, {bytes}) => sum + bytes, 0)),
			note: html`in ${formatMany(repositories.length, 'repository', 'repositories')}${stored && html`, ${formatMany(stored.blobs, 'blob')}`}`,
		},
		{
			name: 'Hit rate',
			value: rateOf(total.hitRate),
			note:
				asked === 0 ? `no imports in ${span}` : `${formatCount(total.imports)} of ${formatMany(asked, 'import')} found a cache in ${span}`,
		},
		{
			name: 'Not built again',
			value: bytesOf(total.fetchedBytes),
			note: `layers that builds fetched instead of making them, in ${span}`,
		},
		{
			name: 'Served by S3',
			value: bytesOf(total.redirectedBytes),
			note:
				total.fetchedBytes === 0
					? 'nothing was fetched'
					: `${formatPercent(total.redirectedBytes / total.fetchedBytes)} % of what was fetched; ${formatBytes(total.streamedBytes)} through this server`,
		},
	]);
};

/** Only where something does: most servers have no upstream. */
const waiting = ({handOvers: {handovers, total, failing}, now}: Overview) =>
	card({
		title: 'Waits for its upstream',
		about: html`${formatMany(total, 'push', 'pushes')} ${total === 1 ? 'was' : 'were'} acknowledged and ${total === 1 ? 'is' : 'are'} still to be handed over; ${formatCount(failing)} of them the upstream did not take at the last attempt. <code>layercache handovers list</code> has all.`,
		body: handOverTable('Waits for its upstream', handovers, now),
	});

const next = ({retention, collector, now}: Overview) => {
	const soonest = [...retention.removals.map(removal => ({...removal, at: collector.nextAt ?? retention.asOf})), ...retention.upcoming];
	if (soonest.length === 0) return empty('Nothing: no rule lets go of anything that is here.');
	return removalTable('What goes next', soonest.slice(0, 5), now);
};

const collecting = ({collector: {last, everySeconds, running, nextAt}, now}: Overview) => html`<dl class="facts">
<div><dt>Runs</dt><dd>${everySeconds === undefined ? 'never by itself (LAYERCACHE_GC_EVERY)' : `by itself, ${formatSpan(everySeconds)} apart`}</dd></div>
<div><dt>${running ? 'Now' : 'Next cycle'}</dt><dd>${running ? html`in a cycle since ${momentOf(running.startedAt, now)}` : dueOf(nextAt, now)}</dd></div>
<div><dt>Last cycle</dt><dd>${last ? html`${momentOf(last.endedAt, now)}, ${deletedBy(last)}` : 'none yet'}</dd></div>
<div><dt>In quarantine</dt><dd>${last ? bytesOf(last.totals.condemnedBytes) : none}</dd></div>
</dl>`;
