/** Draws the plots anew for a pointer, from the numbers that stand beneath them, and looks again at what is running. Without it the page has all it needs. */
/* global uPlot */

const draw = figure => {
	const drawing = figure.querySelector('.drawing');
	const table = figure.querySelector('.numbers table');
	if (!drawing || !table) return;
	const {kind, unit} = figure.dataset;
	const heads = [...table.querySelectorAll('thead th')].slice(1);
	const labels = heads.map(head => head.textContent);
	const tones = heads.map(head => Number(head.dataset.tone));
	const rows = [...table.querySelectorAll('tbody tr')];
	const times = rows.map(row => Date.parse(row.querySelector('time').dateTime) / 1000);
	const names = rows.map(row => row.querySelector('time').textContent);
	const values = heads.map((_, series) => rows.map(row => Number(row.querySelectorAll('data')[series].value)));
	const texts = heads.map((_, series) => rows.map(row => row.querySelectorAll('data')[series].textContent));

	const reading = document.createElement('p');
	reading.className = 'reading';
	reading.setAttribute('aria-hidden', 'true');
	const read = index => {
		const said = index == null ? '' : labels.map((label, series) => `${label.toLowerCase()} ${texts[series][index]}`).join(', ');
		reading.textContent = said && `${names[index]}: ${said}`;
	};

	const host = document.createElement('div');
	host.className = 'drawing live';
	host.setAttribute('role', 'img');
	host.setAttribute('aria-label', drawing.querySelector('svg').getAttribute('aria-label'));
	drawing.replaceWith(host);
	figure.querySelector('figcaption').append(reading);

	// Bars upon bars: the sums are drawn from the highest down, so that each leaves its own part to be seen.
	const order = kind === 'bars' ? [...values.keys()].reverse() : [...values.keys()];
	const sums = rows.map((_, row) => values.map((_, series) => values.slice(0, series + 1).reduce((sum, of) => sum + of[row], 0)));
	const stacked = order.map(series => (kind === 'bars' ? sums.map(sum => sum[series]) : values[series]));

	let plot;
	const make = () => {
		plot?.destroy();
		const style = getComputedStyle(document.documentElement);
		const colour = name => style.getPropertyValue(`--${name}`).trim();
		const axis = {stroke: colour('muted'), grid: {stroke: colour('line'), width: 1}, ticks: {show: false}, font: axisFont};
		plot = new uPlot(
			{
				width: host.clientWidth,
				height: plotHeight,
				padding: [8, 8, 0, 0],
				legend: {show: false},
				cursor: {y: false, drag: {x: false, y: false}, points: {show: kind === 'area'}},
				scales: {x: {range: (_, from, to) => rangeOf(kind, from, to)}, y: {range: (_, __, to) => [0, Math.max(1, to * 1.08)]}},
				axes: [
					{
						...axis,
						size: 26,
						incrs: tickSteps,
						space: 60,
						grid: {show: false},
						values: (_, ticks) => ticks.map(isShort(times) ? formatTime : formatTick),
					},
					{
						...axis,
						size: unit === 'bytes' ? 66 : 48,
						splits: unit === 'bytes' ? bytesSplits : undefined,
						incrs: unit === 'count' ? wholeSteps : undefined,
						values: (_, ticks) => ticks.map(unit === 'bytes' ? formatBytes : String),
					},
				],
				series: [
					{},
					...order.map(series => ({
						stroke: colour(`tone-${tones[series]}`),
						fill: kind === 'bars' ? colour(`tone-${tones[series]}`) : `${colour(`tone-${tones[series]}`)}24`,
						width: kind === 'bars' ? 0 : 2,
						points: {show: false},
						...(kind === 'bars' && {paths: uPlot.paths.bars({size: [0.7, 60]})}),
					})),
				],
				hooks: {setCursor: [({cursor}) => read(cursor.idx)]},
			},
			[times, ...stacked],
			host,
		);
	};
	make();
	new ResizeObserver(() => plot.setSize({width: host.clientWidth, height: plotHeight})).observe(host);
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', make);
};

const plotHeight = 200;
const axisFont = '12px system-ui, sans-serif';
const daySeconds = 86_400;
// Whole minutes, hours and days.
const tickSteps = [60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 1_209_600, 2_592_000];
const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000, 1_000_000];

// Half a day on either side, where the first and last bars have their other halves.
const rangeOf = (kind, from, to) => (kind === 'bars' ? [from - daySeconds / 2, to + daySeconds / 2] : [from, to]);

const days = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short', timeZone: 'UTC'});
const formatTick = seconds => days.format(seconds * 1000);

// Within two days the day says little.
const isShort = times => times.at(-1) - times[0] < 2 * daySeconds;
const clock = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', timeZone: 'UTC'});
const formatTime = seconds => clock.format(seconds * 1000);

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const formatBytes = bytes => {
	if (bytes === 0) return '0';
	const power = Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10 + 1e-9));
	return `${Math.round((bytes / 1024 ** power) * 100) / 100} ${units[power]}`;
};

/** Round in powers of 1024: a handful of them. */
const bytesSplits = (_, __, from, to) => {
	const base = 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(1, to)) / 10));
	const step = [0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500].find(size => (to - from) / (size * base) <= 5) ?? 1000;
	return Array.from({length: Math.floor(to / (step * base)) + 1}, (_, index) => index * step * base);
};

document.querySelectorAll('figure.plot').forEach(draw);

// What is running is soon done; there is a link for those without scripts.
if (document.querySelector('[data-running]')) setTimeout(() => location.reload(), 1500);
