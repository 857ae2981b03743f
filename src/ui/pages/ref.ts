/** One ref: what its cache is worth, layer by layer. */
import type {LayerRow} from '../../operations/answers/refs.ts';
import type {OperationOutput} from '../../operations/table.ts';
import {bytesOf, countOf, digestOf, formatMany, momentOf, none, shortDigest} from '../format.ts';
import {type Html, html} from '../html.ts';
import {badge, card, empty, figures, heading, type Page} from '../layout.ts';
import {paths} from '../paths.ts';
import {ageName, layerMap} from '../plots/layerMap.ts';
import {refLink} from '../refTable.ts';
import {table} from '../table.ts';
import {deadWeight, nearDuplicates} from './refAdvice.ts';

export type Ref = {shown: OperationOutput<'refs.show'>; now: Date};

export const refPage = ({shown, now}: Ref): Page => {
	const {ref} = shown;
	const name = `${ref.repository}:${ref.tag}`;
	return {
		title: name,
		section: 'repositories',
		main: html`<nav class="crumbs" aria-label="Where this is"><a href="${paths.repositories}">Repositories</a> / <a href="${paths.repository(ref.repository)}">${ref.repository}</a></nav>
${heading(html`<span class="name-of">${name}</span>${protection(ref.protected)}`, shown.asOf, now)}
${shown.problems.length > 0 && html`<ul class="problems notice warn">${shown.problems.map(problem => html`<li>${problem}</li>`)}</ul>`}
${figures([
	{
		name: 'Size',
		value: bytesOf(ref.bytes),
		note: `${formatMany(ref.layers, 'layer')}${shown.records > 0 ? ` for ${formatMany(shown.records, 'step')}` : ''}`,
	},
	{name: 'Only here', value: bytesOf(ref.exclusiveBytes), note: 'would go with it, since nothing else keeps it'},
	{name: 'Imports', value: countOf(ref.imports), note: html`last import: ${momentOf(ref.lastImportedAt, now, html`never`)}`},
	{name: 'Pushes', value: countOf(ref.pushes), note: html`last push: ${momentOf(ref.pushedAt, now)}`},
])}
${layers(shown, now)}
${deadWeight(shown.deadWeight, now)}
${nearDuplicates(shown.nearDuplicates)}
${history(shown, now)}`,
	};
};

const protection = (by: Ref['shown']['ref']['protected']) =>
	by !== 'no' && html` ${badge(by === 'hand' ? 'protected by hand' : 'protected by policy')}`;

const layers = ({layers, ref, recentDays}: Ref['shown'], now: Date): Html => {
	if (layers.length === 0) return card({title: 'Layers', body: empty('It has no layer.')});
	return card({
		title: 'Layers',
		about: 'An area is a size, a colour is how long ago a build fetched it.',
		body: html`${layerMap(layers, now)}${table(
			'Layers',
			[
				{head: 'Layer'},
				{head: 'Size', isNumber: true},
				{head: 'Fetched'},
				{head: 'Fetches', isNumber: true, title: `As far back as usage is kept, and in the last ${recentDays} days`},
				{head: 'Stored'},
				{head: 'Shared with'},
				{head: 'Steps', isNumber: true, title: 'Steps of the build one of whose results has it'},
				{head: 'Made by'},
			],
			layers.toSorted((a, b) => b.size - a.size).map(layer => cells(layer, ref.repository, now)),
		)}`,
	});
};

const cells = (layer: LayerRow, repository: string, now: Date) => [
	html`${digestOf(layer.digest)}${!layer.present && html` ${badge('gone', 'bad')}`}`,
	bytesOf(layer.size),
	html`${momentOf(layer.lastFetchedAt, now, html`<span class="none">never</span>`)}<span class="spoken">, ${ageName(layer.lastFetchedAt, now)}</span>`,
	html`${countOf(layer.fetches)} <span class="none">/ ${countOf(layer.recentFetches)}</span>`,
	momentOf(layer.storedAt, now),
	sharing(repository, layer.sharedWith),
	html`<span title="${layer.neededBy.map(({digest}) => shortDigest(digest)).join(', ')}">${countOf(layer.neededBy.length)}</span>`,
	layer.description === undefined ? none : html`<code class="step" title="${layer.description}">${layer.description}</code>`,
];

const shownSharers = 3;

const sharing = (repository: string, tags: readonly string[]): Html => {
	if (tags.length === 0) return none;
	const links = tags.slice(0, shownSharers).map((tag, index) => html`${index > 0 && ', '}${refLink(repository, tag, tag)}`);
	return html`${links}${tags.length > shownSharers && ` and ${formatMany(tags.length - shownSharers, 'more', 'more')}`}`;
};

const history = ({previous, digests}: Ref['shown'], now: Date) =>
	previous.length + digests.length > 1 &&
	card({
		title: 'Pushes that are kept',
		body: table(
			'Pushes that are kept',
			[{head: 'Manifest'}, {head: 'Is it answered?'}, {head: 'Replaced'}],
			[
				...digests.map(digest => [digestOf(digest), 'yes', none]),
				...previous.map(({digest, since}) => [digestOf(digest), 'no, it was replaced', momentOf(since, now)]),
			],
		),
	});
