/** A registry that writes what is pushed to chosen tags in the form of BuildKit's `type=s3` too, before it answers the push. */
import type {Manifest, RepositoryName} from 'oci-spec-types';
import {cacheConfigOf, parseCacheDocument} from '../cache/cacheDocument.ts';
import {readAll} from '../lib/bytes.ts';
import type {RefRules} from '../refs/refBehaviour.ts';
import type {Registry} from '../registry/registry.ts';
import type {TypeS3Copies} from './typeS3Copies.ts';

export type TypeS3CopiesOptions = {
	rules: RefRules;
	/** A push is stored, and its copy is not. */
	onFailed: (facts: {repo: RepositoryName; error: unknown}) => void;
};

/** A copy that fails costs the way back, never the push: `warnings` tell of it. */
export const withTypeS3Copies = (inner: Registry, copies: TypeS3Copies, {rules, onFailed}: TypeS3CopiesOptions): Registry => {
	const documentOf = async (repo: RepositoryName, manifest: Manifest) => {
		const config = cacheConfigOf(manifest);
		if (!config) return undefined;
		return parseCacheDocument(manifest, await readAll((await inner.readBlob(repo, config.digest)).body));
	};

	return {
		...inner,
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
