/** Small SVG plots: for each case a row for each subject, a dot for each round and a line at the median. */
import {median} from './statistics.ts';

export interface PlotRow {
	readonly label: string;
	readonly values: readonly number[];
}

export interface PlotPanel {
	readonly title: string;
	readonly rows: readonly PlotRow[];
}

export interface Plot {
	/** Of the axis, with its unit. */
	readonly axis: string;
	readonly panels: readonly PlotPanel[];
}

const width = 760;
const labelWidth = 210;
const rightMargin = 70;
const rowHeight = 22;
const titleHeight = 30;
const axisHeight = 30;

export const formatPlot = ({axis, panels}: Plot): string => {
	const heights = panels.map(({rows}) => titleHeight + rows.length * rowHeight + axisHeight);
	const height = heights.reduce((sum, each) => sum + each, 0) + 8;
	const tops = heights.map((_, at) => heights.slice(0, at).reduce((sum, each) => sum + each, 0));
	const body = panels.map((panel, at) => formatPanel(panel, tops[at] ?? 0, axis)).join('\n');
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
		`<title>${escaped(axis)}</title>`,
		`<style>${style}</style>`,
		body,
		'</svg>\n',
	].join('\n');
};

/** Readers of a page may have it light or dark; the picture stands on neither's own ground. */
const style = [
	'text{font:13px system-ui,sans-serif;fill:#24292f}',
	'.title{font-weight:600}.small{font-size:11px;fill:#57606a}',
	'.grid{stroke:#d0d7de}.dot{fill:#0969da;fill-opacity:.55}.median{stroke:#0969da;stroke-width:3}',
	'@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9da7b1}.grid{stroke:#3d444d}.dot{fill:#58a6ff}.median{stroke:#58a6ff}}',
].join('');

const formatPanel = ({title, rows}: PlotPanel, top: number, axis: string): string => {
	const ticks = axisTicks(Math.max(...rows.flatMap(({values}) => values), 0));
	const most = ticks.at(-1) ?? 1;
	const x = (value: number) => round(labelWidth + (value / most) * (width - labelWidth - rightMargin));
	const [first, last] = [top + titleHeight, top + titleHeight + rows.length * rowHeight];
	const grid = ticks.map(
		tick =>
			`<line class="grid" x1="${x(tick)}" y1="${first}" x2="${x(tick)}" y2="${last}"/>` +
			`<text class="small" x="${x(tick)}" y="${last + 15}" text-anchor="middle">${formatTick(tick)}</text>`,
	);
	const marks = rows.map(({label, values}, at) => formatRow(label, values, first + (at + 0.5) * rowHeight, x));
	const heading = `<text class="title" x="4" y="${top + 19}">${escaped(title)}</text>`;
	const unit = `<text class="small" x="${labelWidth}" y="${top + 19}">${escaped(axis)}</text>`;
	return [heading, unit, ...grid, ...marks].join('\n');
};

const formatRow = (label: string, values: readonly number[], y: number, x: (value: number) => number) => {
	const name = `<text x="${labelWidth - 10}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>`;
	if (values.length === 0) return name;
	const middle = median(values);
	const dots = values.map(value => `<circle class="dot" cx="${x(value)}" cy="${y}" r="4"/>`).join('');
	const line = `<line class="median" x1="${x(middle)}" y1="${y - 8}" x2="${x(middle)}" y2="${y + 8}"/>`;
	const text = `<text class="small" x="${x(Math.max(...values)) + 9}" y="${y + 4}">${formatTick(Number(middle.toPrecision(3)))}</text>`;
	return name + dots + line + text;
};

/** From 0 to a round number that is not below `most`: four to eight steps of 1, 2 or 5 times a power of ten. */
export const axisTicks = (most: number): number[] => {
	if (!(most > 0)) return [0, 1];
	const power = 10 ** Math.floor(Math.log10(most));
	const step = [0.1, 0.2, 0.5, 1].map(factor => factor * power).find(size => Math.ceil(most / size) <= 8) ?? 2 * power;
	return Array.from({length: Math.ceil(Number((most / step).toPrecision(12))) + 1}, (_, at) => Number((at * step).toPrecision(12)));
};

const formatTick = (value: number) => (value >= 1000 ? value.toLocaleString('en-US') : String(value));

const round = (value: number) => Math.round(value * 10) / 10;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
