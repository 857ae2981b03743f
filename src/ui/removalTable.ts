/** What goes, or would go, and why. */
import type {RemovalRow} from '../operations/answers/removals.ts';
import {bytesOf, digestOf, dueOf, formatMany} from './format.ts';
import {type Html, html} from './html.ts';
import {refLink} from './refTable.ts';
import {table} from './table.ts';

/** `at` where it goes later. */
export type ShownRemoval = RemovalRow & {at?: string};

export const removalTable = (name: string, removals: readonly ShownRemoval[], now: Date, limit = Infinity): Html => {
	const hasTimes = removals.some(({at}) => at !== undefined);
	const shown = removals.slice(0, limit);
	return html`${table(
		name,
		[
			{head: 'What'},
			{head: 'Frees', isNumber: true, title: 'What nothing else keeps'},
			...(hasTimes ? [{head: 'When'}] : []),
			{head: 'Why'},
		],
		shown.map(removal => [
			nameOf(removal),
			bytesOf(removal.exclusiveBytes),
			...(hasTimes ? [dueOf(removal.at, now)] : []),
			html`<span class="why">${removal.reason}${removal.rule !== undefined && html` <span class="rule">${removal.rule}</span>`}</span>`,
		]),
	)}${removals.length > shown.length && html`<p class="about">and ${formatMany(removals.length - shown.length, 'more', 'more')}</p>`}`;
};

const nameOf = ({kind, repository, tag, digest}: RemovalRow): Html => {
	const ref = tag === undefined ? html`${repository}` : refLink(repository, tag);
	const manifest = digest !== undefined && html` ${digestOf(digest)}`;
	if (kind === 'tag') return ref;
	if (kind === 'head') return html`a push to ${ref}${manifest}`;
	if (kind === 'superseded') return html`what ${ref} had before${manifest}`;
	return html`an untagged manifest of ${ref}${manifest}`;
};
