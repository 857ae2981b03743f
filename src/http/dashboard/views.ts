/** What the pages show, asked of the operations. */
import {parseRepositoryName} from 'oci-spec-types';
import {OperationError} from '../../operations/operation.ts';
import type {Operations} from '../../operations/operations.ts';
import type {Page} from '../../ui/layout.ts';
import {overviewPage} from '../../ui/pages/overview.ts';
import {refPage} from '../../ui/pages/ref.ts';
import {repositoriesPage} from '../../ui/pages/repositories.ts';
import {repositoryPage} from '../../ui/pages/repository.ts';
import {retentionPage} from '../../ui/pages/retention.ts';
import {usagePage, usageSpans} from '../../ui/pages/usage.ts';
import {buildLines} from '../welcome.ts';

/** Each throws what the operations throw. */
export const createViews = ({run}: Operations, now: () => Date) => ({
	async overview(url: URL): Promise<Page> {
		const [usage, top, retention, collector, handOvers] = await Promise.all([
			run('usage', {}),
			run('top', {limit: 5}),
			run('retention.preview', {}),
			run('gc.status', {}),
			run('handovers.list', {limit: 5}),
		]);
		return overviewPage({usage, top, retention, collector, handOvers, buildLines: buildLines(url), now: now()});
	},

	repositories: async (): Promise<Page> => repositoriesPage({usage: await run('usage', {}), now: now()}),

	async repository(name: string): Promise<Page> {
		// A glob would find several.
		const repository = parseRepositoryName(name);
		const [usage, refs] = await Promise.all([
			run('usage', {repo: repository}),
			run('refs.list', {repo: repository, sort: 'size', limit: mostRefs}),
		]);
		if (usage.repositories.length === 0 && refs.refs.length === 0)
			throw new OperationError(
				'not-found',
				`there is no repository ${repository}`,
				'it may have become empty; the list has those that are there',
			);
		return repositoryPage({repository, usage, refs, now: now()});
	},

	ref: async (ref: string): Promise<Page> => refPage({shown: await run('refs.show', {ref}), now: now()}),

	async usage(asked: string | null): Promise<Page> {
		const days = usageSpans.find(span => String(span) === asked) ?? usageSpans[1];
		const [usage, top, largest] = await Promise.all([
			run('usage', {days}),
			run('top', {by: 'imports', days}),
			run('top', {by: 'exclusive', days}),
		]);
		return usagePage({usage, top, largest, now: now()});
	},

	async retention(): Promise<Page> {
		const [retention, collector] = await Promise.all([run('retention.preview', {}), run('gc.status', {})]);
		return retentionPage({retention, collector, now: now()});
	},
});

// Beyond so many a page is no list any more; prune and the command line narrow it.
const mostRefs = 500;
