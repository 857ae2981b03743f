/** What a token has to allow, as CNCF Distribution's "Token Scope Documentation" writes it. */
import {formatScope, type RepositoryName} from 'oci-spec-types';

export const pulls = (repo: RepositoryName): string => scopeOf(repo, ['pull']);

export const pushes = (repo: RepositoryName): string => scopeOf(repo, ['pull', 'push']);

export const deletes = (repo: RepositoryName): string => scopeOf(repo, ['delete']);

export const listsAll = formatScope({type: 'registry', name: 'catalog', actions: ['*']});

const scopeOf = (repo: RepositoryName, actions: string[]) => formatScope({type: 'repository', name: repo, actions});
