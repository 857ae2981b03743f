/** Refs: lists of them, and what one is made of. */
import {formatBytes} from '../../lib/byteSizes.ts';
import type {LayerRow, RefRow} from '../../operations/answers/refs.ts';
import type {Paint} from '../terminal.ts';
import type {Rendering} from './renderings.ts';
import {type Column, tableOf} from './table.ts';
import {age, amountOf, atMost, many, moment, shortDigest} from './words.ts';

export const refList: Rendering<'refs.list'> = {
	text: ({asOf, refs, total}, paint) => [...refTable(refs, asOf, paint), ...(refs.length > 0 ? [''] : []), amountOf(total, 'ref')],
};

export const refTable = (refs: readonly RefRow[], asOf: string, paint: Paint): string[] => tableOf(refs, refColumns(asOf), paint);

const refColumns = (asOf: string): Column<RefRow>[] => [
	{title: 'REF', of: ({repository, tag}) => `${repository}:${tag}`},
	{title: 'SIZE', right: true, of: ({bytes}) => formatBytes(bytes)},
	{title: 'ITS OWN', right: true, of: ({exclusiveBytes}) => formatBytes(exclusiveBytes)},
	{title: 'LAYERS', right: true, of: ({layers}) => String(layers)},
	{title: 'PUSHED', right: true, of: ({pushedAt}) => age(pushedAt, asOf)},
	{title: 'IMPORTED', right: true, of: ({lastImportedAt}) => age(lastImportedAt, asOf)},
	{title: 'IMPORTS', right: true, of: ({imports}) => String(imports)},
	{title: '', of: ({protected: by}) => ({no: '', policy: 'protected by the policy', hand: 'protected by hand'})[by]},
];

export const refDescription: Rendering<'refs.show'> = {
	text({asOf, ref, form, digests, records, recentDays, layers, previous, deadWeight, nearDuplicates, problems}, paint) {
		const wasted = [...nearDuplicates.compressions, ...nearDuplicates.steps].reduce((sum, {wastedBytes}) => sum + wastedBytes, 0);
		return [
			paint('bold', `${ref.repository}:${ref.tag}`),
			`  ${ref.kind}${form ? `, ${form}` : ''}, ${many(digests.length, 'manifest')}, ${many(records, 'step')}, ${many(layers.length, 'layer')}`,
			`  ${formatBytes(ref.bytes)}, of which ${formatBytes(ref.exclusiveBytes)} only this ref keeps alive`,
			`  pushed ${moment(ref.pushedAt)}, ${ref.lastImportedAt ? `imported ${many(ref.imports, 'time')}, last ${moment(ref.lastImportedAt)}` : 'never imported, as far as is known'}`,
			...(ref.protected === 'no' ? [] : [`  protected by ${ref.protected === 'hand' ? 'hand' : 'the policy'}`]),
			...digests.map(digest => `  ${digest}`),
			...(previous.length > 0 ? [`  before: ${previous.map(({digest}) => shortDigest(digest)).join(', ')}`] : []),
			'',
			...tableOf(layers, layerColumns(asOf, recentDays), paint),
			'',
			...(deadWeight
				? [
						`not fetched for ${many(deadWeight.days, 'day')}: ${amountOf({count: deadWeight.unfetched.layers.length, bytes: deadWeight.unfetched.bytes}, 'layer')}; without their records ${formatBytes(deadWeight.withoutRecords.bytes)} less`,
						`mode=min would save ${formatBytes(deadWeight.modeMin.bytes)}, of which ${formatBytes(deadWeight.modeMin.exclusiveBytes)} in the store`,
					]
				: []),
			...(wasted > 0
				? [
						`the same content more than once in this repository: ${many(nearDuplicates.compressions.length, 'layer')} in several compressions, ${many(nearDuplicates.steps.length, 'step')} with several results: ${formatBytes(wasted)}`,
					]
				: []),
			...problems.map(problem => `${paint('yellow', 'note')}: ${problem}`),
		];
	},
};

const layerColumns = (asOf: string, recentDays: number): Column<LayerRow>[] => [
	{title: 'LAYER', of: ({digest, present}) => `${shortDigest(digest)}${present ? '' : ' (gone)'}`},
	{title: 'SIZE', right: true, of: ({size}) => formatBytes(size)},
	{title: 'AGE', right: true, of: ({storedAt}) => age(storedAt, asOf, '-')},
	{title: 'FETCHED', right: true, of: ({lastFetchedAt}) => age(lastFetchedAt, asOf)},
	{title: `IN ${recentDays} DAYS`, right: true, of: ({recentFetches}) => String(recentFetches)},
	{title: 'SHARED WITH', of: ({sharedWith}) => shortened(sharedWith.join(', ') || '-', 28)},
	{title: 'NEEDED BY', right: true, of: ({neededBy}) => many(neededBy.length, 'step')},
	{title: 'MADE BY', of: ({description = '', neededBy}) => shortened(description || (neededBy[0]?.description ?? ''), 60)},
];

const shortened = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

export const refDifference: Rendering<'refs.diff'> = {
	text({a, b, bytes, layers, records}, paint) {
		const side = (title: string, rows: typeof layers.onlyA, size: number): string[] => {
			const {shown, rest} = atMost(rows, shownRows, 'layer');
			return [
				paint('bold', `${title}: ${amountOf({count: rows.length, bytes: size}, 'layer')}`),
				...tableOf(
					shown,
					[
						{title: '', of: () => ' '},
						{title: 'LAYER', of: ({digest}) => shortDigest(digest)},
						{title: 'SIZE', right: true, of: ({size}) => formatBytes(size)},
						{title: 'THE SAME CONTENT AS', of: ({twin}) => (twin ? shortDigest(twin) : '')},
					],
					paint,
				),
				...rest,
			];
		};
		const steps = (title: string, rows: typeof records.onlyA): string[] => {
			const {shown, rest} = atMost(rows, shownRows, 'step');
			if (rows.length === 0) return [];
			return [
				paint('bold', title),
				...shown.map(({digest, description}) => `  ${shortDigest(digest)}  ${description ?? ''}`.trimEnd()),
				...rest,
			];
		};
		return [
			...side(`only ${a}`, layers.onlyA, bytes.onlyA),
			...side(`only ${b}`, layers.onlyB, bytes.onlyB),
			paint('bold', `both: ${amountOf({count: layers.both.length, bytes: bytes.both}, 'layer')}, ${many(records.both.length, 'step')}`),
			...steps(`steps that only ${a} has: ${records.onlyA.length}`, records.onlyA),
			...steps(`steps that only ${b} has: ${records.onlyB.length}`, records.onlyB),
		];
	},
};

const shownRows = 50;

export const refProtection: Rendering<'refs.protect'> = {
	text({ref, protected: by, changed}) {
		if (by === 'no') return [`${ref} is not protected${changed ? ' any more' : ''}`];
		if (by === 'policy') return [`${ref} is protected by the policy${changed ? ', and by hand no more' : ''}`];
		return [`${ref} is protected by hand${changed ? '' : ' already'}: retention, prune and deletions leave it alone`];
	},
};
