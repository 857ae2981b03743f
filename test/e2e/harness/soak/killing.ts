/** Kills one replica after the other, and starts it again. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Random} from '../random.ts';
import type {RegistryServer} from '../registryServer.ts';
import type {Replicas} from '../replicas.ts';

export const startKilling = ({replicas, start, random}: Pick<Replicas, 'replicas' | 'start'> & {random: Random}) => {
	const running: RegistryServer[] = [...replicas];
	const stopping = new AbortController();
	const logs: string[] = [];
	const kill = async () => {
		while (!stopping.signal.aborted) {
			await delay(2000 + random.fraction() * 10_000, undefined, {signal: stopping.signal}).catch(() => undefined);
			if (stopping.signal.aborted) return;
			const index = Math.floor(random.fraction() * running.length);
			const victim = running[index] as RegistryServer;
			await victim.kill9();
			logs.push(await victim.log());
			// The other one is alone for a moment; haproxy has to notice first that this one is back.
			await delay(random.fraction() * 2000);
			running[index] = await start(index);
			await delay(3000);
		}
	};
	const killing = kill();
	return {
		/** All are running then. `logs`: of those that were killed, and of those that are left. */
		async stop(): Promise<{kills: number; logs: readonly string[]}> {
			stopping.abort();
			await killing;
			return {kills: logs.length, logs: [...logs, ...(await Promise.all(running.map(server => server.log())))]};
		},
	};
};
