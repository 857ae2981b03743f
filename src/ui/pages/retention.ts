/** What goes next, when and why; and how the collector gets on. */
import type {CycleReport} from '../../operations/answers/collection.ts';
import type {OperationOutput} from '../../operations/table.ts';
import {bytesOf, countOf, formatMany, formatSeconds, momentOf, none} from '../format.ts';
import {type Html, html} from '../html.ts';
import {card, empty, figures, heading, type Page} from '../layout.ts';
import {removalTable} from '../removalTable.ts';
import {table} from '../table.ts';

export type Retention = {retention: OperationOutput<'retention.preview'>; collector: OperationOutput<'gc.status'>; now: Date};

export const retentionPage = ({retention, collector, now}: Retention): Page => ({
	title: 'Retention',
	section: 'retention',
	main: html`${heading('Retention', retention.asOf, now)}
${figures([
	{
		name: 'Goes with the next cycle',
		value: bytesOf(retention.total.bytes),
		note: html`${formatMany(retention.total.count, 'removal')}; the bytes are free ${momentOf(retention.freeAfter, now)} at the earliest`,
	},
	{
		name: 'In quarantine',
		value: bytesOf(collector.condemned.bytes),
		note: `${formatMany(collector.condemned.count, 'object')} that nothing needs any more`,
	},
	{name: 'Last cycle', value: momentOf(collector.last?.endedAt, now), note: lastNote(collector.last)},
	{name: 'Next cycle', value: momentOf(collector.nextAt, now), note: rhythm(collector)},
])}
${card({
	title: 'Goes with the next cycle',
	about:
		retention.policy === undefined
			? 'There is no policy file: manifests that were superseded or never had a tag go after the grace.'
			: html`By the rules of <code>${retention.policy}</code>.`,
	body: retention.removals.length === 0 ? empty('Nothing.') : removalTable('Goes with the next cycle', retention.removals, now, shownRows),
})}
${card({
	title: 'Goes later',
	about: 'If nothing is pushed or imported until then; soonest first.',
	body:
		retention.upcoming.length === 0
			? empty('Nothing, by the rules there are.')
			: removalTable('Goes later', retention.upcoming, now, shownRows),
})}
${card({title: 'Stays, although a rule meets it', body: kept(retention.kept)})}
${card({title: 'Cycles of the collector', about: about(collector), body: cycles(collector, now)})}`,
});

const shownRows = 200;

const lastNote = (last: CycleReport | undefined) =>
	last ? html`deleted ${bytesOf(last.did.deleted.bytes)} in ${formatMany(last.did.deleted.count, 'object')}` : 'there was none yet';

const rhythm = ({everySeconds, running}: Retention['collector']) => {
	if (running) return 'one is running now';
	return everySeconds === undefined
		? 'only when it is asked for: LAYERCACHE_GC_EVERY is never'
		: `one every ${formatSeconds(everySeconds)}`;
};

const kept = (rows: Retention['retention']['kept']) =>
	rows.length === 0
		? empty('Nothing.')
		: table(
				'Stays, although a rule meets it',
				[{head: 'Ref'}, {head: 'Because'}],
				rows.map(({repository, tag, because}) => [`${repository}:${tag}`, because]),
			);

const about = ({graceSeconds, quarantineSeconds}: Retention['collector']) =>
	`An object that nothing needs is condemned when it is ${formatSeconds(graceSeconds)} old, and deleted when that was ${formatSeconds(quarantineSeconds)} ago. Whoever pushes it again in between rescues it.`;

const cycles = ({last, lease}: Retention['collector'], now: Date): Html => {
	const holder =
		lease &&
		html`<p class="about">The lease is held by <code>${lease.holder}</code>, renewed ${momentOf(lease.renewedAt, now)}${lease.expired && ', and has expired'}.</p>`;
	if (!last) return html`${holder}${empty('There was none yet.')}`;
	return html`${holder}${table(
		'Cycles of the collector',
		[
			{head: 'Ended'},
			{head: 'Took', isNumber: true},
			{head: 'Looked at', isNumber: true},
			{head: 'Let go', isNumber: true, title: 'By the rules of the policy'},
			{head: 'Condemned', isNumber: true},
			{head: 'Rescued', isNumber: true},
			{head: 'Deleted', isNumber: true},
			{head: 'Problems'},
		],
		[last].map(cycle => [
			momentOf(cycle.endedAt, now),
			formatSeconds((Date.parse(cycle.endedAt) - Date.parse(cycle.startedAt)) / 1000),
			bytesOf(cycle.bytes),
			countOf(cycle.did.removals),
			bytesOf(cycle.did.condemned.bytes),
			countOf(cycle.did.rescued),
			bytesOf(cycle.did.deleted.bytes),
			cycle.problems.length === 0 ? none : html`<span class="why">${cycle.problems.join('; ')}</span>`,
		]),
	)}`;
};
