/** A registry in which a tag such as `feature-x..main` is asked for and never pushed. */
import {OciError, type RepositoryName, type Tag} from 'oci-spec-types';
import type {Registry} from '../registry/registry.ts';
import {namedBases} from './refSyntax.ts';

export const withRefSyntax = (inner: Registry): Registry => ({
	...inner,
	async putManifest(repo, manifest, as) {
		for (const tag of as.tags) refuseBases(repo, tag);
		return inner.putManifest(repo, manifest, as);
	},
});

const refuseBases = (repo: RepositoryName, tag: Tag) => {
	const named = namedBases(tag);
	if (!named) return;
	throw new OciError(
		'TAG_INVALID',
		{tag},
		{
			message: `push to ${repo}:${named.mine}; ${tag} is only for --cache-from: it asks for ${[named.mine, ...named.bases].join(', else ')}`,
		},
	);
};
