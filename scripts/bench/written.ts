/** The page, its plots, and beside them all that was measured, from which both can be made again. */
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Circumstances} from './machine.ts';
import {plotOf, renderPage} from './page.ts';
import {formatPlot} from './plot.ts';
import type {Scenario} from './scenario.ts';
import type {Trial} from './trials.ts';

export interface Measurement {
	readonly circumstances: Circumstances;
	readonly trials: readonly Trial[];
}

export type Measurements = Readonly<Record<string, Measurement>>;

const docs = fileURLToPath(new URL('../../docs', import.meta.url));
const folder = join(docs, 'performance');
const trialsFile = join(folder, 'trials.json');

/** Puts what is new in the place of what was measured of the same scenarios before. */
export const keepMeasurements = async (fresh: Measurements): Promise<void> => {
	await mkdir(folder, {recursive: true});
	await writeFile(trialsFile, `${JSON.stringify({...(await readMeasurements()), ...fresh}, rounded, '\t')}\n`);
};

export const writePage = async (scenarios: Readonly<Record<string, Scenario>>): Promise<void> => {
	const measured = await readMeasurements();
	const chapters = Object.entries(scenarios).flatMap(([name, scenario]) => (measured[name] ? [{name, scenario, ...measured[name]}] : []));
	await mkdir(folder, {recursive: true});
	for (const {name, scenario, trials} of chapters) await writeFile(join(folder, `${name}.svg`), formatPlot(plotOf(scenario, trials)));
	await writeFile(join(docs, 'performance.md'), renderPage(chapters));
};

const readMeasurements = async (): Promise<Measurements> => {
	const text = await readFile(trialsFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return '{}';
		throw error;
	});
	return JSON.parse(text);
};

const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
