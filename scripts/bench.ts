/**
 * Measures layercache beside what people would pick instead, on this machine:
 *
 *     node scripts/bench.ts                          everything, and writes docs/performance.md
 *     node scripts/bench.ts export --rounds 3        one scenario, to the terminal; with --write to the page as well
 *     node scripts/bench.ts page                     the page again, from what was measured last
 *
 * --rounds N, --latency 0,30 (ms of round trip to S3), --subjects layercache-streamed,type-s3, --layers ten,hundred,
 * --quick (one round, less of everything), --zot /path/to/zot.
 */
import {loadavg} from 'node:os';
import {env, exit, stderr, stdout} from 'node:process';
import {parseArgs} from 'node:util';
import {type LayerSet, layerSets} from './bench/contexts.ts';
import {circumstances} from './bench/machine.ts';
import {renderScenario} from './bench/page.ts';
import type {BenchOptions, Scenario} from './bench/scenario.ts';
import {bigLayersScenario} from './bench/scenarios/bigLayers.ts';
import {collectingScenario} from './bench/scenarios/collecting.ts';
import {collectorsScenario} from './bench/scenarios/collectors.ts';
import {exportScenario} from './bench/scenarios/export.ts';
import {exportersScenario} from './bench/scenarios/exporters.ts';
import {growthScenario} from './bench/scenarios/growth.ts';
import {importScenario} from './bench/scenarios/import.ts';
import {pushesScenario} from './bench/scenarios/pushes.ts';
import {redirectsScenario} from './bench/scenarios/redirects.ts';
import {reexportScenario} from './bench/scenarios/reexport.ts';
import {slowClientsScenario} from './bench/scenarios/slowClients.ts';
import {type SubjectName, subjectNames} from './bench/subjects.ts';
import {keepMeasurements, writePage} from './bench/written.ts';

const scenarios: Readonly<Record<string, Scenario>> = {
	export: exportScenario,
	exporters: exportersScenario,
	reexport: reexportScenario,
	import: importScenario,
	big: bigLayersScenario,
	pushes: pushesScenario,
	redirects: redirectsScenario,
	slow: slowClientsScenario,
	growth: growthScenario,
	collecting: collectingScenario,
	collectors: collectorsScenario,
};

const main = async () => {
	const {positionals, values} = parseArgs({
		allowPositionals: true,
		options: {
			rounds: {type: 'string'},
			latency: {type: 'string'},
			subjects: {type: 'string'},
			layers: {type: 'string'},
			quick: {type: 'boolean', default: false},
			zot: {type: 'string', default: env.ZOT_BINARY},
			write: {type: 'boolean', default: false},
		},
	});
	const options: BenchOptions = {
		rounds: values.rounds === undefined ? undefined : wholeNumber(values.rounds),
		latencies: values.latency?.split(',').map(wholeNumber),
		subjects: values.subjects?.split(',').map(name => oneOf<SubjectName>('--subjects', subjectNames, name)),
		layers: values.layers?.split(',').map(name => oneOf('--layers', Object.keys(layerSets) as LayerSet[], name)),
		isQuick: values.quick,
		zot: values.zot,
		report: line => stderr.write(`${Math.round(performance.now() / 1000)} s: ${line}\n`),
	};
	const known = Object.keys(scenarios);
	const [loadBefore = 0] = loadavg();
	const names = positionals.length > 0 ? positionals.filter(name => name !== 'page').map(name => oneOf('scenario', known, name)) : known;
	const isWritten = values.write || positionals.length === 0;
	for (const name of names) {
		const scenario = scenarios[name];
		if (!scenario) continue;
		const trials = await scenario.run(options);
		stdout.write(`${renderScenario(scenario, trials)}\n\n`);
		// At once: what was measured for half an hour is not lost when a later scenario fails.
		if (isWritten) await keepMeasurements({[name]: {circumstances: await circumstances(loadBefore, values.quick), trials}});
	}
	if (isWritten || positionals.includes('page')) await writePage(scenarios);
};

const wholeNumber = (text: string): number => {
	if (!/^\d{1,6}$/.test(text)) throw new Error(`not a whole number: ${text}`);
	return Number(text);
};

const oneOf = <T extends string>(what: string, known: readonly T[], name: string): T => {
	const found = known.find(one => one === name);
	if (!found) throw new Error(`${what}: ${name} is none of ${known.join(', ')}`);
	return found;
};

exit(
	await main().then(
		() => 0,
		(error: unknown) => {
			stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
			return 1;
		},
	),
);
