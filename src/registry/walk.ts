/** One walk along everything that the repositories hold: a single listing, cut where a repository ends. */
import {type Digest, digestAlgorithm, isDigest, isTagText, type RepositoryName, type Tag} from 'oci-spec-types';
import {mapInOrder} from '../lib/mapInOrder.ts';
import {tightenHeap} from '../lib/tightHeap.ts';
import type {ListedObject, ObjectStore} from '../storage/objectStore.ts';
import {createBlobTable} from './blobTable.ts';
import {DocumentDamaged} from './documents.ts';
import type {DerivedEntry, HeadEntry, ManifestEntry, RepositoryInventory, TagEntry, TypeS3Entry} from './inventory.ts';
import {behindRepository, condemnedKey, digestOfBlobKey, keys, ownPrefix, partsOfKey} from './keys.ts';
import {prepareObjectNumbers} from './objectNumbers.ts';
import {readWalked, type WalkedDocument} from './walkedDocuments.ts';
import {createWalkMemory, type WalkMemory} from './walkMemory.ts';

export type WalkOptions = {
	/** What earlier walks read. */
	memory?: WalkMemory;
	/** Goes on behind this repository, in the order of keys. */
	after?: RepositoryName | undefined;
	/** This repository alone. */
	only?: RepositoryName;
};

/**
 * Each repository that holds anything, in the byte order of `<name>/_`; the listing rests while one is looked at. Costs a LIST for each
 * thousand objects of all kinds, and a GET for each tag, manifest and pointer that `memory` has not seen as it is.
 */
export async function* walkRepositories(store: ObjectStore, options: WalkOptions = {}): AsyncGenerator<RepositoryInventory> {
	const {memory = createWalkMemory(), after, only} = options;
	const startedAt = await store.now();
	const prefix = only === undefined ? keys.repositories : ownPrefix(only);
	const relax = tightenHeap();
	try {
		let current: Gathered | undefined;
		for await (const entry of store.list(prefix, {after: after && behindRepository(after)})) {
			if ('prefix' in entry) continue;
			if (!current || !entry.key.startsWith(ownPrefix(current.repo))) {
				const parts = partsOfKey(entry.key);
				if (!parts) continue;
				if (current) yield await inventoryOf(store, memory, current, startedAt);
				current = createGathered(parts.repo);
			}
			current.add(entry);
		}
		if (current) yield await inventoryOf(store, memory, current, startedAt);
	} finally {
		relax();
	}
}

/** What a listing alone tells of a repository. */
type Gathered = ReturnType<typeof createGathered>;

const createGathered = (repo: RepositoryName) => {
	const start = keys.repository(repo).length;
	const blobs = createBlobTable();
	const heads: HeadEntry[] = [];
	const deletedTags: RepositoryInventory['deletedTags'][number][] = [];
	const referrers: RepositoryInventory['referrers'][number][] = [];
	const layers: RepositoryInventory['typeS3']['layers'][number][] = [];
	const tombstones = {blobs: createBlobTable(), others: new Map<string, ListedObject>()};
	const uploads = {count: 0, bytes: 0};
	const documents: Unread[] = [];

	/** They are kept for long, and may be parts of a page's text, all of which would be kept with them. */
	const own = (row: ListedObject): ListedObject => ({...row, key: copyOf(row.key), etag: copyOf(row.etag)});

	const blobOf = (key: string): Digest | undefined => {
		const digest = digestOfBlobKey(key);
		return digest && keys.blob(repo, digest) === key ? digest : undefined;
	};

	/** What something else put here is nobody's, and is left alone. */
	const takers: Readonly<Record<string, (row: ListedObject, parts: readonly string[]) => void>> = {
		_blobs(row) {
			const digest = blobOf(row.key);
			if (digest) blobs.add(digest, row.size, row.modified);
		},
		_deleted(row, [tag = '', ...more]) {
			if (more.length === 0 && isTagText(tag)) deletedTags.push({...row, tag});
		},
		_derived(row, [name = '', ...more]) {
			if (more.length === 0) documents.push({kind: 'derived', row: own(row), name});
		},
		_gc(row, [folder]) {
			if (folder !== 'condemned') return;
			const condemned = condemnedKey(repo, row.key);
			const digest = blobOf(condemned);
			if (digest) tombstones.blobs.add(digest, row.size, row.modified);
			else tombstones.others.set(condemned, row);
		},
		_heads(row, [tag = '', name = '', ...more]) {
			const digest = digestOf(name, '-');
			if (digest && isTagText(tag) && more.length === 0) heads.push({tag, digest, pushedAt: row.modified, key: row.key});
		},
		_manifests(row, [algorithm, hex, ...more]) {
			const digest = digestOf(`${algorithm}:${hex}`, ':');
			if (digest && more.length === 0) documents.push({kind: 'manifest', row: own(row), digest});
		},
		_referrers(row, [algorithm, hex, name = '', ...more]) {
			const [subject, digest] = [digestOf(`${algorithm}:${hex}`, ':'), digestOf(name, '-')];
			if (subject && digest && more.length === 0) referrers.push({...row, subject, digest});
		},
		_s3(row, [folder, name = '', ...more]) {
			if (more.length > 0) return;
			if (folder === 'blobs' && isDigest(name)) layers.push({...row, digest: name});
			if (folder === 'manifests' && isTagText(name)) documents.push({kind: 'typeS3', row: own(row), tag: name});
		},
		_tags(row, [tag = '', ...more]) {
			if (more.length === 0 && isTagText(tag)) documents.push({kind: 'tag', row: own(row), tag});
		},
		_uploads(row) {
			uploads.count += 1;
			uploads.bytes += row.size;
		},
	};

	return {
		repo,
		...{blobs, heads, deletedTags, referrers, layers, tombstones, uploads, documents},
		add(row: ListedObject) {
			const [marker = '', ...parts] = row.key.slice(start).split('/');
			takers[marker]?.(row, parts);
		},
	};
};

