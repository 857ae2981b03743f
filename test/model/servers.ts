/** Two servers on the store, whose clocks are wrong in opposite ways. */
import {createGuard} from '../../src/registry/guard.ts';
import type {Registry} from '../../src/registry/registry.ts';
import {createStoredRegistry} from '../../src/registry/storedRegistry.ts';
import {createTombstones} from '../../src/registry/tombstones.ts';
import {lifetimes} from './lifetimes.ts';
import type {Mutation} from './mutations.ts';
import type {Process, Simulation} from './simulation.ts';

export type Servers = ReturnType<typeof createServers>;

export const createServers = (simulation: Simulation, mutation: Mutation) => {
	const {now} = simulation;

	const openServer = (index: number): Server => {
		const process = simulation.createProcess();
		// Whatever a server's own clock says.
		const elapsed = () => now() + index * 1000;
		const clock = () => now() + (index === 0 ? -1 : 1) * 40 * 60_000;
		const real = createTombstones(process.store, {lifetimes, elapsed});
		const tombstones = mutation.serverTombstones?.(real) ?? real;
		const plain = createGuard(process.store, tombstones, {lifetimes, elapsed, wait: process.wait});
		const guard = mutation.guard?.(plain, elapsed) ?? plain;
		const toleratesMissing = () => false;
		return {
			process,
			registry: createStoredRegistry(process.store, {clock, elapsed, urlLifeSeconds: 60, lifetimes, guard, toleratesMissing}),
		};
	};
	const servers = [openServer(0), openServer(1)];

	return {
		/** One that has ended is started anew, and knows nothing. */
		async ask<T>(by: number, work: (registry: Registry) => Promise<T>): Promise<T> {
			const index = by % servers.length;
			if (servers[index]?.process.isOver()) servers[index] = openServer(index);
			const {process, registry} = servers[index] as Server;
			return Promise.race([work(registry), process.ended]);
		},
	};
};

type Server = {process: Process; registry: Registry};
