/** Numbers and moments as people read them; each keeps its exact value for those who want it. */
import {formatBytes, scaleBytes} from '../lib/byteSizes.ts';
import {type Html, html} from './html.ts';

export {formatBytes};

export const bytesOf = (bytes: number): Html => {
	const {value, unit} = scaleBytes(bytes);
	return html`<data value="${bytes}" title="${formatCount(bytes)} bytes">${value} <span class="unit">${unit}</span></data>`;
};

/** With its sign, for what has grown or shrunk. */
export const growthOf = (bytes: number): Html => {
	const {value, unit} = scaleBytes(Math.abs(bytes));
	const sign = bytes > 0 ? '+' : bytes < 0 ? '−' : '±';
	return html`<data value="${bytes}" title="${formatCount(bytes)} bytes">${sign}${value} <span class="unit">${unit}</span></data>`;
};

export const formatCount = (count: number): string => counts.format(count);

export const countOf = (count: number): Html => html`<data value="${count}">${formatCount(count)}</data>`;

/** `1 layer`, `2 layers`. */
export const formatMany = (count: number, one: string, many = `${one}s`): string => `${formatCount(count)} ${count === 1 ? one : many}`;

/** Of a rate from 0 to 1; a dash where there is none. */
export const rateOf = (rate: number | undefined): Html =>
	rate === undefined ? none : html`<data value="${rate}">${formatPercent(rate)} <span class="unit">%</span></data>`;

/** Never rounded up to all, nor down to nothing. */
export const formatPercent = (rate: number): string => {
	const percent = rate * 100;
	if (percent > 99.9 && percent < 100) return '99.9';
	if (percent > 0 && percent < 0.1) return '0.1';
	return percents.format(percent);
};

/** `3 days ago`, `in 2 hours`; the moment itself, in UTC, is its title. */
export const momentOf = (iso: string | undefined, now: Date, otherwise: Html = none): Html => {
	if (iso === undefined) return otherwise;
	return html`<time datetime="${iso}" title="${formatMoment(iso)}">${formatDistance(Date.parse(iso) - now.getTime())}</time>`;
};

/** As `momentOf`, of what should have happened by then: late, it is due. */
export const dueOf = (iso: string | undefined, now: Date): Html =>
	iso !== undefined && Date.parse(iso) <= now.getTime()
		? html`<time datetime="${iso}" title="${formatMoment(iso)}">due</time>`
		: momentOf(iso, now);

/** `2026-11-27 09:30 UTC`. */
export const formatMoment = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** `27 Nov`, of a day or a moment. */
export const formatDay = (iso: string): string => days.format(new Date(iso));

/** `4 min 12 s`: the two units that matter. */
export const formatSeconds = (seconds: number): string => {
	const whole = Math.round(seconds);
	if (whole < 1) return `${Math.round(seconds * 1000)} ms`;
	const parts = spans.map(({unit, size}, index) => ({unit, amount: Math.floor((whole % (spans[index - 1]?.size ?? Infinity)) / size)}));
	const first = parts.findIndex(({amount}) => amount > 0);
	return parts
		.slice(first, first + 2)
		.filter(({amount}) => amount > 0)
		.map(({amount, unit}) => `${amount} ${unit}`)
		.join(' ');
};

/** `3 days`, `1 hour`: in the largest unit that tells all of it. */
export const formatSpan = (seconds: number): string => {
	const {name, size} = spans.find(({size}) => seconds >= size && seconds % size === 0) ?? {name: 'second', size: 1};
	return formatMany(seconds / size, name);
};

/** As much of a digest as people compare, with all of it as its title. */
export const digestOf = (digest: string): Html => html`<code class="digest" title="${digest}">${shortDigest(digest)}</code>`;

export const shortDigest = (digest: string): string => digest.slice(digest.indexOf(':') + 1).slice(0, 12);

/** Nothing is known, or there is nothing: said to those who cannot see a dash. */
export const none = html`<span class="none"><span aria-hidden="true">–</span><span class="spoken">none</span></span>`;

const formatDistance = (ms: number): string => {
	const distance = distances.find(({from}) => Math.abs(ms) >= from);
	if (!distance) return ms <= 0 ? 'just now' : 'in a moment';
	return relative.format(Math.trunc(ms / distance.size), distance.unit);
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
// Below two of a unit the smaller one says more.
const distances = [
	{unit: 'year', from: 730 * dayMs, size: 365 * dayMs},
	{unit: 'month', from: 60 * dayMs, size: 30 * dayMs},
	{unit: 'day', from: 2 * dayMs, size: dayMs},
	{unit: 'hour', from: 2 * hourMs, size: hourMs},
	{unit: 'minute', from: 60_000, size: 60_000},
] as const;

const spans = [
	{unit: 'd', name: 'day', size: 86_400},
	{unit: 'h', name: 'hour', size: 3600},
	{unit: 'min', name: 'minute', size: 60},
	{unit: 's', name: 'second', size: 1},
];

const counts = new Intl.NumberFormat('en');
const percents = new Intl.NumberFormat('en', {maximumFractionDigits: 1});
const relative = new Intl.RelativeTimeFormat('en');
const days = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short', timeZone: 'UTC'});
