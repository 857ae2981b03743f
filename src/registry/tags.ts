/** Tags: one document each, swapped whole, that remembers the digests it replaced. */
import {LRUCache} from 'lru-cache';
import {type Digest, digestSchema, type RepositoryName, type Tag} from 'oci-spec-types';
import {z} from 'zod';
import {mapInOrder, mapParallel} from '../lib/mapInOrder.ts';
import type {ListedObject, ObjectStore} from '../storage/objectStore.ts';
import {readDocument, type Seen, swapDocument} from './documents.ts';
import type {Guard} from './guard.ts';
import {keys, lastPart, tagOfKey} from './keys.ts';
import {type TagFacts, TagProtected, type TagsWanted} from './registry.ts';

export type Tags = ReturnType<typeof createTags>;
/** What a tag points at; `size` in bytes. */
export type TagTarget = {digest: Digest; mediaType: string; size: number};

/** `at` is the store's time; `isSecured`: it is still so that what the tag leads to stays. */
export type PointOptions = {at: Date; isSecured: () => boolean; unlessProtected?: boolean | undefined};

export const createTags = (store: ObjectStore, guard: Guard) => {
	// What each tag was when it was last seen: where a writer starts, never what a reader is told.
	const lastSeen = new LRUCache<string, Seen<TagDocument>>({max: 1000});

	/** Always asks the store: a tag moves under everyone's hands. */
	const read = async (repo: RepositoryName, tag: Tag): Promise<LiveTag | undefined> => {
		const key = keys.tag(repo, tag);
		const document = await readDocument(store, key, tagDocumentSchema);
		lastSeen.set(key, {document});
		return document && !document.value.deleted ? document.value : undefined;
	};

	/** What a listing says has not changed since it was seen, nonces and all, need not be read. */
	const readListed = async (repo: RepositoryName, {key, etag}: ListedObject): Promise<TagFacts | undefined> => {
		const seen = lastSeen.get(key)?.document;
		const tag = tagOfKey(key);
		if (seen?.etag !== etag) return factsOf(tag, await read(repo, tag));
		return seen.value.deleted ? undefined : factsOf(tag, seen.value);
	};

	const swap = async (repo: RepositoryName, tag: Tag, change: (current: TagDocument | undefined) => TagDocument | undefined) => {
		const key = keys.tag(repo, tag);
		const seen = lastSeen.get(key);
		lastSeen.delete(key);
		lastSeen.set(key, {document: await swapDocument(store, key, tagDocumentSchema, change, seen)});
	};

	/** Deletes a tag if it is there and `condition` holds of it; says whether it did. */
	const remove = async (repo: RepositoryName, tag: Tag, condition: (target: LiveTag) => boolean = () => true): Promise<boolean> => {
		const target = await read(repo, tag);
		if (!target || !condition(target)) return false;
		// Long deleted tags are removed for good, their markers with them.
		await guard.secure(repo, [keys.tag(repo, tag), keys.deletedTag(repo, tag)], 'tag');
		// The marker comes before the swap: a listing looks twice only at tags that have one.
		const {answeredAt} = await store.write(keys.deletedTag(repo, tag), new Uint8Array());
		let removed = false;
		await swap(repo, tag, current => {
			removed = current !== undefined && !current.deleted && condition(current);
			return removed && current
				? {...current, deleted: true, protected: false, previous: withReplaced(current, undefined, answeredAt)}
				: undefined;
		});
		return removed;
	};

	/** Live tags in byte order, after `after`. */
	const list = (repo: RepositoryName, after?: string): AsyncIterable<Tag> => liveTags(store, read, repo, after);

	return {
		read,
		remove,
		list,

		facts: async (repo: RepositoryName, tag: Tag): Promise<TagFacts | undefined> => factsOf(tag, await read(repo, tag)),

		/** Newest first. */
		async find(repo: RepositoryName, {prefix, matches, limit}: TagsWanted): Promise<TagFacts[]> {
			const rows = await Array.fromAsync(store.list(keys.tags(repo) + prefix, {limit: maxListed}));
			const wanted = rows.filter((row): row is ListedObject => 'key' in row && matches(tagOfKey(row.key)));
			const found: TagFacts[] = [];
			for await (const facts of mapInOrder(wanted.sort(newestFirst), parallelReads, row => readListed(repo, row))) {
				if (facts) found.push(facts);
				if (found.length === limit) break;
			}
			return found;
		},

		/** Moves a tag to `target`, or makes it. False: what it leads to was secured too long ago, and nothing was done. Throws TagProtected. */
		async point(repo: RepositoryName, tag: Tag, target: TagTarget, {at, isSecured, unlessProtected}: PointOptions): Promise<boolean> {
			const key = keys.tag(repo, tag);
			await guard.secure(repo, [key], 'tag');
			// What is refused is refused by what is there, and not by what was.
			if (unlessProtected && lastSeen.get(key)?.document?.value.protected) lastSeen.delete(key);
			let moved = false;
			await swap(repo, tag, current => {
				const isProtected = current?.protected === true && !current.deleted;
				if (isProtected && unlessProtected && current.digest !== target.digest) throw new TagProtected(tag);
				moved = isSecured();
				if (!moved) return undefined;
				const {digest, mediaType, size} = target;
				return {
					...{digest, mediaType, size},
					pushedAt: at.toISOString(),
					previous: current ? withReplaced(current, digest, at) : [],
					...(isProtected && {protected: true}),
				};
			});
			return moved;
		},

		/** Deletes a tag that a push moved there, unless another push came since. */
		async takeBack(repo: RepositoryName, tag: Tag, {digest}: TagTarget, at: Date): Promise<void> {
			await remove(repo, tag, current => current.digest === digest && current.pushedAt === at.toISOString());
		},

		/** Marks a tag as protected by hand, or no longer. Says whether that changed anything; undefined where there is no such tag. */
		async protect(repo: RepositoryName, tag: Tag, isProtected: boolean): Promise<{changed: boolean} | undefined> {
			if (!(await read(repo, tag))) return undefined;
			let changed: boolean | undefined;
			await swap(repo, tag, current => {
				changed = !current || current.deleted ? undefined : (current.protected ?? false) !== isProtected;
				return changed && current ? {...current, protected: isProtected} : undefined;
			});
			return changed === undefined ? undefined : {changed};
		},

		/** Takes what is over from a tag's `previous`. */
		async forgetPrevious(repo: RepositoryName, tag: Tag, isOver: (entry: TagDocument['previous'][number]) => boolean): Promise<void> {
			await swap(repo, tag, current =>
				current?.previous.some(isOver) ? {...current, previous: current.previous.filter(entry => !isOver(entry))} : undefined,
			);
		},

		/** Deletes every tag that points at `digest`. */
		async removeThoseAt(repo: RepositoryName, digest: Digest): Promise<void> {
			await mapParallel(list(repo), parallelReads, tag => remove(repo, tag, target => target.digest === digest));
		},
	};
};

