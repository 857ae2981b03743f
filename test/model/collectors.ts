/** Two collectors, who remember what they walked: each cycle lets go of all that is superseded. */
import {collectRepository} from '../../src/gc/collectRepository.ts';
import {createHands} from '../../src/gc/hands.ts';
import type {RetentionDecision} from '../../src/gc/retention.ts';
import {createGuard} from '../../src/registry/guard.ts';
import type {RepositoryInventory} from '../../src/registry/inventory.ts';
import {createTags} from '../../src/registry/tags.ts';
import {createTombstones} from '../../src/registry/tombstones.ts';
import {walkRepositories} from '../../src/registry/walk.ts';
import {createWalkMemory} from '../../src/registry/walkMemory.ts';
import {lifetimes} from './lifetimes.ts';
import type {Mutation} from './mutations.ts';
import type {Simulation} from './simulation.ts';

export const createCollectors = (simulation: Simulation, mutation: Mutation) => {
	const {now} = simulation;
	const memories = [createWalkMemory(), createWalkMemory()];

	return {
		async collect(by: number): Promise<void> {
			const process = simulation.createProcess();
			const collecting = mutation.collectorStore?.(process.store) ?? process.store;
			const memory = memories[by % memories.length];
			const plain = createTombstones(collecting, {lifetimes, elapsed: now});
			const tombstones = mutation.tombstones?.(plain, collecting) ?? plain;
			const guard = createGuard(collecting, plain, {lifetimes, elapsed: now, wait: process.wait});
			const tags = createTags(collecting, guard);
			const cycle = async () => {
				for await (const walked of walkRepositories(collecting, {memory})) {
					const inventory = mutation.inventory?.(walked) ?? walked;
					const real = createHands(collecting, {tombstones, tags, pace: async () => {}, onDeleted() {}});
					const hands = mutation.hands?.(real, {inventory, now}) ?? real;
					const options = {hands, lifetimes, memory: memory ?? createWalkMemory(), onDeed() {}, onRemoved() {}};
					await collectRepository(inventory, {...options, decision: supersededGo(inventory)});
				}
			};
			await Promise.race([cycle(), process.ended]);
		},
	};
};

const supersededGo = ({repo, tags}: RepositoryInventory): RetentionDecision => ({
	removals: [...tags].flatMap(([tag, {previous}]) =>
		previous.map(({digest}) => ({repo, kind: 'superseded' as const, tag, digest, reason: 'superseded', exclusiveBytes: 0})),
	),
	untaggedMs: 0,
});
