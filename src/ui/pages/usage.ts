/** How much the registry is used, day by day; what is used most, and by whom. */
import type {OperationOutput} from '../../operations/table.ts';
import {bytesOf, countOf, digestOf, formatMany, formatPercent, momentOf, rateOf} from '../format.ts';
import {html} from '../html.ts';
import {card, empty, figures, heading, type Page} from '../layout.ts';
import {paths} from '../paths.ts';
import {refTable} from '../refTable.ts';
import {table} from '../table.ts';
import {fetchedPlot, importsPlot} from './usagePlots.ts';

export type Usage = {
	usage: OperationOutput<'usage'>;
	/** By imports. */
	top: OperationOutput<'top'>;
	/** By the bytes that only they keep. */
	largest: OperationOutput<'top'>;
	now: Date;
};

/** For how many days back it may be asked. */
export const usageSpans = [7, 30, 90] as const;

export const usagePage = ({usage, top, largest, now}: Usage): Page => {
	const {total, days} = usage;
	const span = formatMany(days.length, 'day');
	const asked = total.imports + total.importMisses;
	return {
		title: 'Usage',
		section: 'usage',
		main: html`${heading('Usage', usage.asOf, now)}
<nav class="spans" aria-label="Days">${usageSpans.map(count => html`<a href="${paths.usage}?days=${count}"${count === days.length && html` aria-current="true"`}>${count} days</a>`)}</nav>
${figures([
	{name: 'Imports', value: countOf(total.imports), note: `found a cache, of ${formatMany(asked, 'request')} for one, in ${span}`},
	{name: 'Hit rate', value: rateOf(total.hitRate), note: 'imports that found a cache'},
	{name: 'Fetched', value: bytesOf(total.fetchedBytes), note: 'layers that builds fetched instead of making them'},
	{
		name: 'Served by S3',
		value: bytesOf(total.redirectedBytes),
		note:
			total.fetchedBytes === 0
				? 'nothing was fetched'
				: `${formatPercent(total.redirectedBytes / total.fetchedBytes)} % of it never passed this server`,
	},
	{
		name: 'Pushed',
		value: bytesOf(total.pushedBytes),
		note: html`in ${formatMany(total.pushes, 'push', 'pushes')}; ${bytesOf(total.redirectedPushBytes)} straight to S3`,
	},
])}
<div class="pair">${importsPlot(days)}${fetchedPlot(days)}</div>
${card({title: 'Refs that are imported most', body: top.refs.length === 0 ? empty('No ref was pushed yet.') : refTable({name: 'Refs that are imported most', refs: top.refs, now})})}
${card({
	title: 'Refs that take the most room',
	about: 'By the bytes that only they keep.',
	body:
		largest.refs.length === 0 ? empty('No ref was pushed yet.') : refTable({name: 'Refs that take the most room', refs: largest.refs, now}),
})}
<div class="pair">${layers(top, now)}${clients(top, now)}</div>`,
	};
};

const layers = ({layers}: Usage['top'], now: Date) =>
	card({
		title: 'Layers that are fetched most',
		body:
			layers.length === 0
				? empty('No layer was fetched yet.')
				: table(
						'Layers that are fetched most',
						[{head: 'Layer'}, {head: 'Repository'}, {head: 'Fetches', isNumber: true}, {head: 'Sent', isNumber: true}, {head: 'Last'}],
						layers.map(({digest, repository, fetches, fetchedBytes, lastFetchedAt}) => [
							digestOf(digest),
							html`<a href="${paths.repository(repository)}">${repository}</a>`,
							countOf(fetches),
							bytesOf(fetchedBytes),
							momentOf(lastFetchedAt, now),
						]),
					),
	});

const clients = ({clients}: Usage['top'], now: Date) =>
	card({
		title: 'Clients',
		about: 'By their addresses, until there are identities.',
		body:
			clients.length === 0
				? empty('Nobody has come yet.')
				: table(
						'Clients',
						[
							{head: 'Client'},
							{head: 'Imports', isNumber: true},
							{head: 'Fetches', isNumber: true},
							{head: 'Pushes', isNumber: true},
							{head: 'Last seen'},
						],
						clients.map(({client, imports, fetches, pushes, lastSeenAt}) => [
							client,
							countOf(imports),
							countOf(fetches),
							countOf(pushes),
							momentOf(lastSeenAt, now),
						]),
					),
	});
