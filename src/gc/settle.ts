/** Reads the tombstone of an object, where something may follow from it, decides what does, and has it done. */
import type {RepositoryName} from 'oci-spec-types';
import type {RepositoryInventory} from '../registry/inventory.ts';
import {keys} from '../registry/keys.ts';
import type {Tombstone} from '../registry/tombstones.ts';
import type {WalkMemory} from '../registry/walkMemory.ts';
import type {Hands} from './hands.ts';
import {mayBeDue, nextStep, type Step, type StepLifetimes} from './nextStep.ts';
import type {Unneeded} from './unneeded.ts';

/** Something that was done. `bytes` of the object; `again`: it was rescued, and nobody made use of it. */
export type Deed = {repo: RepositoryName; did: Step; key: string; bytes: number; reason: string; again: boolean};

export type SettleOptions = {
	hands: Hands;
	lifetimes: StepLifetimes;
	/** What tombstones said. */
	memory: WalkMemory;
	onDeed(deed: Deed): void;
};

/** Of a tombstone, as a listing tells it. */
type Row = {modified: Date};

export const createSettling = ({repo, startedAt: markedAt, tombstones}: RepositoryInventory, options: SettleOptions) => {
	const {hands, lifetimes, memory, onDeed} = options;
	const isFew = tombstones.blobs.count + tombstones.others.size <= fewTombstones;

	const stepOf = (modified: Date | undefined, tombstone: Pick<Tombstone, 'state' | 'modified'> | undefined) =>
		nextStep({markedAt, modified, needed: modified === undefined, tombstone}, lifetimes);

	/** Whether a tombstone that is too young for anything but a new condemnation is worth a look. */
	const mayBeRescued = (key: string, row: Row, modified: Date | undefined): boolean => {
		// A listing does not say it, and a million are not read to find one.
		if (!isFew || modified === undefined) return false;
		const believed = memory.get(keys.condemned(repo, key), versionOf(row)) as Tombstone | undefined;
		return !believed || stepOf(modified, believed) !== undefined;
	};

	/** `modified` of the object, where it is there and nothing needs it. Undefined where nothing follows. */
	const look = async (key: string, row: Row, modified: Date | undefined): Promise<{seen: Tombstone; step: Step} | undefined> => {
		if (!mayBeDue(markedAt, row, lifetimes) && !mayBeRescued(key, row, modified)) return undefined;
		const seen = await hands.tombstone(repo, key);
		if (!seen) return undefined;
		memory.set(keys.condemned(repo, key), versionOf(seen), seen, tombstoneBytes);
		const step = stepOf(modified, seen);
		return step && {seen, step};
	};

	return {
		/** Of the tombstone of an object, where it has one. */
		rowOf: ({key, blob}: Pick<Unneeded, 'key' | 'blob'>): Row | undefined =>
			tombstones.others.get(key) ?? (blob && tombstones.blobs.get(blob)),

		/** Of what nothing needs: whether it has gone. `mayGo` is asked before it does. */
		async settle(object: Unneeded, row: Row | undefined, mayGo: () => Promise<boolean>): Promise<boolean> {
			const {key, bytes, modified} = object;
			const tell = (did: Step, reason: string, again = false) => onDeed({repo, did, key, bytes, reason, again});
			if (!row) {
				if (stepOf(modified, undefined) && (await hands.condemn(repo, object, undefined))) tell('condemn', object.reason);
				return false;
			}
			const found = await look(key, row, modified);
			if (!found) return false;
			const {seen, step} = found;
			switch (step) {
				case 'condemn':
					if (await hands.condemn(repo, object, seen)) tell('condemn', object.reason, seen.state === 'rescued');
					return false;
				case 'free':
				case 'drop':
					if (await hands[step](repo, seen)) tell(step, seen.reason);
					return false;
				case 'delete':
					if (!(await mayGo()) || !(await hands.remove(repo, object, seen))) return false;
					tell('delete', seen.reason);
					return true;
			}
		},

		/** Of what is needed, or gone: its tombstone has no more to say. */
		async release(key: string, row: Row): Promise<void> {
			const found = await look(key, row, undefined);
			if (found?.step !== 'free' && found?.step !== 'drop') return;
			const {seen, step} = found;
			if (await hands[step](repo, seen)) onDeed({repo, did: step, key, bytes: 0, reason: seen.reason, again: false});
		},
	};
};

const fewTombstones = 5000;
const tombstoneBytes = 500;

// A listing tells parts of a second, which the answer to a GET does not. Whoever changed it in the same second is seen once it is due.
const versionOf = ({modified}: Row) => String(Math.floor(modified.getTime() / 1000));
