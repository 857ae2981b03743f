/** Which repositories are old buckets of `type=s3`, by the policy that is in force. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import {refsOf, type S3Cache} from '../config/s3Caches.ts';

/** `caches` are all places that its layers may lie in. */
export type OldRepository = {tags: ReadonlyMap<Tag, {cache: S3Cache; name: string}>; caches: readonly S3Cache[]};

export type OldRepositories = {of(repo: RepositoryName): OldRepository | undefined; names(): readonly RepositoryName[]};

/** `caches` are the policy's, asked each time. */
export const createOldRepositories = (caches: () => readonly S3Cache[]): OldRepositories => {
	let known = {caches: caches(), repositories: repositoriesOf(caches())};
	const inForce = () => {
		if (caches() !== known.caches) known = {caches: caches(), repositories: repositoriesOf(caches())};
		return known.repositories;
	};
	return {of: repo => inForce().get(repo), names: () => [...inForce().keys()]};
};

const repositoriesOf = (caches: readonly S3Cache[]): ReadonlyMap<RepositoryName, OldRepository> => {
	const refs = caches.flatMap(cache => refsOf(cache).map(ref => ({...ref, cache})));
	const byRepository = Map.groupBy(refs, ({repository}) => repository);
	return new Map(
		[...byRepository].map(([repository, all]) => [
			repository,
			{
				tags: new Map(all.map(({tag, cache, name}) => [tag, {cache, name}])),
				caches: [...new Set(all.map(({cache}) => cache))],
			},
		]),
	);
};
