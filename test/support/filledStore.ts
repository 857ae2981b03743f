/** A store in memory with caches in it, pushed by a registry of its own. */
import {type Digest, digestOf, parseManifest, parseRepositoryName, parseTag} from 'oci-spec-types';
import {cacheConfigOf, toleratesMissingLayer} from '../../src/cache/cacheDocument.ts';
import {keys} from '../../src/registry/keys.ts';
import {createLifetimes} from '../../src/registry/lifetimes.ts';
import {createStoredRegistry} from '../../src/registry/storedRegistry.ts';
import {walkRepositories} from '../../src/registry/walk.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {cacheOf, layerOf} from './caches.ts';
import {guardOf} from './guard.ts';

export const startOfTime = new Date('2026-11-01T00:00:00Z');

const dayMs = 24 * 60 * 60 * 1000;

export const createFilledStore = () => {
	let now = startOfTime.getTime();
	const store = createMemoryStore({now: () => new Date(now)});
	const registry = createStoredRegistry(store, {
		clock: () => now,
		elapsed: () => now,
		urlLifeSeconds: 60,
		lifetimes: createLifetimes({graceMs: dayMs, quarantineMs: dayMs, indexMs: 0}),
		guard: guardOf(store),
		toleratesMissing: toleratesMissingLayer,
	});

	return {
		store,
		registry,
		now: () => new Date(now),
		pass(ms: number) {
			now += ms;
		},

		/** A cache of these steps, each with a layer of its own; or any manifest. Layers that are not steps' have zeros for bytes. */
		async push(repo: string, tag: string, pushed: readonly string[] | {manifest: Uint8Array; config: Uint8Array}): Promise<Digest> {
			const name = parseRepositoryName(repo);
			const {manifest, config} = 'manifest' in pushed ? pushed : cacheOf(pushed);
			const blobs = 'manifest' in pushed ? [] : pushed.map(step => Buffer.from(layerOf(step)));
			for (const blob of [...blobs, config]) await store.write(keys.blob(name, digestOf(blob)), blob);
			const parsed = parseManifest(manifest);
			for (const {digest, size} of 'manifest' in pushed && parsed.kind === 'image' ? parsed.layers : [])
				await store.write(keys.blob(name, digest), Buffer.alloc(size));
			if (!cacheConfigOf(parsed)) throw new Error('no cache');
			return (await registry.putManifest(name, {bytes: manifest, mediaType: parsed.mediaType}, {tags: [parseTag(tag)]})).digest;
		},

		async inventory(repo: string) {
			for await (const inventory of walkRepositories(store, {only: parseRepositoryName(repo)})) return inventory;
			throw new Error(`there is no ${repo}`);
		},
	};
};