const copyOf = <T extends string>(text: T): T => Buffer.from(text).toString() as T;

type Unread = {row: ListedObject} & (
	| {kind: 'tag'; tag: Tag}
	| {kind: 'manifest'; digest: Digest}
	| {kind: 'derived'; name: string}
	| {kind: 'typeS3'; tag: Tag}
);

const inventoryOf = async (store: ObjectStore, memory: WalkMemory, gathered: Gathered, startedAt: Date): Promise<RepositoryInventory> => {
	const tags = new Map<Tag, TagEntry>();
	const manifests = new Map<Digest, ManifestEntry>();
	const derived: DerivedEntry[] = [];
	const typeS3: TypeS3Entry[] = [];
	const damaged: {key: string; problem: string}[] = [];

	const take = (unread: Unread, walked: WalkedDocument) => {
		const {row: object} = unread;
		if (unread.kind === 'tag' && walked.kind === 'tag') tags.set(unread.tag, {...walked.document, object});
		if (unread.kind === 'manifest' && walked.kind === 'manifest')
			manifests.set(unread.digest, {size: object.size, modified: object.modified, ...walked.document});
		if (unread.kind === 'derived' && walked.kind === 'derived') derived.push({...walked.document, name: unread.name, object});
		if (unread.kind === 'typeS3' && walked.kind === 'typeS3') typeS3.push({tag: unread.tag, layers: walked.document, object});
	};

	// Whoever walks has `gathered` as long as the inventory is looked at.
	const read = mapInOrder(gathered.documents.splice(0), parallelReads, async unread => {
		try {
			return {unread, walked: await readWalked(store, memory, unread.kind, unread.row)};
		} catch (error) {
			if (!(error instanceof DocumentDamaged)) throw error;
			damaged.push({key: unread.row.key, problem: error.message});
			return {unread};
		}
	});
	for await (const {unread, walked} of read) if (walked) take(unread, walked);

	const {repo, blobs, heads, deletedTags, referrers, layers, tombstones, uploads} = gathered;
	// Whoever walks asks for them next, without a pause.
	await prepareObjectNumbers({blobs, manifests});
	return {
		...{repo, startedAt, tags, heads, manifests, blobs, derived, deletedTags, referrers, tombstones, uploads, damaged},
		typeS3: {manifests: typeS3, layers},
	};
};

const parallelReads = 16;

/** `<alg><sign><hex>`. */
const digestOf = (text: string, sign: '-' | ':'): Digest | undefined => {
	const digest = text.replace(sign, ':');
	// In the one way in which we write it.
	return isDigest(digest) && text === `${digestAlgorithm(digest)}${sign}${digest.slice(7)}` ? digest : undefined;
};
