/** A store whose clock is the test's, filled by hand, and a collector on it. */
import {type Digest, digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {type Collector, type CollectorOptions, createCollector} from '../../src/gc/collector.ts';
import type {Retention} from '../../src/gc/retention.ts';
import type {Deed} from '../../src/gc/settle.ts';
import {keys} from '../../src/registry/keys.ts';
import {createLifetimes} from '../../src/registry/lifetimes.ts';
import {createTags} from '../../src/registry/tags.ts';
import {createTombstones} from '../../src/registry/tombstones.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {guardOf} from './guard.ts';
import {keysOf} from './stores.ts';

export const hourMs = 3_600_000;
export const graceMs = 24 * hourMs;
export const quarantineMs = 48 * hourMs;
export const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';

/** Lets go of nothing. */
export const nothingGoes: Retention = {
	decide: async () => ({removals: [], untaggedMs: 0}),
	decideTogether: async () => ({removals: [], budgets: []}),
};

export type Collecting = ReturnType<typeof createCollecting>;

/** `wrap` stands between the collector and the store. */
export const createCollecting = ({wrap = store => store}: {wrap?: (store: ObjectStore) => ObjectStore} = {}) => {
	const time = {now: Date.parse('2026-03-01T00:00:00Z')};
	const store = createMemoryStore({now: () => new Date(time.now)});
	const elapsed = () => time.now;
	const lifetimes = createLifetimes({graceMs, quarantineMs, indexMs: 0});

	const document = (key: string, value: object) => store.write(key, Buffer.from(JSON.stringify({...value, nonce: String(time.now)})));
	const putBlob = async (repo: string, text: string): Promise<Digest> => {
		const digest = digestOf(Buffer.from(text));
		await store.write(keys.blob(parseRepositoryName(repo), digest), Buffer.from(text));
		return digest;
	};
	const putDocument = async (repo: string, mediaType: string, content: object): Promise<Digest> => {
		const bytes = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType, ...content}));
		const digest = digestOf(bytes);
		await store.write(keys.manifest(parseRepositoryName(repo), digest), bytes, {contentType: mediaType});
		return digest;
	};

	const self = {
		store,
		lifetimes,
		time,
		putBlob,
		document,
		pass(ms: number) {
			time.now += ms;
		},

		/** A manifest with these texts as its layers, in whose config they are named once more. */
		async putManifest(repo: string, layers: readonly string[], subject?: Digest): Promise<Digest> {
			const descriptor = async (text: string) => ({mediaType: layerType, digest: await putBlob(repo, text), size: text.length});
			const config = await descriptor(`config of ${layers.join()}`);
			return putDocument(repo, manifestType, {
				config,
				layers: await Promise.all(layers.map(descriptor)),
				...(subject && {subject: {mediaType: manifestType, digest: subject, size: 1}}),
			});
		},
		putIndex: (repo: string, children: readonly Digest[]): Promise<Digest> =>
			putDocument(repo, indexType, {manifests: children.map(digest => ({mediaType: manifestType, digest, size: 1}))}),

		/** As a push does it. */
		async point(repo: string, tag: string, digest: Digest, more: object = {}) {
			const key = keys.tag(parseRepositoryName(repo), parseTag(tag));
			const object = await store.read(key);
			const now = new Date(time.now).toISOString();
			let previous: readonly {digest: string; since: string}[] = [];
			if (object) {
				const current = JSON.parse(Buffer.concat(await Array.fromAsync(object.body)).toString());
				const replaced = current.deleted || current.digest === digest ? [] : [{digest: current.digest, since: now}];
				previous = [...replaced, ...current.previous];
			}
			await document(key, {digest, mediaType: manifestType, size: 1, pushedAt: now, previous, ...more});
		},
		async push(repo: string, tag: string, ...layers: readonly string[]): Promise<Digest> {
			const digest = await self.putManifest(repo, layers);
			await self.point(repo, tag, digest);
			return digest;
		},
		deleteTag: (repo: string, tag: string) => createTagsOf(store).remove(parseRepositoryName(repo), parseTag(tag)),

		/** Keys below the repositories, without tombstones and without their beginning. */
		async left(repo = ''): Promise<string[]> {
			const prefix = `repos/${repo === '' ? '' : `${repo}/`}`;
			return (await keysOf(store, prefix)).filter(key => !key.includes('/_gc/')).map(key => key.slice(prefix.length));
		},

		collector(options: Partial<CollectorOptions> & {deeds?: Deed[]} = {}): Collector {
			const {deeds, ...given} = options;
			const wrapped = wrap(store);
			return createCollector(wrapped, {
				lifetimes,
				tombstones: createTombstones(wrapped, {lifetimes, elapsed}),
				tags: createTagsOf(wrapped),
				retention: () => nothingGoes,
				refSizes: () => [],
				holder: 'test',
				everyMs: hourMs,
				elapsed,
				wait: async ms => self.pass(ms),
				onDeed: deed => void deeds?.push(deed),
				...given,
			});
		},
	};
	return self;
};

const createTagsOf = (store: ObjectStore) => createTags(store, guardOf(store));

/** So many, and time passes after each. */
export const runCycles = async (room: Collecting, collector: Collector, cycles: number, everyMs: number): Promise<void> => {
	for (let count = 0; count < cycles; count += 1) {
		await collector.run();
		room.pass(everyMs);
	}
};

/** Of keys that are left: `_blobs`, `_manifests`, `_tags`. */
export const kindsOf = (left: readonly string[]) => left.map(key => key.split('/').find(part => part.startsWith('_')));
