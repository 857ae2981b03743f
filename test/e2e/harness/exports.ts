/** Exports of 10 MB, as BuildKit makes them, by a client that costs little. */
import {randomBytes} from 'node:crypto';
import {createPush, type Push, push} from './pushClient.ts';
import type {RegistryServer} from './registryServer.ts';

const layers = 4;
const layerBytes = 2_500_000;

/** Of layers that differ in their first bytes alone, so that making them takes no time. Each has a repository of its own. */
export const createExports = (count: number): Push[] => {
	const rest = randomBytes(layerBytes - 32);
	return Array.from({length: count}, (_, index) =>
		createPush(
			`exports/number-${index}`,
			'cache',
			Array.from({length: layers}, () => Buffer.concat([randomBytes(32), rest])),
		),
	);
};

/** All at once; how many seconds each took. */
export const exportAll = (registry: RegistryServer, pushes: readonly Push[]): Promise<number[]> =>
	Promise.all(
		pushes.map(async one => {
			const startedAt = performance.now();
			await push(registry, one);
			return (performance.now() - startedAt) / 1000;
		}),
	);
