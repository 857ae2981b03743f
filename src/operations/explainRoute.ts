/** What the policy's routes say of one ref, for people and for programs. */
import type {RepositoryName, Tag} from 'oci-spec-types';
import type {Policy} from '../config/policy.ts';
import {wholeName} from '../config/routes.ts';

export type ExplainedRoute = NonNullable<ReturnType<typeof explainRoute>>;

/** `repository`: its name there; undefined where the route makes none. */
export const explainRoute = ({routes}: Policy, repo: RepositoryName, tag: Tag) => {
	const route = routes.find(({match}) => 'named' in match.match(repo, tag));
	if (!route) return undefined;
	const {upstream, images, caches, reads, line, match, repository} = route;
	const there = repository ? repository.fill({...match.namedInRepository(repo), [wholeName]: repo}) : repo;
	return {upstream, images, caches, reads, line, match: match.text, repository: there as string | undefined};
};

export const routeLines = ({upstream, repository, images, caches, reads, line, match}: ExplainedRoute): string[] => {
	const there = `${upstream}, as ${repository ?? 'a name that is none'}`;
	const said = [
		['images', {through: `go through to ${there}`, queued: `are queued for ${there}`, here: 'stay here'}[images]],
		['caches', {both: `stay here, and are handed over to ${there}`, here: 'stay here'}[caches]],
		['reads', {upstream: `of what is not here go to ${there}`, here: 'of what is not here find nothing'}[reads]],
	] as const;
	return said.map(([what, words]) => `${what.padEnd(12)}${words.padEnd(28)} line ${line}, ${match}`);
};
