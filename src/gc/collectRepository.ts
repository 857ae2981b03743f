/** One repository's part of a cycle: what policy removes, what nothing needs, and what becomes of the tombstones. */
import type {Digest, Tag} from 'oci-spec-types';
import {mapInOrder, mapParallel} from '../lib/mapInOrder.ts';
import type {RepositoryInventory, TagEntry} from '../registry/inventory.ts';
import {keys} from '../registry/keys.ts';
import type {Removal} from '../registry/removal.ts';
import {type Marks, mark, markBlobs} from './mark.ts';
import type {RetentionDecision} from './retention.ts';
import {createSettling, type SettleOptions} from './settle.ts';
import {unneededDocuments, unneededLayers} from './unneeded.ts';

export type CollectOptions = SettleOptions & {
	decision: RetentionDecision;
	/** Carried out, for the first time. */
	onRemoved(removal: Removal): void;
};

/** `unreferenced`: nothing keeps it, young or not; `condemned`: of that, what had a tombstone before. */
export type RepositoryStanding = {unreferencedBytes: number; condemnedBytes: number; condemnedObjects: number};
export const nothingUnreferenced: RepositoryStanding = {unreferencedBytes: 0, condemnedBytes: 0, condemnedObjects: 0};

export const collectRepository = async (given: RepositoryInventory, options: CollectOptions): Promise<RepositoryStanding> => {
	const decision = {...options.decision, removals: options.decision.removals.filter(removal => isStillMeant(given, removal))};
	const inventory = await withoutRemovedTags(given, decision, options);
	const {repo, blobs, tombstones} = inventory;
	const {rowOf, settle, release} = createSettling(inventory, options);
	const marks = mark(inventory, {lifetimes: options.lifetimes, decision});
	await forgetExpired(inventory, marks, decision, options);

	const standing = {...nothingUnreferenced};
	const count = (bytes: number, isCondemned: boolean) => {
		standing.unreferencedBytes += bytes;
		if (!isCondemned) return;
		standing.condemnedBytes += bytes;
		standing.condemnedObjects += 1;
	};

	const documents = unneededDocuments(inventory, marks);
	const outcomes = new Map<string, Promise<boolean>>();
	const haveGone = async (after: readonly string[]) => (await Promise.all(after.map(key => outcomes.get(key)))).every(Boolean);
	// What leads to an object stands before it, so that what is waited for is under way.
	await finished(documents, document => {
		const row = rowOf(document);
		count(document.bytes, row !== undefined);
		const outcome = settle(document, row, () => haveGone(document.after));
		outcomes.set(document.key, outcome);
		return outcome;
	});
	const gone = new Set(await keysOfTrue(outcomes));

	const blobMarks = markBlobs(inventory, digest => !gone.has(keys.manifest(repo, digest)));
	const settled = new Set(documents.map(({key}) => key));
	await finished(
		unneededLayers(inventory, blobMarks, key => !gone.has(key)),
		async layer => {
			const row = rowOf(layer);
			count(layer.bytes, row !== undefined);
			if (tombstones.others.has(layer.key)) settled.add(layer.key);
			await settle(layer, row, async () => true);
		},
	);

	await finished(tombstones.others, async ([key, row]) => (settled.has(key) ? undefined : release(key, row)));
	await finished(tombstones.blobs, async ({digest, modified}) => {
		const index = blobs.indexOf(digest);
		if (index === undefined || blobMarks.has(index)) await release(keys.blob(repo, digest), {modified});
	});
	return standing;
};

// Of requests for one repository at a time.
const parallel = 16;

const finished = async <T>(items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> => {
	for await (const _ of mapInOrder(items, parallel, work));
};

const keysOfTrue = async (outcomes: ReadonlyMap<string, Promise<boolean>>): Promise<string[]> =>
	(await Promise.all([...outcomes].map(async ([key, outcome]) => ((await outcome) ? [key] : [])))).flat();

/** What was pushed since it was decided is not meant, and what somebody protected by hand is nobody's to let go. */
const isStillMeant = ({tags, heads}: RepositoryInventory, {kind, tag, digest, pushedAt}: Removal): boolean => {
	if (kind !== 'tag' || !tag) return true;
	const entry = tags.get(tag);
	const pushes = [...(entry && !entry.deleted ? [entry] : []), ...heads.filter(head => head.tag === tag)];
	const isMoved = pushes.some(push => (pushedAt ? push.pushedAt > pushedAt : push === entry && digest && push.digest !== digest));
	return pushes.length > 0 && !isMoved && !entry?.protected;
};

/** Tags are swapped at once: what they led to is kept for a quarantine, as one that a push replaced. */
const withoutRemovedTags = async (
	inventory: RepositoryInventory,
	{removals}: RetentionDecision,
	{hands, onRemoved}: CollectOptions,
): Promise<RepositoryInventory> => {
	const {repo, heads, tombstones} = inventory;
	const tags = new Map(inventory.tags);
	const isNew = ({tag, digest}: Removal) =>
		heads.some(head => head.tag === tag && (!digest || head.digest === digest) && !tombstones.others.has(head.key));
	await mapParallel(removals, parallel, async removal => {
		const entry = removal.tag && tags.get(removal.tag);
		if (removal.kind === 'tag' && removal.tag && entry && !entry.deleted) {
			const at = await hands.deleteTag(repo, removal.tag, entry);
			if (!at) return;
			tags.set(removal.tag, {...entry, deleted: true, previous: [{digest: entry.digest, since: at}, ...entry.previous]});
			onRemoved(removal);
		} else if ((removal.kind === 'tag' || removal.kind === 'head') && isNew(removal)) onRemoved(removal);
	});
	return {...inventory, tags};
};

const forgetExpired = async (
	{repo, tags}: RepositoryInventory,
	marks: Marks,
	{removals}: RetentionDecision,
	{hands, onRemoved}: CollectOptions,
): Promise<void> => {
	await mapParallel(tags, parallel, async ([tag, entry]) => {
		const expired = expiredOf(tag, entry, marks);
		if (entry.deleted || expired.size === 0) return;
		await hands.forgetPrevious(repo, tag, expired);
		for (const removal of removals)
			if (removal.kind === 'superseded' && removal.tag === tag && removal.digest && expired.has(removal.digest)) onRemoved(removal);
	});
};

const expiredOf = (tag: Tag, {previous}: TagEntry, marks: Marks): ReadonlyMap<Digest, Date> => {
	const expired = marks.expired(tag);
	return new Map(previous.flatMap(({digest, since}) => (expired.has(digest) ? [[digest, since] as const] : [])));
};
