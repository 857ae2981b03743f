/** A ref's layers as a picture: an area is a size, a colour is how long ago the layer was fetched. */
import {formatBytes, formatMany, shortDigest} from '../format.ts';
import {type Html, html} from '../html.ts';
import {layOut} from './treemap.ts';

export type MappedLayer = {digest: string; size: number; lastFetchedAt?: string | undefined; present: boolean};

/** Drawn twice, for wide and for narrow screens, of which one is shown. The table beside it says the same. */
export const layerMap = (layers: readonly MappedLayer[], now: Date): Html => {
	const present = layers.filter(({present, size}) => present && size > 0);
	return html`<figure class="map">
${shapes.map(shape => draw(present, shape, now))}
<figcaption><ul class="legend">${ages.map(({name}, age) => html`<li><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="age-${age}" width="10" height="10" rx="2"/></svg>${name}</li>`)}</ul></figcaption>
</figure>`;
};

/** How long ago a layer was fetched, in words that the legend has too. */
export const ageName = (lastFetchedAt: string | undefined, now: Date): string =>
	(ages[ageOf(lastFetchedAt, now)] as (typeof ages)[number]).name;

const shapes = [
	{name: 'wide', width: 960, height: 360},
	{name: 'narrow', width: 328, height: 420},
];

const dayMs = 86_400_000;
const ages = [
	{name: 'fetched today', within: dayMs},
	{name: 'in the last 7 days', within: 7 * dayMs},
	{name: 'in the last 30 days', within: 30 * dayMs},
	{name: 'longer ago', within: Infinity},
	{name: 'never fetched', within: Infinity},
];
const never = ages.length - 1;

const ageOf = (lastFetchedAt: string | undefined, now: Date) =>
	lastFetchedAt === undefined ? never : ages.findIndex(({within}) => now.getTime() - Date.parse(lastFetchedAt) <= within);

const draw = (layers: readonly MappedLayer[], {name, width, height}: (typeof shapes)[number], now: Date) => {
	const places = layOut(
		layers.map(({size}) => size),
		{width, height},
	);
	const total = layers.reduce((sum, {size}) => sum + size, 0);
	return html`<svg class="${name}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${formatMany(layers.length, 'layer')} of ${formatBytes(total)} in all; each is named in the table below.">
${layers.map((layer, index) => {
	const {x, y, ...size} = places[index] as (typeof places)[number];
	const age = ageOf(layer.lastFetchedAt, now);
	return html`<g class="age-${age}"><title>${shortDigest(layer.digest)}, ${formatBytes(layer.size)}, ${(ages[age] as (typeof ages)[number]).name}</title><rect x="${short(x)}" y="${short(y)}" width="${short(size.width)}" height="${short(size.height)}"/>${label(layer, x, y, size)}</g>
`;
})}</svg>`;
};

/** As much as fits into it. */
const label = (layer: MappedLayer, x: number, y: number, {width, height}: {width: number; height: number}) => {
	if (width < 68 || height < 24) return undefined;
	const size = html`<text x="${short(x + 8)}" y="${short(y + 19)}">${formatBytes(layer.size)}</text>`;
	if (width < 100 || height < 42) return size;
	return html`${size}<text class="faint" x="${short(x + 8)}" y="${short(y + 35)}">${shortDigest(layer.digest)}</text>`;
};

const short = (value: number) => Math.round(value * 100) / 100;
