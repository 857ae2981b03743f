/** Builders that export and import as they come, each its own way through the refs. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {type BuildResult, buildByBuildctl} from '../build.ts';
import type {Buildkitd} from '../buildkitd.ts';
import {type Context, contextOf} from '../context.ts';
import type {Scope} from '../scope.ts';
import {temporaryFolder} from '../temporaryFolder.ts';
import {dockerfileOf, type Scenario, type SoakRef} from './scenario.ts';

export interface Soaked {
	exports: number;
	imports: number;
	/** Imports of refs that are kept, which had all that they had to have. */
	hits: number;
	longestMs: number;
	/** Builds that failed, and imports that missed what is kept, with their logs. */
	readonly failures: string[];
}

interface Soak {
	readonly daemons: readonly Buildkitd[];
	readonly scenario: Scenario;
	/** Asked before each build, with how many the worker has done. */
	until(round: number): Promise<boolean>;
}

export const runWorkers = async (scope: Scope, {daemons, scenario, until}: Soak): Promise<Soaked> => {
	const soaked: Soaked = {exports: 0, imports: 0, hits: 0, longestMs: 0, failures: []};
	const work = async (daemon: Buildkitd, name: number) => {
		const context = await contextOf(scope, '');
		const worker: Worker = {daemon, scenario, soaked, context, files: await temporaryFolder(scope, 'files'), name};
		for (let round = 0; await until(round); round += 1) {
			const ref = scenario.pick(scenario.refs);
			await (ref.exporting || (ref.edition > 0 && scenario.chance(0.6)) ? importFrom(worker, ref) : exportTo(worker, ref));
		}
	};
	await Promise.all(daemons.map(work));
	return soaked;
};

interface Worker {
	readonly daemon: Buildkitd;
	readonly scenario: Scenario;
	readonly soaked: Soaked;
	readonly context: Context;
	readonly files: string;
	readonly name: number;
}

/** On an empty builder, on one that imports what is there, or on one that still has whatever it built before: then it finds most of what it sends in the registry, or thinks so. */
const exportTo = async (worker: Worker, ref: SoakRef): Promise<void> => {
	const {daemon, scenario, soaked} = worker;
	const address = scenario.exportAddress(ref);
	const cacheFrom = scenario.chance(0.5) ? [`type=registry,ref=${address}`] : [];
	ref.begun += 1;
	ref.exporting = true;
	try {
		if (scenario.chance(0.3)) await daemon.prune();
		// Every third time it is the same again.
		const edition = ref.edition === 0 || scenario.chance(0.66) ? ref.edition + 1 : ref.edition;
		const result = await build(worker, ref, edition, {cacheFrom, cacheTo: [`type=registry,ref=${address},mode=max`]});
		soaked.exports += 1;
		if (result.exitCode === 0) ref.edition = edition;
		else fail(worker, `the export of edition ${edition} to ${address} failed`, result);
	} finally {
		ref.exporting = false;
	}
};

/** An export that happens meanwhile may take the edition away, and leaves what all editions have in common. */
const importFrom = async (worker: Worker, ref: SoakRef): Promise<void> => {
	const {daemon, scenario, soaked} = worker;
	const address = scenario.importAddress(ref);
	await daemon.prune();
	const {edition, begun} = ref;
	const calm = !ref.exporting;
	const result = await build(worker, ref, Math.max(1, edition), {cacheFrom: [`type=registry,ref=${address}`]});
	soaked.imports += 1;
	if (result.exitCode !== 0) return fail(worker, `the import of edition ${edition} from ${address} failed`, result);
	if (!ref.kept || edition === 0) return;
	const undisturbed = calm && ref.begun === begun;
	const missed = undisturbed ? result.ran : result.ran.filter(step => step === 'constant' || step === 'shell');
	if (missed.length > 0) fail(worker, `the import of edition ${edition} from ${address} missed ${missed}`, result);
	else soaked.hits += 1;
};

const build = async (
	{daemon, context, files, soaked}: Worker,
	ref: SoakRef,
	edition: number,
	caches: {cacheFrom: readonly string[]; cacheTo?: readonly string[]},
): Promise<BuildResult> => {
	await writeFile(join(context.folder, 'Dockerfile'), dockerfileOf(ref, edition));
	const startedAt = performance.now();
	// Written out, so that every layer of the result is fetched.
	const result = await buildByBuildctl(daemon, {context: context.folder, ...caches, outputs: [`type=local,dest=${files}`]});
	soaked.longestMs = Math.max(soaked.longestMs, performance.now() - startedAt);
	return result;
};

const fail = ({soaked, name}: Worker, what: string, {exitCode, log}: BuildResult): void => {
	soaked.failures.push(`${new Date().toISOString()} builder ${name}: ${what} (exit ${exitCode})\n${log}`);
};
