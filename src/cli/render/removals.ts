/** What would go or has gone, how many bytes that is, and why. */
import {formatBytes} from '../../lib/byteSizes.ts';
import type {RemovalAnswer, RemovalRow} from '../../operations/answers/removals.ts';
import type {OperationName} from '../../operations/table.ts';
import type {Paint} from '../terminal.ts';
import type {Rendering} from './renderings.ts';
import {type Column, tableOf} from './table.ts';
import {age, amountOf, atMost, many, moment, shortDigest} from './words.ts';

export const deletion = {
	text({removals, total, kept, dryRun, freeAfter}: RemovalAnswer, paint: Paint): readonly string[] {
		const stays = atMost(kept, shownRows, 'ref');
		const staying = [
			...tableOf(
				stays.shown,
				[
					{title: 'STAYS', of: ({repository, tag}) => `${repository}:${tag}`},
					{title: 'BECAUSE', of: ({because}) => because},
				],
				paint,
			),
			...stays.rest,
		];
		if (removals.length === 0) return [...staying, dryRun ? 'nothing goes' : 'nothing was deleted'];
		const free = `${formatBytes(total.bytes)} will be free after ${moment(freeAfter)} at the earliest`;
		// What goes was shown before.
		if (!dryRun) return [...staying, paint('green', `deleted: ${nameOf(removals)}`), `${free}, when the collector has deleted them`];
		return [...removalLines(removals, paint), ...staying, `${nameOf(removals)}: ${free}`];
	},
	going: ({removals, total, plan}: RemovalAnswer) => ({
		count: removals.length,
		question: `Delete ${nameOf(removals)} (${formatBytes(total.bytes)})?`,
		plan,
	}),
} satisfies Rendering<Extract<OperationName, 'refs.delete' | 'prune' | 'retention.apply'>>;

/** Each of these refs was meant, so one that stays is a no. */
export const deletionByName: Rendering<'refs.delete'> = {...deletion, outcome: ({kept}) => (kept.length > 0 ? 'no' : 'ok')};

export const retentionPreview: Rendering<'retention.preview'> = {
	text({asOf, removals, total, freeAfter, policy, upcoming}, paint) {
		const later = atMost(upcoming, shownRows, 'thing');
		return [
			policy ? `by ${policy}` : 'by the defaults: there is no policy',
			...(removals.length > 0 ? removalLines(removals, paint) : ['nothing goes now']),
			...(removals.length > 0
				? [`now: ${nameOf(removals)}, ${formatBytes(total.bytes)} that will be free after ${moment(freeAfter)} at the earliest`]
				: []),
			...(upcoming.length > 0 ? ['', paint('bold', 'later, if nothing is pushed or imported:')] : []),
			...tableOf(
				later.shown,
				[{title: 'IN', right: true, of: ({at}: RemovalRow & {at: string}) => age(asOf, at)}, ...removalColumns],
				paint,
			),
			...later.rest,
		];
	},
};

export const removalLines = (removals: readonly RemovalRow[], paint: Paint): string[] => {
	const {shown, rest} = atMost(removals, shownRows, 'thing');
	return [...tableOf(shown, removalColumns, paint), ...rest];
};

const removalColumns: readonly Column<RemovalRow>[] = [
	{
		title: 'GOES',
		of: row => titles[row.kind](`${row.repository}${row.tag ? `:${row.tag}` : ''}`, row.digest ? shortDigest(row.digest) : ''),
	},
	{title: 'FREES', right: true, of: ({exclusiveBytes}) => formatBytes(exclusiveBytes)},
	{title: 'WHY', of: ({reason}) => reason},
];

const titles: {readonly [K in RemovalRow['kind']]: (ref: string, digest: string) => string} = {
	tag: ref => ref,
	head: (ref, digest) => `a push to ${ref}, ${digest}`,
	superseded: (ref, digest) => `what ${ref} was before, ${digest}`,
	untagged: (ref, digest) => `${ref}@${digest}`,
};

const nameOf = (removals: readonly RemovalRow[]): string => {
	const refs = removals.filter(({kind}) => kind === 'tag').length;
	const others = removals.length - refs;
	return (
		[...(refs > 0 ? [many(refs, 'ref')] : []), ...(others > 0 ? [many(others, 'other manifest')] : [])].join(' and ') ||
		amountOf({count: 0, bytes: 0}, 'ref')
	);
};

const shownRows = 100;
