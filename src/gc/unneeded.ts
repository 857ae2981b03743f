/** What nothing needs, object by object, in the order in which it may go: whatever leads to something goes before it. */
import type {Digest} from 'oci-spec-types';
import type {ManifestEntry, RepositoryInventory} from '../registry/inventory.ts';
import {keys} from '../registry/keys.ts';
import {type BlobMarks, childrenOf, type Marks} from './mark.ts';

export type Unneeded = {
	key: string;
	bytes: number;
	modified: Date;
	reason: string;
	/** Objects that are there and lead to it: it goes only when these have gone. */
	after: readonly string[];
	/** Of a blob. */
	blob?: Digest;
};

/** All but blobs and layers, which follow when it is known what of this has gone. */
export const unneededDocuments = (inventory: RepositoryInventory, marks: Marks): Unneeded[] => {
	const {repo, tags, heads, derived, manifests, deletedTags, referrers, typeS3} = inventory;
	const found: Unneeded[] = [];
	const add = (object: Omit<Unneeded, 'after'>, after: readonly string[] = []) => void found.push({...object, after});

	for (const pointer of derived) {
		const reason = marks.derived(pointer);
		if (reason) add({...objectOf(pointer.object), reason});
	}
	for (const head of heads) {
		const reason = marks.head(head);
		if (reason) add({key: head.key, bytes: 0, modified: head.pushedAt, reason});
	}
	for (const [tag, {object}] of tags) {
		const reason = marks.tag(tag);
		// Not its own few: they change with each swap, also with the one by which it is deleted.
		if (reason) add({...objectOf(object), bytes: 0, reason});
	}
	const documents = leadingTo(inventory);
	for (const [digest, {size, modified}] of parentsFirst(manifests)) {
		const reason = marks.manifest(digest);
		if (reason) add({key: keys.manifest(repo, digest), bytes: size, modified, reason}, documents.get(digest));
	}
	for (const marker of deletedTags) {
		const entry = tags.get(marker.tag);
		// A deleted tag without its marker would be listed.
		if (!entry?.deleted) add({...objectOf(marker), reason: 'there is no deleted tag of this name'});
		else if (marks.tag(marker.tag)) add({...objectOf(marker), reason: 'the tag was deleted'}, [entry.object.key]);
	}
	for (const referrer of referrers) {
		const isThere = manifests.has(referrer.digest);
		if (isThere && !marks.manifest(referrer.digest)) continue;
		add({...objectOf(referrer), reason: 'its manifest goes, or is gone'}, isThere ? [keys.manifest(repo, referrer.digest)] : []);
	}
	const tagsWithContent = new Set([...heads.map(({tag}) => tag), ...[...tags].flatMap(([tag, {deleted}]) => (deleted ? [] : [tag]))]);
	for (const {tag, object} of typeS3.manifests) {
		if (!tagsWithContent.has(tag)) add({...objectOf(object), reason: 'its tag is gone'});
	}
	return found;
};

/** One by one, since there may be a million. `isThere`: of a manifest or a copy that was here when the walk began. */
export function* unneededLayers(inventory: RepositoryInventory, marks: BlobMarks, isThere: (key: string) => boolean): Generator<Unneeded> {
	const {repo, blobs, typeS3} = inventory;
	for (let index = 0; index < blobs.count; index += 1) {
		if (marks.has(index)) continue;
		const {digest, size, modified} = blobs.at(index);
		yield {key: keys.blob(repo, digest), bytes: size, modified, reason: 'no manifest names it', after: [], blob: digest};
	}
	const copied = new Set(typeS3.manifests.flatMap(({layers, object}) => (isThere(object.key) ? layers : [])));
	for (const layer of typeS3.layers) {
		if (!copied.has(layer.digest)) yield {...objectOf(layer), reason: 'no cache in the form of type=s3 names it', after: []};
	}
}

const objectOf = ({key, size, modified}: {key: string; size: number; modified: Date}) => ({key, bytes: size, modified});

/** Keys of what leads to each manifest: its parents, pointers and heads. */
const leadingTo = ({repo, manifests, derived, heads}: RepositoryInventory): ReadonlyMap<Digest, readonly string[]> => {
	const found = new Map<Digest, string[]>();
	const add = (digest: Digest, key: string) => {
		const known = found.get(digest);
		if (known) known.push(key);
		else found.set(digest, [key]);
	};
	for (const {digest, object} of derived) add(digest, object.key);
	for (const {digest, key} of heads) add(digest, key);
	for (const [parent, manifest] of manifests) for (const child of childrenOf(manifests, manifest)) add(child, keys.manifest(repo, parent));
	return found;
};

/** A document's digest covers what it names, so there are no circles. */
const parentsFirst = (manifests: RepositoryInventory['manifests']): readonly (readonly [Digest, ManifestEntry])[] => {
	const parentsLeft = new Map<Digest, number>();
	for (const manifest of manifests.values())
		for (const child of childrenOf(manifests, manifest)) parentsLeft.set(child, (parentsLeft.get(child) ?? 0) + 1);
	const ordered = [...manifests].filter(([digest]) => !parentsLeft.has(digest));
	for (let at = 0; at < ordered.length; at += 1) {
		for (const child of childrenOf(manifests, (ordered[at] as readonly [Digest, ManifestEntry])[1])) {
			const left = (parentsLeft.get(child) as number) - 1;
			parentsLeft.set(child, left);
			if (left === 0) ordered.push([child, manifests.get(child) as ManifestEntry]);
		}
	}
	return ordered;
};
