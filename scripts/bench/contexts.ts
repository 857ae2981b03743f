/** Builds to make caches of: one step a layer, most of its bytes random, as compressed layers are. */
import {copyFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Scope} from '../../test/e2e/harness/scope.ts';
import {temporaryFolder} from '../../test/e2e/harness/temporaryFolder.ts';
import {tool} from '../tools.ts';

const kB = 1000;
const MB = 1000 * kB;

/**
 * What the steps write, in bytes: those of the stages, and those of the result. Busybox comes before all of them, and
 * the result takes the last file of every stage over, each as a layer. Only `mode=max` exports all of it.
 */
interface Steps {
	readonly stages: readonly (readonly number[])[];
	readonly result: readonly number[];
}

/** A base system, a runtime, a lock file, dependencies, settings, generated code, and what is made of them all. */
const tenLayers: Steps = {stages: [[33 * MB, 56 * MB, 3 * kB, 68 * MB, 24 * kB, 20.3 * MB, 13 * MB]], result: [750 * kB]};

/** Nine stages of ten, from 2 kB to 300 kB in no order, half of them below 25 kB. */
const hundredLayers: Steps = {
	stages: Array.from({length: 9}, (_, stage) =>
		Array.from({length: 10}, (_, step) => Math.round(2 * kB * 150 ** ((((stage * 10 + step) * 37) % 90) / 89))),
	),
	result: [],
};

export const layerSets = {ten: tenLayers, hundred: hundredLayers} as const satisfies Record<string, Steps>;

export type LayerSet = keyof typeof layerSets;

/** The name of the Dockerfile in which the first stage has one more step: all that came before has to be fetched for it. */
export const changedDockerfile = 'Dockerfile.changed';

/** A folder with a Dockerfile. */
export const createLayers = async (scope: Scope, {stages, result}: Steps): Promise<string> => {
	const folder = await createFolder(scope);
	const stageLines = stages.map((steps, at) => [`FROM base AS stage-${at}`, ...steps.map(runStep(`stage-${at}`))]);
	const taken = stages.map((steps, at) => `COPY --from=stage-${at} /stage-${at}-${steps.length - 1} /result-${at}`);
	await writeLines(join(folder, 'Dockerfile'), [
		...baseStage,
		...stageLines.flat(),
		'FROM base',
		...result.map(runStep('result')),
		...taken,
	]);
	await writeLines(join(folder, changedDockerfile), [...baseStage, ...(stageLines[0] ?? []), 'COPY source.txt /']);
	return folder;
};

/** Busybox, and one layer of the size. */
export const createOneLayer = async (scope: Scope, bytes: number): Promise<string> => {
	const folder = await createFolder(scope);
	await writeLines(join(folder, 'Dockerfile'), [...baseStage, [bytes].map(runStep('layer')).join('')]);
	return folder;
};

const baseStage = ['FROM scratch AS base', 'COPY busybox /bin/'];

/** One byte in sixteen is a zero, and they are all in one place. */
const runStep = (name: string) => (bytes: number, index: number) => {
	const zeros = Math.floor(bytes / 16);
	const write = `{ b=/bin/busybox; $b head -c ${bytes - zeros} /dev/urandom; $b head -c ${zeros} /dev/zero; } > /${name}-${index}`;
	return `RUN ${JSON.stringify(['/bin/busybox', 'sh', '-c', write])}`;
};

const createFolder = async (scope: Scope) => {
	const folder = await temporaryFolder(scope, 'context');
	await copyFile(await tool('busybox'), join(folder, 'busybox'));
	await writeFile(join(folder, 'source.txt'), 'a change\n');
	return folder;
};

const writeLines = (path: string, lines: readonly string[]) => writeFile(path, `${lines.join('\n')}\n`);
