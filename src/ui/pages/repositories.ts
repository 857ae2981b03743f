/** All repositories: what each takes, and how it has grown. */
import type {OperationOutput} from '../../operations/table.ts';
import {bytesOf, countOf, formatDay, growthOf, none} from '../format.ts';
import {type Html, html} from '../html.ts';
import {empty, heading, type Page} from '../layout.ts';
import {paths} from '../paths.ts';
import {shareBar, table} from '../table.ts';
import {sizePlot} from './usagePlots.ts';

export type Repositories = {usage: OperationOutput<'usage'>; now: Date};

export const repositoriesPage = ({usage, now}: Repositories): Page => ({
	title: 'Repositories',
	section: 'repositories',
	main: html`${heading('Repositories', usage.asOf, now)}${
		usage.repositories.length === 0 ? empty('There is no repository yet: the first push makes one.') : list(usage)
	}${sizePlot(usage.sizes, 'Size of all')}`,
});

const list = ({repositories, sizes}: OperationOutput<'usage'>): Html => {
	const largest = Math.max(1, ...repositories.map(({bytes}) => bytes));
	const since = sizes[0] && `Since ${formatDay(sizes[0].at)}`;
	return table(
		'Repositories',
		[
			{head: 'Repository'},
			{head: 'Size', isNumber: true},
			{head: 'Of the largest'},
			{head: 'Growth', isNumber: true, ...(since && {title: since})},
			{head: 'Refs', isNumber: true},
			{head: 'Blobs', isNumber: true},
		],
		repositories.map(({repository, bytes, grownBytes, refs, blobs}) => [
			html`<a href="${paths.repository(repository)}">${repository}</a>`,
			bytesOf(bytes),
			shareBar(bytes / largest),
			grownBytes === undefined ? none : growthOf(grownBytes),
			countOf(refs),
			countOf(blobs),
		]),
	);
};
