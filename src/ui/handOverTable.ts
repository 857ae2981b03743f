/** What was acknowledged and is not at its upstream yet, and what that said. */
import type {HandOverRow} from '../operations/answers/handOvers.ts';
import {digestOf, formatCount, momentOf, none} from './format.ts';
import {type Html, html} from './html.ts';
import {refLink} from './refTable.ts';
import {table} from './table.ts';

export const handOverTable = (name: string, rows: readonly HandOverRow[], now: Date): Html =>
	table(
		name,
		[{head: 'What'}, {head: 'Pushed'}, {head: 'Tried', isNumber: true}, {head: 'Last answer'}],
		rows.map(({repository, tag, digest, queuedAt, attempts, error}) => [
			html`${tag === undefined ? repository : refLink(repository, tag)} ${digestOf(digest)}`,
			momentOf(queuedAt, now),
			formatCount(attempts),
			error === undefined ? none : html`<span class="why">${error}</span>`,
		]),
	);
