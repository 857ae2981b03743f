/** Which refs keep which manifests and blobs of a repository alive, and how many bytes only one of them does. */
import type {Digest, Tag} from 'oci-spec-types';
import type {HeadEntry, ManifestEntry, RepositoryInventory} from './inventory.ts';

export type RefHoldings = {
	/** In byte order. */
	tags: readonly Tag[];
	/** Undefined where there is no such ref. */
	of(tag: Tag): RefHolding | undefined;
	/** The refs that lead to this manifest or blob, in byte order; none, where only imports under way or nobody may want it. */
	holdersOf(digest: Digest): readonly Tag[];
};

/** Everything that a ref leads to and that is there. Bytes as stored, each object once. */
export type RefHolding = {
	/** What was pushed to it and counts; several for a tag that merges. */
	roots: readonly Digest[];
	manifests: ReadonlySet<Digest>;
	blobs: ReadonlySet<Digest>;
	bytes: number;
	/** Of those, what no other ref leads to: gone, when this ref is. */
	exclusiveBytes: number;
	/** The exclusive ones, and of the others the part that falls to this ref if all that hold them share alike. */
	shareBytes: number;
};

export type RefHoldingsOptions = {
	/** Which of the heads of a tag count; all, where nothing is said. */
	headCounts?: (head: HeadEntry) => boolean;
};

/**
 * A ref leads to its manifest, to what that references, and to whatever has one of them as its subject. What was made of
 * several refs (unions) belongs to none of them: it goes with its sources.
 */
export const refHoldings = (inventory: RepositoryInventory, {headCounts = () => true}: RefHoldingsOptions = {}): RefHoldings => {
	const roots = rootsOf(inventory, headCounts);
	const referrers = referrersBySubject(inventory.manifests);
	const tags = [...roots.keys()].sort();
	const closures = new Map(tags.map(tag => [tag, closureOf(inventory, referrers, roots.get(tag) ?? [])]));
	const holders = new Map<Digest, readonly Tag[]>();
	for (const [tag, {manifests, blobs}] of closures) {
		for (const digests of [manifests, blobs]) for (const digest of digests) holders.set(digest, [...(holders.get(digest) ?? []), tag]);
	}

	return {
		tags,
		of(tag) {
			const closure = closures.get(tag);
			return (
				closure && {roots: roots.get(tag) ?? [], ...closure, ...bytesOf(inventory, closure, digest => holders.get(digest)?.length ?? 1)}
			);
		},
		holdersOf: digest => holders.get(digest) ?? [],
	};
};

const rootsOf = ({tags, heads}: RepositoryInventory, headCounts: (head: HeadEntry) => boolean): Map<Tag, readonly Digest[]> => {
	const roots = new Map<Tag, readonly Digest[]>();
	const note = (tag: Tag, digest: Digest) => roots.set(tag, [...new Set([...(roots.get(tag) ?? []), digest])]);
	for (const head of heads) if (headCounts(head)) note(head.tag, head.digest);
	for (const [tag, {digest, deleted}] of tags) if (!deleted) note(tag, digest);
	return roots;
};

const referrersBySubject = (manifests: ReadonlyMap<Digest, ManifestEntry>): ReadonlyMap<Digest, readonly Digest[]> => {
	const referrers = new Map<Digest, Digest[]>();
	for (const [digest, {subject}] of manifests) {
		if (!subject) continue;
		const known = referrers.get(subject);
		if (known) known.push(digest);
		else referrers.set(subject, [digest]);
	}
	return referrers;
};

type Closure = Pick<RefHolding, 'manifests' | 'blobs'>;

const closureOf = (
	{manifests: stored, blobs: storedBlobs}: RepositoryInventory,
	referrers: ReadonlyMap<Digest, readonly Digest[]>,
	roots: readonly Digest[],
): Closure => {
	const manifests = new Set<Digest>();
	const blobs = new Set<Digest>();
	const waiting = [...roots];
	for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
		const manifest = stored.get(digest);
		if (!manifest || manifests.has(digest)) continue;
		manifests.add(digest);
		waiting.push(...(referrers.get(digest) ?? []));
		for (const reference of manifest.references) {
			if (reference.as !== 'blob') waiting.push(reference.digest);
			if (reference.as !== 'manifest' && storedBlobs.get(reference.digest)) blobs.add(reference.digest);
		}
	}
	return {manifests, blobs};
};

const bytesOf = ({manifests, blobs}: RepositoryInventory, closure: Closure, holderCount: (digest: Digest) => number) => {
	const sums = {bytes: 0, exclusiveBytes: 0, shareBytes: 0};
	const add = (digest: Digest, size = 0) => {
		const holders = holderCount(digest);
		sums.bytes += size;
		if (holders === 1) sums.exclusiveBytes += size;
		sums.shareBytes += size / holders;
	};
	for (const digest of closure.manifests) add(digest, manifests.get(digest)?.size);
	for (const digest of closure.blobs) add(digest, blobs.get(digest)?.size);
	return {...sums, shareBytes: Math.round(sums.shareBytes)};
};
