/** What the next cycles will do with a repository: the same code as a cycle, on a model of it, one cycle after another. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import {createBlobTable} from '../registry/blobTable.ts';
import type {RepositoryInventory, TagEntry} from '../registry/inventory.ts';
import {keys} from '../registry/keys.ts';
import type {Removal} from '../registry/removal.ts';
import {tombstoneRows} from '../registry/tombstoneRows.ts';
import type {Tombstone} from '../registry/tombstones.ts';
import {createWalkMemory} from '../registry/walkMemory.ts';
import type {Etag} from '../storage/objectStore.ts';
import {collectRepository} from './collectRepository.ts';
import type {Hands} from './hands.ts';
import type {StepLifetimes} from './nextStep.ts';
import type {Foreseen, PlannedDeletion} from './plan.ts';
import type {RetentionDecision} from './retention.ts';
import {createRounds} from './rounds.ts';
import type {Unneeded} from './unneeded.ts';

export type ForeseeOptions = {
	lifetimes: StepLifetimes;
	/** As it is in the store. */
	tombstone: Hands['tombstone'];
	/** Asked as a cycle asks. Refs that expire later are not this preview's. */
	decide(inventory: RepositoryInventory): Promise<RetentionDecision>;
	/** Between two cycles. */
	everyMs: number;
};

export const foresee = async (inventory: RepositoryInventory, options: ForeseeOptions): Promise<Foreseen> => {
	const {lifetimes, decide} = options;
	const model = createModel(inventory, options.tombstone);
	const found = new Map<string, PlannedDeletion>();
	const freed: Foreseen['freed'][number][] = [];
	const removals: Removal[] = [];
	const decision = await decide(inventory);
	const rounds = createRounds(inventory, {...lifetimes, untaggedMs: decision.untaggedMs, everyMs: options.everyMs});
	for (let at: Date | undefined = inventory.startedAt; at; at = rounds.next()) {
		const time = at;
		const isFirst = time === inventory.startedAt;
		const current = model.at(time);
		await collectRepository(current, {
			decision: isFirst ? decision : withTagsOf(decision, await decide(current)),
			hands: model.hands,
			lifetimes,
			memory: createWalkMemory(),
			onDeed({did, key, bytes, reason}) {
				rounds.somethingChanged();
				const planned = {repo: inventory.repo, key, bytes, reason, notBefore: time};
				if (did === 'condemn' && isFirst) found.set(key, {...planned, state: 'condemned'});
				if (did === 'delete') found.set(key, {...planned, state: isFirst ? 'deleted' : (found.get(key)?.state ?? 'waiting')});
				if (did === 'free' && isFirst && model.has(key)) freed.push({key, bytes});
			},
			onRemoved(removal) {
				rounds.somethingChanged();
				if (isFirst) removals.push(removal);
			},
		});
	}
	return {deletions: [...found.values()], removals, freed};
};

/** Refs are as it was decided first: whether one is still idle in a week, nobody knows. */
const withTagsOf = (first: RetentionDecision, now: RetentionDecision): RetentionDecision => ({
	...now,
	removals: [...first.removals.filter(({kind}) => kind === 'tag'), ...now.removals.filter(({kind}) => kind !== 'tag')],
});

/** A repository that only seems to change. */
const createModel = (given: RepositoryInventory, readTombstone: Hands['tombstone']) => {
	const {repo} = given;
	const gone = new Set<string>();
	const changed = new Map<string, Tombstone | undefined>();
	const tags = new Map(given.tags);
	const markers = new Map(given.deletedTags.map(marker => [marker.key, marker]));
	let blobs = given.blobs;
	let blobsGone = 0;
	let now = given.startedAt;

	const put = (key: string, reason: string, state: Tombstone['state']) => {
		changed.set(key, {key, state, reason, doubtful: false, etag: '' as Etag, modified: now});
		return true;
	};

	const rowsNow = (): RepositoryInventory['tombstones'] => {
		const rows = new Map<string, Date>();
		for (const {key, modified} of tombstoneRows(given)) rows.set(key, modified);
		for (const [key, tombstone] of changed) {
			if (tombstone) rows.set(key, tombstone.modified);
			else rows.delete(key);
		}
		const others = [...rows].map(([key, modified]) => [key, {key, size: 0, etag: '' as Etag, modified}] as const);
		return {blobs: createBlobTable(), others: new Map(others)};
	};

	const remaining = () => {
		if (blobsGone === 0) return blobs;
		const table = createBlobTable();
		for (const {digest, size, modified} of blobs) if (!gone.has(keys.blob(repo, digest))) table.add(digest, size, modified);
		blobs = table;
		blobsGone = 0;
		return blobs;
	};

	const swapped = (entry: TagEntry): TagEntry => ({...entry, object: {...entry.object, modified: now}});
	const isLeft = ({key}: {key: string}) => !gone.has(key);

	const hands: Hands = {
		tombstone: async (_: RepositoryName, key: string) => (changed.has(key) ? changed.get(key) : readTombstone(repo, key)),
		condemn: async (_, {key, reason}: Unneeded) => put(key, reason, 'condemned'),
		free: async (_, {key, reason}) => put(key, reason, 'free'),
		async remove(_, {key, blob}, {reason}) {
			gone.add(key);
			if (blob) blobsGone += 1;
			return put(key, reason, 'deleting');
		},
		async drop(_, {key}) {
			changed.set(key, undefined);
			return true;
		},
		async deleteTag(_: RepositoryName, tag: Tag, {digest}: Pick<TagEntry, 'digest'>) {
			const entry = tags.get(tag);
			if (entry) tags.set(tag, {...swapped(entry), deleted: true, previous: [{digest, since: now}, ...entry.previous]});
			const key = keys.deletedTag(repo, tag);
			gone.delete(key);
			markers.set(key, {tag, key, size: 0, modified: now, etag: '' as Etag});
			return now;
		},
		async forgetPrevious(_, tag, expired) {
			const entry = tags.get(tag);
			if (entry) tags.set(tag, {...swapped(entry), previous: entry.previous.filter(({digest}) => !expired.has(digest))});
		},
	};

	return {
		hands,
		has: (key: string) => !gone.has(key),
		at(time: Date): RepositoryInventory {
			now = time;
			return {
				...given,
				startedAt: time,
				tags: new Map([...tags].filter(([, {object}]) => isLeft(object))),
				heads: given.heads.filter(isLeft),
				manifests: new Map([...given.manifests].filter(([digest]) => !gone.has(keys.manifest(repo, digest)))),
				blobs: remaining(),
				derived: given.derived.filter(({object}) => isLeft(object)),
				deletedTags: [...markers.values()].filter(isLeft),
				referrers: given.referrers.filter(isLeft),
				typeS3: {
					manifests: given.typeS3.manifests.filter(({object}) => isLeft(object)),
					layers: given.typeS3.layers.filter(isLeft),
				},
				tombstones: rowsNow(),
			};
		},
	};
};
