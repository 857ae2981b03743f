/** Which repositories there are: a walk along the key tree, one LIST a repository. */
import type {RepositoryName} from 'oci-spec-types';
import type {ObjectStore} from '../storage/objectStore.ts';
import {keys, manifestsMarker, repositoryOfPrefix} from './keys.ts';

/** Repositories that hold a manifest, in the order of their keys (byte order of `<name>/_`), strictly after `after`. */
export const listRepositories = (store: ObjectStore, after?: RepositoryName): AsyncGenerator<RepositoryName> =>
	walk(store, manifestsMarker, keys.repositories, after === undefined ? '' : `${keys.repository(after)}${manifestsMarker}`);

/** All that have `marker` below their name. */
export const listRepositoriesWith = (store: ObjectStore, marker: string): AsyncGenerator<RepositoryName> =>
	walk(store, marker, keys.repositories, '');

/** Whether anything at all is stored under this name. */
export const repositoryExists = async (store: ObjectStore, repo: RepositoryName): Promise<boolean> => {
	for await (const _ of store.list(`${keys.repository(repo)}_`, {limit: 1})) return true;
	return false;
};

async function* walk(store: ObjectStore, marker: string, prefix: string, after: string): AsyncGenerator<RepositoryName> {
	for await (const entry of store.list(prefix, {delimiter: '/', after: startWithin(prefix, after)})) {
		if (!('prefix' in entry)) continue;
		const name = entry.prefix.slice(prefix.length);
		const repo = name === marker && entry.prefix > after ? repositoryOfPrefix(prefix) : undefined;
		if (repo) yield repo;
		else if (!name.startsWith('_') && (entry.prefix > after || after.startsWith(entry.prefix)))
			yield* walk(store, marker, entry.prefix, after);
	}
}

/** Where the listing of one level starts, so that the child on the way to `after` is still in it. */
const startWithin = (prefix: string, after: string): string | undefined => {
	if (!after.startsWith(prefix)) return undefined;
	return prefix + after.slice(prefix.length).split('/', 1)[0];
};