/** What lies at a tag's key. */
export const tagDocumentSchema = z.object({
	digest: digestSchema,
	mediaType: z.string(),
	size: z.int().nonnegative(),
	/** Store's time, ISO 8601. */
	pushedAt: z.iso.datetime(),
	/** Digests that this tag had, newest first, each once; `since` is when they were replaced. Imports in flight still hold them. */
	previous: z.array(z.object({digest: digestSchema, since: z.iso.datetime()})),
	deleted: z.boolean().optional(),
	/** By hand: neither retention nor a client without the right moves or deletes it, whatever the policy says. */
	protected: z.boolean().optional(),
});
export type TagDocument = z.infer<typeof tagDocumentSchema>;
type LiveTag = TagTarget & Pick<TagDocument, 'pushedAt' | 'protected'>;

// BuildKit rewrites one tag with every build; an import takes hours at the most, so the last few are what is still held.
const keptPrevious = 16;
const parallelReads = 16;
// Ten pages of S3's: who has more tags that begin alike should say more of their beginning.
const maxListed = 10_000;

const factsOf = (tag: Tag, target: LiveTag | undefined): TagFacts | undefined =>
	target && {tag, digest: target.digest, pushedAt: new Date(target.pushedAt), ...(target.protected && {protected: true})};

const newestFirst = (a: ListedObject, b: ListedObject) => b.modified.getTime() - a.modified.getTime();

const withReplaced = ({digest, deleted, previous}: TagDocument, next: Digest | undefined, at: Date): TagDocument['previous'] => {
	// Pushing the current digest again only renews it; what was deleted was put among the previous then.
	const replaced = digest === next || deleted ? [] : [{digest, since: at.toISOString()}];
	return [...replaced, ...previous.filter(entry => entry.digest !== digest || deleted).filter(entry => entry.digest !== next)].slice(
		0,
		keptPrevious,
	);
};

async function* liveTags(store: ObjectStore, read: Tags['read'], repo: RepositoryName, after: string | undefined): AsyncGenerator<Tag> {
	const looked = mapInOrder(tagsAndDoubts(store, repo, after), parallelReads, async ({tag, doubtful}) =>
		doubtful && !(await read(repo, tag)) ? undefined : tag,
	);
	for await (const tag of looked) if (tag) yield tag;
}

/** Both listings are in byte order, so one walk along both finds the tags that may be deleted ones. */
async function* tagsAndDoubts(store: ObjectStore, repo: RepositoryName, after: string | undefined) {
	const markers = keysAfter(store, keys.deletedTags(repo), after);
	try {
		let marker = await markers.next();
		for await (const key of keysAfter(store, keys.tags(repo), after)) {
			const tag = tagOfKey(key);
			while (!marker.done && lastPart(marker.value) < tag) marker = await markers.next();
			yield {tag, doubtful: !marker.done && lastPart(marker.value) === tag};
		}
	} finally {
		await markers.return(undefined);
	}
}

async function* keysAfter(store: ObjectStore, prefix: string, after: string | undefined): AsyncGenerator<string> {
	for await (const entry of store.list(prefix, {after: after === undefined ? undefined : prefix + after})) {
		if (!('prefix' in entry)) yield entry.key;
	}
}
