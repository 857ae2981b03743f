/** Heads: what was pushed to a tag that merges, one object a push, so that however many push at once, none waits and none is lost. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {ListEntry, ObjectStore} from '../storage/objectStore.ts';
import type {Guard} from './guard.ts';
import {digestOfKey, keys, tagOfHeadKey, tagOfPrefix} from './keys.ts';
import {newestFirst} from './newestFirst.ts';
import type {TagFacts} from './registry.ts';

export type Heads = ReturnType<typeof createHeads>;

export const createHeads = (store: ObjectStore, guard: Guard) => {
	/** Those of all tags that begin with `prefix`, in no order that means anything. */
	const list = async (prefix: string): Promise<readonly (TagFacts & {key: string})[]> =>
		(await Array.fromAsync(store.list(prefix))).flatMap(headOf);

	return {
		/** A push of the same again only renews it. */
		async add(repo: RepositoryName, tag: Tag, digest: Digest): Promise<void> {
			await guard.secure(repo, [keys.head(repo, tag, digest)], 'tag');
			await store.write(keys.head(repo, tag, digest), new Uint8Array());
		},

		/** A pusher is told that this is there, and pushes nothing. */
		async rely(repo: RepositoryName, tag: Tag, digest: Digest): Promise<void> {
			await guard.secure(repo, [keys.head(repo, tag, digest)], 'head');
		},

		/** Newest first. */
		of: async (repo: RepositoryName, tag: Tag): Promise<readonly TagFacts[]> => (await list(keys.headsOf(repo, tag))).toSorted(newestFirst),

		/** Of all tags that begin with `prefix`, newest first. */
		find: async (repo: RepositoryName, prefix: string): Promise<readonly TagFacts[]> =>
			(await list(keys.heads(repo) + prefix)).toSorted(newestFirst),

		/** Tags that have any, in byte order. */
		async tags(repo: RepositoryName): Promise<readonly Tag[]> {
			const rows = await Array.fromAsync(store.list(keys.heads(repo), {delimiter: '/'}));
			// The order of the prefixes is that of `<tag>/`, and `a/` comes after `a-b/`.
			return rows.flatMap(row => ('prefix' in row ? [tagOfPrefix(row.prefix)] : [])).toSorted();
		},

		/** Removes all heads of a tag; says whether there were any. */
		async remove(repo: RepositoryName, tag: Tag): Promise<boolean> {
			const heads = await list(keys.headsOf(repo, tag));
			await guard.remove(
				repo,
				heads.map(({key}) => key),
			);
			return heads.length > 0;
		},

		/** Removes this manifest from among the heads of every tag. */
		async removeThoseAt(repo: RepositoryName, digest: Digest): Promise<void> {
			const heads = await list(keys.heads(repo));
			await guard.remove(
				repo,
				heads.filter(head => head.digest === digest).map(({key}) => key),
			);
		},
	};
};

const headOf = (entry: ListEntry): [TagFacts & {key: string}] | [] =>
	'key' in entry ? [{key: entry.key, tag: tagOfHeadKey(entry.key), digest: digestOfKey(entry.key), pushedAt: entry.modified}] : [];
