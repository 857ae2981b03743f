/** One repository: how it has grown, what it is used for, and its refs. */
import type {OperationOutput} from '../../operations/table.ts';
import {bytesOf, countOf, formatDay, formatMany, growthOf, none, rateOf} from '../format.ts';
import {html} from '../html.ts';
import {card, empty, figures, heading, type Page} from '../layout.ts';
import {paths} from '../paths.ts';
import {refTable} from '../refTable.ts';
import {fetchedPlot, importsPlot, sizePlot} from './usagePlots.ts';

export type Repository = {
	repository: string;
	/** Of this repository alone. */
	usage: OperationOutput<'usage'>;
	refs: OperationOutput<'refs.list'>;
	now: Date;
};

export const repositoryPage = ({repository, usage, refs, now}: Repository): Page => {
	const holds = usage.repositories.find(holding => holding.repository === repository);
	const {total, sizes, days} = usage;
	return {
		title: repository,
		section: 'repositories',
		main: html`<nav class="crumbs" aria-label="Where this is"><a href="${paths.repositories}">Repositories</a></nav>
${heading(html`<span class="name-of">${repository}</span>`, refs.asOf, now)}
${figures([
	{
		name: 'Size',
		value: holds ? bytesOf(holds.bytes) : none,
		note: holds ? formatMany(holds.blobs, 'blob') : 'the collector has not measured it yet',
	},
	{
		name: 'Growth',
		value: holds?.grownBytes === undefined ? none : growthOf(holds.grownBytes),
		note: sizes[0] ? `since ${formatDay(sizes[0].at)}` : 'not measured yet',
	},
	{name: 'Refs', value: countOf(refs.total.count), note: html`${bytesOf(refs.total.bytes)} in all`},
	{name: 'Hit rate', value: rateOf(total.hitRate), note: `${formatMany(total.imports, 'import')} in ${formatMany(days.length, 'day')}`},
])}
${card({
	title: 'Refs',
	about: 'A size counts all that an import may need. Refs share layers, so that the sizes add up to more than the repository has.',
	more: {path: `${paths.prune}?repo=${encodeURIComponent(repository)}`, text: 'Prune'},
	body:
		refs.refs.length === 0
			? empty('It has no ref.')
			: refTable({name: `Refs of ${repository}`, refs: refs.refs, now, isOneRepository: true}),
})}
${sizePlot(sizes)}
<div class="pair">${importsPlot(days)}${fetchedPlot(days)}</div>`,
	};
};
