/** Inventories of repositories with small caches, written down as data: a layer is a name, and a cache a list of those. */
import {type Digest, digestOf, mediaTypes, parseRepositoryName, parseTag, type Tag} from 'oci-spec-types';
import {cacheConfigMediaType} from '../../src/cache/cacheDocument.ts';
import {createBlobTable} from '../../src/registry/blobTable.ts';
import type {HeadEntry, ManifestEntry, RepositoryInventory, TagEntry} from '../../src/registry/inventory.ts';
import {keys} from '../../src/registry/keys.ts';
import {packReferences} from '../../src/registry/packedManifest.ts';
import type {Etag} from '../../src/storage/objectStore.ts';

/** When `at` is now. */
export const now = new Date('2026-06-01T00:00:00Z');
export const dayMs = 86_400_000;
export const daysAgo = (days: number): Date => new Date(now.getTime() - days * dayMs);

/** What was pushed: its layers by name, and how many days ago. */
export type Pushed = {layers: readonly string[]; days: number};
export type TagGiven = Pushed & {protected?: boolean; deleted?: boolean; previous?: readonly Pushed[]};

export type InventoryGiven = {
	repo?: string;
	tags?: Readonly<Record<string, TagGiven>>;
	heads?: readonly (Pushed & {tag: string})[];
	/** Manifests that no tag leads to. */
	untagged?: readonly (Pushed & {subject?: readonly string[]})[];
	derived?: readonly {tag: string; layers: readonly string[]; sources: readonly {tag: string; layers: readonly string[]}[]}[];
	/** Bytes of layers; 1000 where nothing is said. */
	sizes?: Readonly<Record<string, number>>;
};

export const manifestBytes = 10;
export const configBytes = 1;
export const layerDigestOf = (layer: string): Digest => digestOf(Buffer.from(`layer ${layer}`));
export const manifestDigestOf = (layers: readonly string[]): Digest => digestOf(Buffer.from(`manifest ${layers.join(' ')}`));
const configDigestOf = (layers: readonly string[]): Digest => digestOf(Buffer.from(`config ${layers.join(' ')}`));

export const inventoryOf = (given: InventoryGiven): RepositoryInventory => {
	const repo = parseRepositoryName(given.repo ?? 'ci/app');
	const sizes = new Map<Digest, number>();
	const manifests = new Map<Digest, ManifestEntry>();
	const push = ({layers, days}: Pushed, subject?: readonly string[]): Digest => {
		const config = configDigestOf(layers);
		for (const layer of layers) sizes.set(layerDigestOf(layer), given.sizes?.[layer] ?? 1000);
		sizes.set(config, configBytes);
		const named = layers.map(layer => ({digest: layerDigestOf(layer), mediaType: mediaTypes.ociLayerGzip as string}));
		const references = [...named, {digest: config, mediaType: cacheConfigMediaType}].map(each => ({
			...each,
			size: sizes.get(each.digest) as number,
			as: 'blob' as const,
		}));
		manifests.set(manifestDigestOf(layers), {
			...{size: manifestBytes, modified: daysAgo(days), mediaType: mediaTypes.ociManifest, rows: packReferences(references)},
			...(subject && {subject: manifestDigestOf(subject)}),
		});
		return manifestDigestOf(layers);
	};

	const tags = new Map<Tag, TagEntry>();
	for (const [name, {previous = [], deleted = false, protected: byHand = false, ...pushed}] of Object.entries(given.tags ?? {})) {
		const tag = parseTag(name);
		tags.set(tag, {
			digest: push(pushed),
			mediaType: mediaTypes.ociManifest,
			pushedAt: daysAgo(pushed.days),
			previous: previous.map(entry => ({digest: push(entry), since: daysAgo(entry.days)})),
			deleted,
			protected: byHand,
			object: objectAt(keys.tag(repo, tag), pushed.days),
		});
	}
	const heads: HeadEntry[] = (given.heads ?? []).map(head => {
		const tag = parseTag(head.tag);
		const digest = push(head);
		return {tag, digest, pushedAt: daysAgo(head.days), key: keys.head(repo, tag, digest)};
	});
	for (const {subject, ...pushed} of given.untagged ?? []) push(pushed, subject);
	const derived = (given.derived ?? []).map(({tag, layers, sources}, at) => ({
		name: `derived-${at}`,
		digest: push({layers, days: 0}),
		config: configDigestOf(layers),
		tag: parseTag(tag),
		sources: sources.map(source => ({tag: parseTag(source.tag), digest: manifestDigestOf(source.layers)})),
		object: objectAt(keys.derived(repo, `derived-${at}`), 0),
	}));

	const blobs = createBlobTable();
	for (const [digest, size] of [...sizes].sort(([a], [b]) => (a < b ? -1 : 1))) blobs.add(digest, size, daysAgo(400));
	return {
		...{repo, startedAt: now, tags, heads, manifests, blobs, derived},
		...{deletedTags: [], referrers: [], typeS3: {manifests: [], layers: []}, uploads: {count: 0, bytes: 0}, damaged: []},
		tombstones: {blobs: createBlobTable(), others: new Map()},
	};
};

const objectAt = (key: string, days: number) => ({key, size: 300, modified: daysAgo(days), etag: `"${key}"` as Etag});
