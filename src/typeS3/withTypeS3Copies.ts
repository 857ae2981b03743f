/** A registry that writes what is pushed to chosen tags in the form of BuildKit's `type=s3` too, before it answers the push. */
import {LRUCache} from 'lru-cache';
import {isTag, type Manifest, parseManifest, type RepositoryName, type Tag} from 'oci-spec-types';
import {maxConfigBytes} from '../cache/cacheConfig.ts';
import {cacheConfigOf, parseCacheDocument} from '../cache/cacheDocument.ts';
import {readAtMost} from '../lib/bytes.ts';
import type {RefRules} from '../refs/refBehaviour.ts';
import type {Registry, StoredManifest} from '../registry/registry.ts';
import {renewedAfterMs, type TypeS3Copies} from './typeS3Copies.ts';

export type TypeS3CopiesOptions = {
	rules: RefRules;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** A push is stored, and its copy is not. */
	onFailed: (facts: {repo: RepositoryName; error: unknown}) => void;
};

/** A copy that fails costs the way back, never the push: `warnings` tell of it. */
export const withTypeS3Copies = (inner: Registry, copies: TypeS3Copies, {rules, elapsed, onFailed}: TypeS3CopiesOptions): Registry => {
	const renewed = new LRUCache<string, true>({max: rememberedTags, ttl: renewedAfterMs, perf: {now: elapsed}, ttlResolution: 0});

	const documentOf = async (repo: RepositoryName, manifest: Manifest) => {
		const config = cacheConfigOf(manifest);
		if (!config) return undefined;
		return parseCacheDocument(manifest, await readAtMost((await inner.readBlob(repo, config.digest)).body, maxConfigBytes));
	};

	const renew = async (repo: RepositoryName, tag: Tag, {digest, bytes, mediaType}: StoredManifest): Promise<void> => {
		const name = `${repo}:${tag}@${digest}`;
		if (renewed.has(name)) return;
		renewed.set(name, true);
		try {
			const document = await documentOf(repo, parseManifest(bytes, mediaType));
			if (document) await copies.renew(repo, tag, document);
		} catch (error) {
			renewed.delete(name);
			onFailed({repo, error});
		}
	};

	return {
		...inner,

		async getManifest(repo, reference, asker, lends) {
			const stored = await inner.getManifest(repo, reference, asker, lends);
			// A push that finds its manifest there ends with this look, and is a push all the same. It waits for nothing.
			if (asker === 'pusher' && isTag(reference) && rules.behaviourOf(repo, reference).typeS3) void renew(repo, reference, stored);
			return stored;
		},

		async putManifest(repo, pushed, as) {
			const accepted = await inner.putManifest(repo, pushed, as);
			const tags = as.tags.filter(tag => rules.behaviourOf(repo, tag).typeS3);
			if (tags.length === 0) return accepted;
			try {
				const document = await documentOf(repo, accepted.manifest);
				if (document) await copies.write(repo, tags, document);
				return accepted;
			} catch (error) {
				onFailed({repo, error});
				const reason = error instanceof Error ? error.message : String(error);
				return {...accepted, warnings: [...(accepted.warnings ?? []), `it was not written for type=s3 too: ${reason}`]};
			}
		},

		async deleteTag(repo, tag) {
			await inner.deleteTag(repo, tag);
			if (rules.behaviourOf(repo, tag).typeS3) await copies.remove(repo, tag);
		},
	};
};

const rememberedTags = 1000;
