/** The caches of chosen refs in the form of BuildKit's `type=s3`, beside ours in the same bucket: the way back, should layercache be gone. */
import type {Digest, RepositoryName, Tag} from 'oci-spec-types';
import type {CacheDocument} from '../cache/cacheDocument.ts';
import {formatTypeS3Cache} from '../cache/typeS3Cache.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {Guard} from '../registry/guard.ts';
import {keys} from '../registry/keys.ts';
import {ObjectMissing, type ObjectStore, PreconditionFailed, type WriteOptions} from '../storage/objectStore.ts';

export type TypeS3Copies = ReturnType<typeof createTypeS3Copies>;

export const createTypeS3Copies = (store: ObjectStore, guard: Guard) => {
	/** False where the layer is gone. What is there is copied anew once a day, as BuildKit touches it, so that rules may expire what nobody uses. */
	const copyLayer = async (repo: RepositoryName, digest: Digest): Promise<boolean> => {
		const key = keys.typeS3Blob(repo, digest);
		const facts = await store.stat(key);
		if (facts?.modified && facts.answeredAt.getTime() - facts.modified.getTime() < renewedAfterMs) return true;
		try {
			await store.copy(keys.blob(repo, digest), key);
			return true;
		} catch (error) {
			if (error instanceof ObjectMissing) return facts !== undefined;
			throw error;
		}
	};

	/** Layers first: whoever reads the manifest finds them. What is missing is left out. */
	const copyLayers = async (repo: RepositoryName, tags: readonly Tag[], document: CacheDocument): Promise<Uint8Array> => {
		const digests = [...new Set(document.layers.map(({digest}) => digest))];
		const written = [...digests.map(digest => keys.typeS3Blob(repo, digest)), ...tags.map(tag => keys.typeS3Manifest(repo, tag))];
		await guard.secure(repo, written, 'derived');
		const copied = await mapParallel(digests, copiesAtOnce, async digest => ((await copyLayer(repo, digest)) ? [digest] : []));
		const there = new Set(copied.flat());
		return formatTypeS3Cache({...document, layers: document.layers.filter(({digest}) => there.has(digest))});
	};

	const put = (repo: RepositoryName, tag: Tag, bytes: Uint8Array, options: WriteOptions = {}) =>
		store.write(keys.typeS3Manifest(repo, tag), bytes, {contentType: 'application/json', ...options});

	return {
		async write(repo: RepositoryName, tags: readonly Tag[], document: CacheDocument): Promise<void> {
			const bytes = await copyLayers(repo, tags, document);
			await mapParallel(tags, copiesAtOnce, tag => put(repo, tag, bytes));
		},

		/** For a push that found nothing to do. A manifest that is there may be of a later push, and stays. */
		async renew(repo: RepositoryName, tag: Tag, document: CacheDocument): Promise<void> {
			const bytes = await copyLayers(repo, [tag], document);
			await put(repo, tag, bytes, {ifAbsent: true}).catch(error => {
				if (!(error instanceof PreconditionFailed)) throw error;
			});
		},

		remove: (repo: RepositoryName, tag: Tag): Promise<void> => guard.remove(repo, [keys.typeS3Manifest(repo, tag)]),
	};
};

const copiesAtOnce = 8;

/** BuildKit's own `touch_refresh` (cache/remotecache/s3/s3.go). */
export const renewedAfterMs = 24 * 3_600_000;
