/** Kills one replica after the other, and starts it again. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Random} from '../random.ts';
import type {RegistryServer} from '../registryServer.ts';
import type {Replicas} from '../replicas.ts';

export const startKilling = ({replicas, start, random}: Pick<Replicas, 'replicas' | 'start'> & {random: Random}) => {
	const running: RegistryServer[] = [...replicas];
	const stopping = new AbortController();
	let kills = 0;
	const kill = async () => {
		while (!stopping.signal.aborted) {
			await delay(2000 + random.fraction() * 10_000, undefined, {signal: stopping.signal}).catch(() => undefined);
			if (stopping.signal.aborted) return;
			const index = Math.floor(random.fraction() * running.length);
			await running[index]?.kill9();
			kills += 1;
			// The other one is alone for a moment; haproxy has to notice first that this one is back.
			await delay(random.fraction() * 2000);
			running[index] = await start(index);
			await delay(3000);
		}
	};
	const killing = kill();
	return {
		/** How often it killed; all are running then. */
		async stop(): Promise<number> {
			stopping.abort();
			await killing;
			return kills;
		},
	};
};
