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

export type Ref = {shown: OperationOutput<'refs.show'>; now: Date};

export const refPage = ({shown, now}: Ref): Page => {
	const {ref} = shown;
	const name = `${ref.repository}:${ref.tag}`;
	return {
		title: name,
		section: 'repositories',
		main: html`<nav class="crumbs" aria-label="Where this is"><a href="${paths.repositories}">Repositories</a> / <a href="${paths.repository(ref.repository)}">${ref.repository}</a></nav>
${heading(html`<span class="name-of">${name}</span> ${ref.protected !== 'no' && badge(ref.protected === 'hand' ? 'protected by hand' : 'protected by policy')}`, shown.asOf, now)}
${figures([
	{
		name: 'Size',
		value: bytesOf(ref.bytes),
		note: `${formatMany(ref.layers, 'layer')}, ${formatMany(ref.superseded, 'older manifest')} kept`,
	},
	{name: 'Only here', value: bytesOf(ref.exclusiveBytes), note: 'would go with it, since nothing else keeps it'},
	{name: 'Imports', value: countOf(ref.imports), note: html`last ${momentOf(ref.lastImportedAt, now, html`never`)}`},
	{name: 'Pushes', value: countOf(ref.pushes), note: html`last ${momentOf(ref.pushedAt, now)}`},
])}
${shown.advice.length > 0 && html`<ul class="advice card">${shown.advice.map(text => html`<li>${text}</li>`)}</ul>`}
${layers(shown.layers, now)}
${deadWeight(shown.deadWeight, now)}
${duplicates(shown.nearDuplicates)}
${history(shown, now)}`,
	};
};

const layers = (all: readonly LayerRow[], now: Date): Html => {
	if (all.length === 0) return card({title: 'Layers', body: empty('It has no layer.')});
	return card({
		title: 'Layers',
		about: 'An area is a size, a colour is how long ago a build fetched it.',
		body: html`${layerMap(all, now)}${layerTable(all, now)}`,
	});
};

const layerTable = (all: readonly LayerRow[], now: Date) =>
	table(
		'Layers',
		[
			{head: 'Layer'},
			{head: 'Size', isNumber: true},
			{head: 'Fetched'},
			{head: 'Fetches', isNumber: true, title: 'As far back as usage is kept'},
			{head: 'Stored'},
			{head: 'Shared with'},
			{head: 'Steps', isNumber: true, title: 'Steps of the build whose records need it'},
		],
		all
			.toSorted((a, b) => b.bytes - a.bytes)
			.map(layer => [
				html`${digestOf(layer.digest)}${layer.missing && html` ${badge('gone', 'bad')}`}`,
				bytesOf(layer.bytes),
				html`<span class="lasting">${momentOf(layer.lastFetchedAt, now, html`<span class="none">never</span>`)}</span>${swatch(layer, now)}`,
				countOf(layer.fetches),
				momentOf(layer.storedAt, now),
				sharing(layer.sharedWith),
				html`<span title="${layer.steps.map(shortDigest).join(', ')}">${countOf(layer.steps.length)}</span>`,
			]),
	);

const swatch = ({missing, lastFetchedAt}: LayerRow, now: Date) =>
	!missing && html`<span class="spoken">, ${ageName(lastFetchedAt, now)}</span>`;

const shownSharers = 3;

const sharing = (refs: readonly string[]): Html => {
	if (refs.length === 0) return none;
	const links = refs.slice(0, shownSharers).map((ref, index) => html`${index > 0 && ', '}${linkOf(ref)}`);
	return html`${links}${refs.length > shownSharers && ` and ${formatMany(refs.length - shownSharers, 'more', 'more')}`}`;
};

/** All are of the same repository. */
const linkOf = (ref: string) => {
	const colon = ref.lastIndexOf(':');
	return refLink(ref.slice(0, colon), ref.slice(colon + 1), ref.slice(colon + 1));
};

const deadWeight = ({layers, bytes, modeMinBytes}: Ref['shown']['deadWeight'], now: Date) =>
	card({
		title: 'Dead weight',
		body:
			layers.length === 0
				? empty('Every layer was fetched lately.')
				: html`<p class="about">${bytesOf(bytes)} in ${formatMany(layers.length, 'layer')} that no build fetched lately. Exporting with <code>mode=min</code> would save ${bytesOf(modeMinBytes)}.</p>${table(
						'Dead weight',
						[{head: 'Layer'}, {head: 'Size', isNumber: true}, {head: 'Fetched'}, {head: 'Stored'}],
						layers.map(layer => [
							digestOf(layer.digest),
							bytesOf(layer.bytes),
							momentOf(layer.lastFetchedAt, now, html`<span class="none">never</span>`),
							momentOf(layer.storedAt, now),
						]),
					)}`,
	});

const duplicates = (groups: Ref['shown']['nearDuplicates']) =>
	groups.length > 0 &&
	card({
		title: 'Nearly the same',
		about: 'Layers with the same files in another compression, or with other timestamps.',
		body: table(
			'Nearly the same',
			[{head: 'Layers'}, {head: 'Could be saved', isNumber: true}, {head: 'They differ in'}],
			groups.map(({layers, bytes, differ}) => [
				html`${layers.map((layer, index) => html`${index > 0 && ', '}${digestOf(layer)}`)}`,
				bytesOf(bytes),
				differ,
			]),
		),
	});

const history = ({previous, heads}: Ref['shown'], now: Date) =>
	previous.length + heads.length > 0 &&
	card({
		title: 'Earlier pushes that are kept',
		body: table(
			'Earlier pushes that are kept',
			[{head: 'Manifest'}, {head: 'Kind'}, {head: 'Since'}],
			[
				...heads.map(({digest, pushedAt}) => [digestOf(digest), 'counts, since the tag merges', momentOf(pushedAt, now)]),
				...previous.map(({digest, since}) => [digestOf(digest), 'was replaced', momentOf(since, now)]),
			],
		),
	});
