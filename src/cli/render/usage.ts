/** How much is used, and what takes the room. */
import {formatBytes} from '../../lib/byteSizes.ts';
import {refTable} from './refs.ts';
import type {Rendering} from './renderings.ts';
import {tableOf} from './table.ts';
import {age, atMost, many, percent, shortDigest} from './words.ts';

export const usageReport: Rendering<'usage'> = {
	text({days, total, repositories}, paint) {
		const used = days.filter(({pushes, imports, importMisses, fetches}) => pushes + imports + importMisses + fetches > 0);
		const {shown, rest} = atMost(repositories, shownRows, 'repository');
		return [
			...tableOf(
				[...used.map(row => ({...row, title: row.day as string})), ...(used.length > 1 ? [{...total, title: `${days.length} days`}] : [])],
				[
					{title: 'DAY', of: ({title}) => title},
					{title: 'IMPORTS', right: true, of: ({imports}) => String(imports)},
					{title: 'HIT RATE', right: true, of: ({hitRate}) => percent(hitRate)},
					{title: 'PUSHES', right: true, of: ({pushes}) => String(pushes)},
					{title: 'PUSHED', right: true, of: ({pushedBytes}) => formatBytes(pushedBytes)},
					{title: 'FETCHED', right: true, of: ({fetchedBytes}) => formatBytes(fetchedBytes)},
					{title: 'FROM THE STORE', right: true, of: ({redirectedBytes}) => formatBytes(redirectedBytes)},
				],
				paint,
			),
			...(used.length === 0 ? [`nothing was pushed or imported in ${many(days.length, 'day')}`] : []),
			'',
			...tableOf(
				shown,
				[
					{title: 'REPOSITORY', of: ({repository}) => repository},
					{title: 'SIZE', right: true, of: ({bytes}) => formatBytes(bytes)},
					{
						title: 'GROWN BY',
						right: true,
						of: ({grownBytes}) => (grownBytes === undefined ? '-' : `${grownBytes < 0 ? '-' : '+'}${formatBytes(Math.abs(grownBytes))}`),
					},
					{title: 'REFS', right: true, of: ({refs}) => String(refs)},
					{title: 'BLOBS', right: true, of: ({blobs}) => String(blobs)},
				],
				paint,
			),
			...rest,
		];
	},
};

export const topList: Rendering<'top'> = {
	text: ({asOf, refs, layers, clients}, paint) => [
		...refTable(refs, asOf, paint),
		...(layers.length > 0 ? ['', paint('bold', 'layers fetched most')] : []),
		...tableOf(
			layers,
			[
				{title: 'LAYER', of: ({repository, digest}) => `${repository}@${shortDigest(digest)}`},
				{title: 'SIZE', right: true, of: ({bytes}) => (bytes === undefined ? 'gone' : formatBytes(bytes))},
				{title: 'FETCHES', right: true, of: ({fetches}) => String(fetches)},
				{title: 'SENT', right: true, of: ({fetchedBytes}) => formatBytes(fetchedBytes)},
				{title: 'LAST', right: true, of: ({lastFetchedAt}) => age(lastFetchedAt, asOf)},
			],
			paint,
		),
		...(clients.length > 0 ? ['', paint('bold', 'clients')] : []),
		...tableOf(
			clients,
			[
				{title: 'CLIENT', of: ({client}) => client},
				{title: 'IMPORTS', right: true, of: ({imports}) => String(imports)},
				{title: 'PUSHES', right: true, of: ({pushes}) => String(pushes)},
				{title: 'FETCHES', right: true, of: ({fetches}) => String(fetches)},
				{title: 'LAST SEEN', right: true, of: ({lastSeenAt}) => age(lastSeenAt, asOf)},
			],
			paint,
		),
		...(refs.length + layers.length + clients.length === 0 ? ['nothing was pushed yet'] : []),
	],
};

const shownRows = 50;
