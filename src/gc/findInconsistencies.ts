/** What must not be in a repository: manifests that miss blobs, tags that point nowhere, tombstones that nobody buries. */
import {digestSchema, repositoryNameSchema, tagSchema} from 'oci-spec-types';
import {z} from 'zod';
import type {ManifestEntry, ReferenceEntry, RepositoryInventory} from '../registry/inventory.ts';
import {keys} from '../registry/keys.ts';
import {unpackReferences} from '../registry/packedManifest.ts';
import {tombstoneRows} from '../registry/tombstoneRows.ts';
import type {ObjectStore} from '../storage/objectStore.ts';

/** `key` is the object that is wrong, `digest` its own. `tags`: those that point at it. `problem` is a sentence without its subject. */
export const findingSchema = z.object({
	kind: z.enum(['damaged', 'unreadable', 'incomplete', 'dangling', 'stale']),
	repository: repositoryNameSchema,
	key: z.string(),
	digest: digestSchema.optional(),
	tags: z.array(tagSchema).optional(),
	problem: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

/** Asks the store again for everything that seems wrong: it goes on changing while it is looked at. */
export async function* findInconsistencies(
	store: ObjectStore,
	inventory: RepositoryInventory,
	{staleTombstoneMs}: {staleTombstoneMs: number},
): AsyncGenerator<Finding> {
	const repository = inventory.repo;
	for (const {key, problem} of inventory.damaged) {
		if (await store.stat(key)) yield {kind: 'unreadable', repository, key, problem};
	}
	yield* incompleteManifests(store, inventory);
	yield* danglingTags(store, inventory);
	const stale = inventory.startedAt.getTime() - staleTombstoneMs;
	for (const {key: condemned, modified} of tombstoneRows(inventory)) {
		const key = keys.condemned(repository, condemned);
		if (modified.getTime() < stale && (await store.stat(key))?.modified?.getTime() === modified.getTime())
			yield {kind: 'stale', repository, key, problem: `a tombstone that was written at ${modified.toISOString()} and should be gone`};
	}
}

async function* incompleteManifests(store: ObjectStore, inventory: RepositoryInventory): AsyncGenerator<Finding> {
	const {repo, manifests} = inventory;
	const pointers = [...liveTags(inventory), ...inventory.heads];
	for (const [digest, manifest] of manifests) {
		const absent = await absentReferences(store, inventory, manifest);
		const key = keys.manifest(repo, digest);
		// The manifest last: what is collected loses it first, and then what it references.
		if (absent.length === 0 || !(await store.stat(key))) continue;
		const problem = `${absent.length} of what it references is missing: ${absent
			.slice(0, namedMissing)
			.map(reference => reference.digest)
			.join(', ')}`;
		yield {
			kind: 'incomplete',
			repository: repo,
			key,
			digest,
			tags: [...new Set(pointers.filter(pointer => pointer.digest === digest).map(({tag}) => tag))],
			problem,
		};
	}
}

const absentReferences = async (store: ObjectStore, {repo, blobs, manifests}: RepositoryInventory, {rows}: ManifestEntry) => {
	const absent: ReferenceEntry[] = [];
	for (const reference of unpackReferences(rows)) {
		const {digest, as} = reference;
		if ((as !== 'manifest' && blobs.get(digest)) || (as !== 'blob' && manifests.has(digest))) continue;
		const places = [...(as === 'manifest' ? [] : [keys.blob(repo, digest)]), ...(as === 'blob' ? [] : [keys.manifest(repo, digest)])];
		const found = await Promise.all(places.map(place => store.stat(place)));
		if (found.every(facts => !facts)) absent.push(reference);
	}
	return absent;
};

async function* danglingTags(store: ObjectStore, inventory: RepositoryInventory): AsyncGenerator<Finding> {
	const {repo, heads, manifests} = inventory;
	const pointers = [...liveTags(inventory), ...heads.map(head => ({...head, etag: undefined}))];
	for (const {tag, digest, key, etag} of pointers) {
		if (manifests.has(digest) || (await store.stat(keys.manifest(repo, digest)))) continue;
		const now = await store.stat(key);
		// Moved or deleted meanwhile.
		if (!now || (etag && now.etag !== etag)) continue;
		yield {kind: 'dangling', repository: repo, key, digest, tags: [tag], problem: `it points at ${digest}, which is not there`};
	}
}

const liveTags = ({tags}: RepositoryInventory) =>
	[...tags]
		.filter(([, {deleted}]) => !deleted)
		.map(
			([
				tag,
				{
					digest,
					object: {key, etag},
				},
			]) => ({tag, digest, key, etag}),
		);

const namedMissing = 5;
