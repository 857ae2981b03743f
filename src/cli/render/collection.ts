/** The collector: what it will do, does and did; and whether blobs are what they should be. */
import {formatBytes} from '../../lib/byteSizes.ts';
import type {CycleReport, PlannedRow} from '../../operations/answers/collection.ts';
import type {OperationOutput} from '../../operations/table.ts';
import type {Paint} from '../terminal.ts';
import {removalLines} from './removals.ts';
import type {Rendering} from './renderings.ts';
import {tableOf} from './table.ts';
import {amountOf, atMost, many, moment, span} from './words.ts';

const previewLines = ({removals, objects, total}: OperationOutput<'gc.preview'>, paint: Paint): string[] => {
	const {shown, rest} = atMost(objects, shownRows, 'object');
	return [
		...(removals.length > 0 ? [paint('bold', 'retention lets go'), ...removalLines(removals, paint), ''] : []),
		...tableOf(
			shown,
			[
				{title: 'NEXT', of: ({state, notBefore}: PlannedRow) => words[state](moment(notBefore))},
				{title: 'SIZE', right: true, of: ({bytes}) => formatBytes(bytes)},
				{title: 'OBJECT', of: ({key}) => key},
				{title: 'WHY', of: ({reason}) => reason},
			],
			paint,
		),
		...rest,
		`the next cycle deletes ${amountOf(total.deleted, 'object')}, condemns ${amountOf(total.condemned, 'object')}; ${amountOf(total.waiting, 'object')} wait`,
	];
};

const words: {readonly [S in PlannedRow['state']]: (notBefore: string) => string} = {
	deleted: () => 'deleted',
	condemned: notBefore => `condemned, deleted after ${notBefore}`,
	waiting: notBefore => `waits until ${notBefore}`,
};

export const cyclePreview: Rendering<'gc.preview'> = {text: previewLines};

export const cycleRun: Rendering<'gc.run'> = {
	text: ({preview, report}, paint) => [...(preview ? previewLines(preview, paint) : []), ...(report ? reportLines(report, paint) : [])],
	going: ({preview}) => {
		const {deleted, condemned} = preview?.total ?? {deleted: {count: 0, bytes: 0}, condemned: {count: 0, bytes: 0}};
		return {
			count: deleted.count + condemned.count + (preview?.removals.length ?? 0),
			// What it finds is what status, metrics and the dashboard tell of the store.
			anyway: true,
			question: `Run a cycle that deletes ${amountOf(deleted, 'object')}, condemns ${amountOf(condemned, 'object')} and lets ${many(preview?.removals.length ?? 0, 'thing')} go?`,
		};
	},
};

const reportLines = ({startedAt, endedAt, totals, did, reasons, removedCount, problems}: CycleReport, paint: Paint): string[] => [
	`${moment(startedAt)}, for ${span(Date.parse(endedAt) - Date.parse(startedAt))}: ${many(totals.repositories, 'repository', 'repositories')}, ${many(totals.tags, 'tag')}, ${many(totals.manifests, 'manifest')}, ${amountOf({count: totals.blobs, bytes: totals.bytes}, 'blob')} in all`,
	`  deleted ${amountOf(did.deleted, 'object')}; condemned ${amountOf(did.condemned, 'object')}; ${many(did.freed.count, 'object')} needed again; retention let ${many(removedCount, 'thing')} go`,
	`  ${formatBytes(totals.unreferencedBytes)} that nothing keeps, of which ${formatBytes(totals.condemnedBytes)} wait in quarantine`,
	...reasons.map(({did, reason, count, bytes}) => `  ${did}: ${amountOf({count, bytes}, 'object')}: ${reason}`),
	...problems.map(problem => `${paint('yellow', 'note')}: ${problem}`),
];

export const cycleStatus: Rendering<'gc.status'> = {
	text({everySeconds, graceSeconds, quarantineSeconds, lease, running, last, nextAt}, paint) {
		return [
			everySeconds === undefined
				? 'no server with these settings collects by itself (LAYERCACHE_GC_EVERY=never)'
				: `a cycle every ${span(everySeconds * 1000)}${nextAt ? `, the next after ${moment(nextAt)}` : ''}`,
			`grace ${span(graceSeconds * 1000)}, quarantine ${span(quarantineSeconds * 1000)}`,
			lease
				? `${lease.expired ? 'the last to collect was' : 'now collecting:'} ${lease.holder}, heard of ${moment(lease.renewedAt)}`
				: last
					? 'nobody collects just now'
					: 'nobody has collected yet',
			...(running
				? [
						`under way since ${moment(running.startedAt)}, ${many(running.repositories, 'repository', 'repositories')} done${running.repository ? `, now behind ${running.repository}` : ''}`,
					]
				: []),
			'',
			...(last ? [paint('bold', 'the last cycle'), ...reportLines(last, paint)] : ['no cycle has ended yet']),
		];
	},
};

export const verification: Rendering<'verify'> = {
	text({complete, repositories, checked, findings, findingCount}, paint) {
		const {shown, rest} = atMost(findings, shownRows, 'problem');
		return [
			...tableOf(
				shown,
				[
					{title: 'FOUND', of: ({kind}) => paint('red', kind)},
					{title: 'OBJECT', of: ({key}) => key},
					{title: '', of: ({problem}) => problem},
				],
				paint,
			),
			...rest,
			`${amountOf(checked, 'object')} in ${many(repositories, 'repository', 'repositories')} read: ${findingCount === 0 ? paint('green', 'all are what they should be') : paint('red', many(findingCount, 'problem'))}`,
			...(complete ? [] : ['it was left before its end; the next one goes on from there']),
		];
	},
	outcome: ({findingCount, complete}) => (findingCount > 0 ? 'no' : complete ? 'ok' : 'interrupted'),
};

const shownRows = 100;
