/** Numbers over time: an SVG that needs no script, and the same numbers as a table, which plots.js draws anew for a pointer. */
import {formatBytes, formatCount, formatDay, formatMoment} from '../format.ts';
import {type Html, html} from '../html.ts';
import {type PlotUnit, roundAbove} from './scale.ts';

export type Plot = {
	title: string;
	/** What the numbers are, for those who do not know yet. */
	about?: Html;
	/** `area` over moments, of one series; `bars` of days, one series upon the other. */
	kind: 'area' | 'bars';
	unit: PlotUnit;
	/** `tone` is one of the four colours of series. */
	series: readonly {label: string; tone: 1 | 2 | 3 | 4}[];
	/** Oldest first. `at` is a day or a moment, ISO 8601; a value for each series. */
	rows: readonly {at: string; values: readonly number[]}[];
	/** What stands there while there is nothing to draw. */
	empty: Html;
};

export const plot = (drawn: Plot): Html => {
	const {title, about, kind, unit, series} = drawn;
	const isEmpty = kind === 'area' ? drawn.rows.length < 2 : drawn.rows.every(({values}) => values.every(value => value === 0));
	return html`<figure class="card plot" data-kind="${kind}" data-unit="${unit}">
<figcaption><h2>${title}</h2>${about && html`<p class="about">${about}</p>`}</figcaption>
${isEmpty ? html`<div class="empty">${drawn.empty}</div>` : html`${series.length > 1 && legend(series)}${drawing(drawn)}${numbers(drawn)}`}
</figure>`;
};

const legend = (series: Plot['series']) =>
	html`<ul class="legend">${series.map(({label, tone}) => html`<li><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="tone-${tone}" width="10" height="10" rx="2"/></svg>${label}</li>`)}</ul>`;

const drawing = ({title, kind, unit, series, rows}: Plot) => {
	const largest = Math.max(...rows.map(({values}) => sum(values)));
	const top = roundAbove(largest, unit);
	const format = unit === 'bytes' ? formatBytes : formatCount;
	const last = rows.at(-1) as Plot['rows'][number];
	const first = rows[0] as Plot['rows'][number];
	const [from, to] = formatEnds(first.at, last.at);
	const summary = `${title}: from ${format(sum(first.values))} on ${from} to ${format(sum(last.values))} on ${to}, at most ${format(largest)}. The numbers follow as a table.`;
	const shape = kind === 'area' ? area(rows, top, series[0]?.tone ?? 1) : bars(rows, top, series);
	return html`<div class="drawing">
<div class="ends-y" aria-hidden="true"><span>${format(top)}</span><span>${format(top / 2)}</span><span>0</span></div>
<div class="shape"><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${summary}">
<path class="grid" d="M0 0H${width}M0 ${height / 2}H${width}M0 ${height}H${width}"/>${shape}</svg></div>
<div class="ends-x" aria-hidden="true"><span>${from}</span><span>${to}</span></div>
</div>`;
};

// Stretched to whatever room there is: text stands outside of it.
const width = 600;
const height = 160;

const area = (rows: Plot['rows'], top: number, tone: number) => {
	const times = rows.map(({at}) => Date.parse(at));
	const start = times[0] as number;
	const span = Math.max(1, (times.at(-1) as number) - start);
	const points = rows.map(({values}, index) => [(((times[index] as number) - start) / span) * width, yOf(sum(values), top)] as const);
	const line = points.map(([x, y]) => `${short(x)} ${short(y)}`).join('L');
	return html`<path class="fill tone-${tone}" d="M0 ${height}L${line}L${width} ${height}Z"/><path class="line tone-${tone}" d="M${line}"/>`;
};

const bars = (rows: Plot['rows'], top: number, series: Plot['series']) => {
	const room = width / rows.length;
	return rows.map(({values}, index) =>
		values.map((value, which) => {
			if (value === 0) return undefined;
			const below = sum(values.slice(0, which));
			const y = yOf(below + value, top);
			return html`<rect class="tone-${series[which]?.tone ?? 1}" x="${short(index * room + room * 0.15)}" y="${short(y)}" width="${short(room * 0.7)}" height="${short(yOf(below, top) - y)}"/>`;
		}),
	);
};

/** By days, or where it is less than two of them, by the minute. */
const formatEnds = (first: string, last: string): readonly [string, string] => {
	const isShort = first.includes('T') && Date.parse(last) - Date.parse(first) < 2 * 86_400_000;
	return isShort ? [formatMoment(first), formatMoment(last)] : [formatDay(first), formatDay(last)];
};

const numbers = ({title, unit, series, rows, kind}: Plot) => {
	const format = unit === 'bytes' ? formatBytes : formatCount;
	return html`<details class="numbers"><summary>Numbers</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Numbers: ${title}"><table>
<thead><tr><th scope="col">${kind === 'area' ? 'When' : 'Day'}</th>${series.map(({label, tone}) => html`<th scope="col" class="number" data-tone="${tone}">${label}</th>`)}</tr></thead>
<tbody>${rows.map(
		({
			at,
			values,
		}) => html`<tr><th scope="row"><time datetime="${at}">${at.includes('T') ? formatMoment(at) : at}</time></th>${values.map(value => html`<td class="number"><data value="${value}">${format(value)}</data></td>`)}</tr>
`,
	)}</tbody></table></div></details>`;
};

const yOf = (value: number, top: number) => height - (value / top) * height;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const short = (value: number) => Math.round(value * 100) / 100;
