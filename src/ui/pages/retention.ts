/** What goes next, when and why; and how the collector gets on. */
import type {CycleReport} from '../../operations/answers/collection.ts';
import type {OperationOutput} from '../../operations/table.ts';
import {bytesOf, countOf, dueOf, formatBytes, formatMany, formatSeconds, formatSpan, momentOf, none} from '../format.ts';
import {type Html, html} from '../html.ts';
import {card, empty, figures, heading, type Page} from '../layout.ts';
import {removalTable} from '../removalTable.ts';
import {shareBar, table} from '../table.ts';

export type Retention = {retention: OperationOutput<'retention.preview'>; collector: OperationOutput<'gc.status'>; now: Date};

export const retentionPage = ({retention, collector, now}: Retention): Page => ({
	title: 'Retention',
	section: 'retention',
	main: html`${heading('Retention', retention.asOf, now)}
${figures([
	{
		name: 'Goes with the next cycle',
		value: bytesOf(retention.total.bytes),
		note:
			retention.removals.length === 0
				? 'no rule lets go of anything'
				: html`${formatMany(retention.total.count, 'removal')}; the bytes are free ${momentOf(retention.freeAfter, now)} at the earliest`,
	},
	{
		name: 'In quarantine',
		value: collector.last ? bytesOf(collector.last.totals.condemnedBytes) : none,
		note: 'that nothing needed any more when the last cycle ended',
	},
	{name: 'Last cycle', value: momentOf(collector.last?.endedAt, now), note: lastNote(collector.last)},
	{name: 'Next cycle', value: dueOf(collector.nextAt, now), note: rhythm(collector)},
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
${budgets(retention.budgets)}
${retention.kept.length > 0 && card({title: 'Stays, although a rule meets it', body: kept(retention.kept)})}
${card({title: 'Cycles of the collector', about: about(collector), body: cycles(collector, now)})}`,
});

const shownRows = 200;

/** What a cycle has deleted, as the end of a sentence. */
export const deletedBy = ({did: {deleted}}: Pick<CycleReport, 'did'>): Html =>
	deleted.count === 0 ? html`nothing had to be deleted` : html`deleted ${bytesOf(deleted.bytes)} in ${formatMany(deleted.count, 'object')}`;

const lastNote = (last: CycleReport | undefined) => (last ? deletedBy(last) : 'there was none yet');

const rhythm = ({everySeconds, running}: Retention['collector']) => {
	if (running) return 'one is running now';
	return everySeconds === undefined
		? 'only when it is asked for: LAYERCACHE_GC_EVERY is never'
		: `they begin ${formatSpan(everySeconds)} apart`;
};

const budgets = (all: Retention['retention']['budgets']) =>
	all.length > 0 &&
	card({
		title: 'Budgets',
		about:
			'What the refs of each take once the next cycle has let go what it does. Where that is more, the rest is protected, or nothing is known of its use.',
		body: table(
			'Budgets',
			[{head: 'Budget'}, {head: 'Taken', isNumber: true}, {head: 'Of', isNumber: true}, {head: 'Share'}],
			all.map(({match, size, bytes}) => [match, bytesOf(bytes), bytesOf(size), shareBar(bytes / size)]),
		),
	});

const kept = (rows: Retention['retention']['kept']) =>
	table(
		'Stays, although a rule meets it',
		[{head: 'Ref'}, {head: 'Because'}],
		rows.map(({repository, tag, because}) => [`${repository}:${tag}`, because]),
	);

const about = ({graceSeconds, quarantineSeconds}: Retention['collector']) =>
	`An object that nothing needs is condemned when it is ${formatSpan(graceSeconds)} old, and deleted when that was ${formatSpan(quarantineSeconds)} ago. Whoever pushes it again in between rescues it.`;

const cycles = ({last, earlier, lease}: Retention['collector'], now: Date): Html => {
	const holder =
		lease &&
		html`<p class="about">The lease is held by <code>${lease.holder}</code>, renewed ${momentOf(lease.renewedAt, now)}${lease.expired && ', and has expired'}.</p>`;
	if (!last) return html`${holder}${empty('There was none yet.')}`;
	return html`${holder}${table(
		'Cycles of the collector',
		[
			{head: 'Ended'},
			{head: 'Took', isNumber: true},
			{head: 'Stored', isNumber: true},
			{head: 'Let go', isNumber: true, title: 'Refs and manifests, by the rules of the policy'},
			{head: 'Condemned', isNumber: true},
			{head: 'Needed again', isNumber: true, title: 'Objects that were condemned, and are needed again'},
			{head: 'Deleted', isNumber: true},
			{head: 'Why, and what went wrong'},
		],
		[last, ...earlier].map(cycle => [
			momentOf(cycle.endedAt, now),
			formatSeconds((Date.parse(cycle.endedAt) - Date.parse(cycle.startedAt)) / 1000),
			bytesOf(cycle.totals.bytes),
			countOf(cycle.removedCount),
			bytesOf(cycle.did.condemned.bytes),
			countOf(cycle.did.freed.count),
			bytesOf(cycle.did.deleted.bytes),
			remarks(cycle),
		]),
	)}`;
};

type ShownCycle = Omit<CycleReport, 'removed'>;

const remarks = ({reasons, problems, resumed}: ShownCycle): Html => {
	const lines = [
		...(resumed ? ['went on where another had stopped'] : []),
		...reasons.map(({did, reason, count, bytes}) => `${did} ${formatMany(count, 'object')}, ${formatBytes(bytes)}: ${reason}`),
		...problems,
	];
	return lines.length === 0 ? none : html`<span class="why">${lines.map((line, index) => html`${index > 0 && html`<br>`}${line}`)}</span>`;
};
