/** Documents that nobody pushed, made once and kept as ordinary manifests and blobs, so that any server answers for them at any time. */
import {LRUCache} from 'lru-cache';
import {parseManifest, type RepositoryName, type Tag} from 'oci-spec-types';
import {maxConfigBytes} from '../cache/cacheConfig.ts';
import {type CacheDocument, type CacheManifest, parseCacheDocument, toManifest} from '../cache/cacheDocument.ts';
import {CacheInvalid} from '../cache/cacheInvalid.ts';
import {compact} from '../cache/compact.ts';
import {merge} from '../cache/merge.ts';
import {repair} from '../cache/repair.ts';
import {readAtMost, TooLarge} from '../lib/bytes.ts';
import {createFlights} from '../lib/flights.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {DerivedPointer, DerivedPointers} from '../registry/derivedPointers.ts';
import type {Registry, StoredManifest} from '../registry/registry.ts';
import {unlessUnknown} from '../registry/unlessUnknown.ts';
import type {CacheSource} from './cacheSources.ts';
import type {Plan} from './derivation.ts';

/** `made`: now, and not before. */
export type DerivedDocument = {stored: StoredManifest; ways: DerivedPointer['ways']; made: boolean};

export type DerivedDocuments = ReturnType<typeof createDerivedDocuments>;

export const createDerivedDocuments = (registry: Registry, pointers: DerivedPointers) => {
	const known = new LRUCache<string, DerivedPointer>({max: rememberedPointers});
	const flights = createFlights<DerivedDocument>();

	/** What was made earlier, here or elsewhere, if its bytes are still there. */
	const find = async (repo: RepositoryName, {key}: Plan): Promise<DerivedDocument | undefined> => {
		const name = nameOf(repo, key);
		const pointer = known.get(name) ?? (await pointers.read(repo, key));
		if (!pointer) return undefined;
		const [stored, configs] = await Promise.all([
			registry.getManifest(repo, pointer.digest, 'pusher').catch(unlessUnknown),
			registry.statBlobs(repo, [pointer.config]),
		]);
		if (!stored || !configs.has(pointer.config)) return undefined;
		known.set(name, pointer);
		return {stored, ways: pointer.ways, made: false};
	};

	const read = async (repo: RepositoryName, {config, stored}: CacheSource): Promise<CacheDocument | undefined> => {
		try {
			const bytes = await readAtMost((await registry.readBlob(repo, config.digest)).body, maxConfigBytes);
			return parseCacheDocument(parseManifest(stored.bytes, stored.mediaType), bytes);
		} catch (error) {
			if (error instanceof CacheInvalid || error instanceof TooLarge) return undefined;
			throw error;
		}
	};

	/** The blob first, then the manifest, then the pointer to it: whoever finds one finds what it names. */
	const store = async (repo: RepositoryName, tag: Tag, plan: Plan, made: CacheManifest, ways: DerivedPointer['ways']) => {
		const {digest, size} = made.configDescriptor;
		// A repaired cache keeps the config that it has.
		if (!plan.sources.some(({config}) => config.digest === digest)) await registry.putBlob(repo, digest, oneChunk(made.config), size);
		await registry.putManifest(repo, {bytes: made.manifest, mediaType: made.mediaType}, {digest: made.digest, tags: []});
		const pointer: DerivedPointer = {
			digest: made.digest,
			config: digest,
			ways,
			tag,
			sources: plan.sources.map(source => ({tag: source.tag, digest: source.digest})),
			missing: [...plan.missing],
		};
		await pointers.write(repo, plan.key, pointer);
		known.set(nameOf(repo, plan.key), pointer);
	};

	const make = async (repo: RepositoryName, tag: Tag, plan: Plan): Promise<DerivedDocument | undefined> => {
		const repaired = await mapParallel(plan.sources, parallelReads, async source => {
			const document = await read(repo, source);
			// Of its own: what one source says of a layer's size takes it from no other.
			const missing = new Set(source.missing);
			return document && repair(document, digest => missing.has(digest));
		});
		const [first, ...others] = repaired.filter(document => document !== undefined);
		if (!first) return undefined;
		const whole = others.length > 0 ? merge([first, ...others]) : first;
		const {document} = compact(whole, plan);
		const ways = waysOf(plan, document !== whole);
		const made = toManifest(document);
		await store(repo, tag, plan, made, ways);
		return {stored: {digest: made.digest, mediaType: made.mediaType, bytes: made.manifest}, ways, made: true};
	};

	return {
		find,

		/** Undefined where none of the sources is a cache that we understand. Whoever asks for the same meanwhile waits for it. */
		get: async (repo: RepositoryName, tag: Tag, plan: Plan): Promise<DerivedDocument | undefined> =>
			flights.ask(
				nameOf(repo, plan.key),
				async () => (await find(repo, plan)) ?? make(repo, tag, plan),
				() => undefined,
			),
	};
};

const nameOf = (repo: RepositoryName, key: string) => `${repo}@${key}`;

const waysOf = ({ways}: Plan, wasCompacted: boolean): DerivedPointer['ways'] => {
	const rest = [...ways].filter(way => way !== 'compacted');
	return wasCompacted ? [...rest, 'compacted'] : rest;
};

async function* oneChunk(bytes: Uint8Array) {
	yield bytes;
}

const rememberedPointers = 10_000;
const parallelReads = 8;
