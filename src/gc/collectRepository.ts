/** One repository's part of a cycle: what policy removes, what nothing needs, and what becomes of the tombstones. */
import type {Digest, Tag} from 'oci-spec-types';
import {mapInOrder, mapParallel} from '../lib/mapInOrder.ts';
import type {RepositoryInventory, TagEntry} from '../registry/inventory.ts';
import {keys} from '../registry/keys.ts';
import {type Marks, mark, markBlobs} from './mark.ts';
import type {Removal, RetentionDecision} from './retention.ts';
import {createSettling, type SettleOptions} from './settle.ts';
import {type Unneeded, unneededDocuments, unneededLayers} from './unneeded.ts';

export type CollectOptions = SettleOptions & {
	decision: RetentionDecision;
	/** A ref, or a head of it, was let go. */
	onRemoved(removal: Removal): void;
};

export const collectRepository = async (given: RepositoryInventory, options: CollectOptions): Promise<void> => {
	const {decision, lifetimes} = options;
	const inventory = await withoutRemovedTags(given, options);
	const {repo, manifests, blobs, tombstones} = inventory;
	const {rowOf, settle, release} = createSettling(inventory, options);
	const marks = mark(inventory, {lifetimes, decision});
	await forgetExpired(inventory, marks, options);

	const documents = unneededDocuments(inventory, marks);
	const outcomes = new Map<string, Promise<boolean>>();
	const haveGone = async (after: readonly string[]) => (await Promise.all(after.map(key => outcomes.get(key)))).every(Boolean);
	// What leads to an object stands before it, so that what is waited for is under way.
	await finished(documents, document => {
		const outcome = settle(document, rowOf(document), () => haveGone(document.after));
		outcomes.set(document.key, outcome);
		return outcome;
	});
	const gone = new Set(await keysOfTrue(outcomes));

	const left = [...manifests].flatMap(([digest, manifest]) => (gone.has(keys.manifest(repo, digest)) ? [] : [manifest]));
	const blobMarks = markBlobs(blobs, left);
	const settled = new Set(documents.map(({key}) => key));
	await finished(unneededLayers(inventory, blobMarks, key => !gone.has(key)), async layer => {
		if (tombstones.others.has(layer.key)) settled.add(layer.key);
		await settle(layer, rowOf(layer), async () => true);
	});

	await finished(tombstones.others, async ([key, row]) => (settled.has(key) ? undefined : release(key, row)));
	await finished(tombstones.blobs, async ({digest, modified}) => {
		const index = blobs.indexOf(digest);
		if (index === undefined || blobMarks.has(index)) await release(keys.blob(repo, digest), {modified});
	});
};

// Of requests for one repository at a time.
const parallel = 16;

const finished = async <T>(items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> => {
	for await (const _ of mapInOrder(items, parallel, work));
};

const keysOfTrue = async (outcomes: ReadonlyMap<string, Promise<boolean>>): Promise<string[]> =>
	(await Promise.all([...outcomes].map(async ([key, outcome]) => ((await outcome) ? [key] : [])))).flat();

/** Tags are swapped at once: what they led to is kept for a quarantine, as one that a push replaced. */
const withoutRemovedTags = async (
	inventory: RepositoryInventory,
	{decision, hands, onRemoved}: CollectOptions,
): Promise<RepositoryInventory> => {
	const {repo} = inventory;
	const tags = new Map(inventory.tags);
	await mapParallel(decision.removals, parallel, async removal => {
		const {kind, tag} = removal;
		if (kind !== 'tag' || !tag) return;
		const entry = tags.get(tag);
		if (entry?.protected) return;
		if (entry && !entry.deleted) {
			const at = await hands.deleteTag(repo, tag, entry);
			if (!at) return;
			tags.set(tag, {...entry, deleted: true, previous: [{digest: entry.digest, since: at}, ...entry.previous]});
		}
		onRemoved(removal);
	});
	return {...inventory, tags};
};

const forgetExpired = async ({repo, tags}: RepositoryInventory, marks: Marks, {hands}: CollectOptions): Promise<void> => {
	await mapParallel(tags, parallel, async ([tag, entry]) => {
		const expired = expiredOf(tag, entry, marks);
		if (!entry.deleted && expired.size > 0) await hands.forgetPrevious(repo, tag, expired);
	});
};

const expiredOf = (tag: Tag, {previous}: TagEntry, marks: Marks): ReadonlyMap<Digest, Date> => {
	const expired = marks.expired(tag);
	return new Map(previous.flatMap(({digest, since}) => (expired.has(digest) ? [[digest, since] as const] : [])));
};
