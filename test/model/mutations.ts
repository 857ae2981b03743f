/** The protocol with one of its checks left out: each is a mistake that somebody could make, and that loses something. */
import type {Hands} from '../../src/gc/hands.ts';
import type {Guard, Occasion} from '../../src/registry/guard.ts';
import type {RepositoryInventory} from '../../src/registry/inventory.ts';
import {keys} from '../../src/registry/keys.ts';
import {packReferences, unpackReferences} from '../../src/registry/packedManifest.ts';
import type {Tombstones} from '../../src/registry/tombstones.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {lifetimes} from './lifetimes.ts';
import {repo} from './universe.ts';

/** What of the protocol is left out: each is a way in which the code could be wrong. */
export type Mutation = {
	serverTombstones?(tombstones: Tombstones): Tombstones;
	guard?(guard: Guard, now: () => number): Guard;
	tombstones?(tombstones: Tombstones, store: ObjectStore): Tombstones;
	hands?(hands: Hands, cycle: {inventory: RepositoryInventory; now: () => number}): Hands;
	inventory?(inventory: RepositoryInventory): RepositoryInventory;
	collectorStore?(store: ObjectStore): ObjectStore;
};

const unlooked = (guard: Guard, now: () => number, occasions: readonly Occasion[]): Guard => ({
	...guard,
	secure: async (repo, wanted, occasion) =>
		occasions.includes(occasion) ? {doubtful: new Set(), at: now()} : guard.secure(repo, wanted, occasion),
});

export type MutationName = keyof typeof mutations;

export const mutations = {
	'deletes never expire': {
		collectorStore: store => ({...store, removeUntil: key => store.remove([key])}),
	},
	'a quarantine may end while the mark is made': {
		hands: (hands, {inventory, now}) => ({
			...hands,
			async tombstone(repo, key) {
				const seen = await hands.tombstone(repo, key);
				return seen && {...seen, modified: new Date(seen.modified.getTime() - (now() - inventory.startedAt.getTime()))};
			},
		}),
	},
	'what was rescued may be deleted without being condemned again': {
		hands: hands => ({
			...hands,
			async tombstone(repo, key) {
				const seen = await hands.tombstone(repo, key);
				return seen?.state === 'rescued' ? {...seen, state: 'condemned'} : seen;
			},
		}),
	},
	'tombstones are dropped without a swap': {
		tombstones: (tombstones, store) => ({
			...tombstones,
			async drop(_, {key}) {
				await store.remove([keys.condemned(repo, key)]);
				return true;
			},
		}),
	},
	"another's deletion is carried out as it is": {
		tombstones: (tombstones, store) => ({
			...tombstones,
			async beginDelete(repo, seen) {
				if (seen.state !== 'deleting') return tombstones.beginDelete(repo, seen);
				return new Date((await store.now()).getTime() + lifetimes.deleteWindowMs);
			},
		}),
	},
	'a pusher is told of a blob without looking for its tombstone': {guard: (guard, now) => unlooked(guard, now, ['head'])},
	'a blob is stored without looking for its tombstone': {guard: (guard, now) => unlooked(guard, now, ['blob'])},
	'a blob is mounted without looking for its tombstone': {guard: (guard, now) => unlooked(guard, now, ['mount'])},
	'a manifest is stored without looking for tombstones': {guard: (guard, now) => unlooked(guard, now, ['manifest'])},
	'a tag is moved without looking for its tombstone': {guard: (guard, now) => unlooked(guard, now, ['tag'])},
	'a push that takes long is not checked again': {guard: guard => ({...guard, isOver: () => false})},
	'what is remembered is believed while it is deleted': {
		guard: guard => ({
			...guard,
			secure: async (...given) => ({...(await guard.secure(...given)), doubtful: new Set()}),
		}),
	},
	'children go while their parents are there': {
		inventory: inventory => ({
			...inventory,
			manifests: new Map(
				[...inventory.manifests].map(([digest, manifest]) =>
					inventory.tombstones.others.has(keys.manifest(inventory.repo, digest))
						? [
								digest,
								{...manifest, onlyBlobs: true, rows: packReferences(unpackReferences(manifest.rows).filter(({as}) => as === 'blob'))},
							]
						: [digest, manifest],
				),
			),
		}),
	},
	'a pusher does not wait for the end of a deletion': {
		serverTombstones: tombstones => ({...tombstones, windowEnd: () => 0}),
	},
} satisfies Record<string, Mutation>;
