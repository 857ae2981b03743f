/** Tables without lines, for people. */
import Table from 'cli-table3';
import type {Paint} from '../terminal.ts';

/** `right`: numbers. */
export type Column<R> = {title: string; right?: true; of(row: R): string};

/** A line for each row below one with the titles; no line at all where there are no rows. */
export const tableOf = <R>(rows: readonly R[], columns: readonly Column<R>[], paint: Paint): string[] => {
	if (rows.length === 0) return [];
	const table = new Table({
		head: columns.map(({title}) => paint('dim', title)),
		colAligns: columns.map(({right}) => (right ? 'right' : 'left')),
		chars: noLines,
		style: {head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2},
	});
	for (const row of rows) table.push(columns.map(column => column.of(row)));
	return table
		.toString()
		.split('\n')
		.map(line => line.trimEnd());
};

const noLines = Object.fromEntries(
	[
		'top',
		'top-mid',
		'top-left',
		'top-right',
		'bottom',
		'bottom-mid',
		'bottom-left',
		'bottom-right',
		'left',
		'left-mid',
		'mid',
		'mid-mid',
		'right',
		'right-mid',
		'middle',
	].map(name => [name, '']),
);
