/** Refs as rows, on whatever page they stand. */
import type {RefRow} from '../operations/answers/refs.ts';
import {bytesOf, countOf, momentOf} from './format.ts';
import {type Html, html} from './html.ts';
import {badge} from './layout.ts';
import {paths} from './paths.ts';
import {table} from './table.ts';

export type RefTable = {
	name: string;
	refs: readonly RefRow[];
	now: Date;
	/** Where all are of one repository, its name says nothing. */
	isOneRepository?: boolean;
};

export const refTable = ({name, refs, now, isOneRepository = false}: RefTable): Html =>
	table(
		name,
		[
			{head: isOneRepository ? 'Tag' : 'Ref'},
			{head: 'Size', isNumber: true, title: 'All that it leads to, each object once'},
			{head: 'Only here', isNumber: true, title: 'What would go with it, since nothing else keeps it'},
			{head: 'Layers', isNumber: true},
			{head: 'Imports', isNumber: true, title: 'As far back as usage is kept'},
			{head: 'Imported'},
			{head: 'Pushed'},
		],
		refs.map(ref => [
			html`${refLink(ref.repository, ref.tag, isOneRepository ? ref.tag : undefined)}${ref.protected !== 'no' && html` ${badge('protected')}`}`,
			bytesOf(ref.bytes),
			bytesOf(ref.exclusiveBytes),
			countOf(ref.layers),
			countOf(ref.imports),
			momentOf(ref.lastImportedAt, now, html`<span class="none">never</span>`),
			momentOf(ref.pushedAt, now),
		]),
	);

export const refLink = (repo: string, tag: string, text = `${repo}:${tag}`): Html => html`<a href="${paths.ref(repo, tag)}">${text}</a>`;
