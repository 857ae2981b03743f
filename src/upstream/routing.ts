/** The routes of the policy, applied to one ref or to a repository: the first that matches decides. */
import {OciError, type RepositoryName, type Tag} from 'oci-spec-types';
import type {Policy, Route} from '../config/policy.ts';
import {wholeName} from '../config/routes.ts';
import type {Upstream} from '../config/upstreams.ts';
import type {Registry} from '../registry/registry.ts';

/** A repository of a registry elsewhere; `upstream` is its name in the policy. */
export type Destination = {upstream: string; registry: Registry; repository: RepositoryName};

export type Routed = Destination & Pick<Route, 'images' | 'caches' | 'reads'>;

export type Routing = {
	/** Throws NAME_INVALID where the route makes no name of this repository's. */
	of(repo: RepositoryName, tag: Tag): Routed | undefined;
	/** What some tag of this repository is routed by, in the order of the policy, each repository elsewhere once. */
	within(repo: RepositoryName): readonly Routed[];
};

/** `policy` is asked each time; `registryOf` answers the same registry for the same entry. */
export const createRouting = (policy: () => Policy, registryOf: (name: string, upstream: Upstream) => Registry): Routing => {
	const routed = (repo: RepositoryName, {upstream, repository, match, images, caches, reads}: Route): Routed | undefined => {
		const there = repository ? repository.fill({...match.namedInRepository(repo), [wholeName]: repo}) : repo;
		// The policy would be refused if a route named another.
		const entry = policy().upstreams[upstream] as Upstream;
		return there && {upstream, registry: registryOf(upstream, entry), repository: there, images, caches, reads};
	};
	return {
		of(repo, tag) {
			const route = policy().routes.find(({match}) => 'named' in match.match(repo, tag));
			const found = route && routed(repo, route);
			if (route && !found) throw noName(repo, route);
			return found;
		},
		within(repo) {
			const {routes} = policy();
			// Asked with each layer, and most registries route nothing.
			if (routes.length === 0) return [];
			const all = routes.filter(({match}) => match.matchesRepository(repo)).flatMap(route => routed(repo, route) ?? []);
			return [...Map.groupBy(all, ({upstream, repository}) => `${upstream}/${repository}`).values()].map(combined);
		},
	};
};

/** Several routes of one repository to another: what any of them lets through. */
const combined = (routes: readonly Routed[]): Routed => {
	const [first] = routes as [Routed, ...Routed[]];
	const holds = (says: (route: Routed) => boolean) => routes.find(says) ?? first;
	return {...first, images: holds(({images}) => images !== 'here').images, reads: holds(({reads}) => reads === 'upstream').reads};
};

const noName = (repo: RepositoryName, {repository, line}: Route) =>
	new OciError(
		'NAME_INVALID',
		{name: repo},
		{message: `the route in line ${line} of the policy (repository: ${repository?.text}) makes no repository name of ${repo}`},
	);
