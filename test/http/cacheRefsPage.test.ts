/** The policies of docs/cache-refs.md, on a server: what is pushed as the page says is imported as the page says. */
import test, {type ExecutionContext} from 'ava';
import {startApp} from '../support/app.ts';
import {policyUnder} from '../support/cacheRefsPage.ts';
import {importCache, layersOf, pushCache} from '../support/caches.ts';

const start = async (t: ExecutionContext, heading: string, repo = 'ci/app') => {
	const {client} = await startApp(t, {policy: policyUnder(heading)});
	return {
		client,
		push: async (...tags: string[]) => {
			for (const tag of tags) await pushCache(client, repo, tag, {steps: [tag]});
		},
		/** The tags whose steps are hits. */
		hits: async (tag: string, ...tags: string[]) =>
			t.deepEqual((await importCache(client, repo, tag)).steps.toSorted(), layersOf(...tags), tag),
		misses: (tag: string) => t.throwsAsync(importCache(client, repo, tag), {message: 'HEAD 404'}),
	};
};

test('branches: mine plus the base where CI names it, else mine, else main', async t => {
	const {push, hits} = await start(t, 'Branches');
	await push('main', 'release-2');
	await hits('feature-x..release-2', 'release-2');
	await hits('feature-x', 'main');
	await push('feature-x');
	await hits('feature-x..release-2', 'feature-x', 'release-2');
	await hits('feature-x', 'feature-x');
	await hits('main', 'main');
	await hits('release-2', 'release-2');
});

test('forks: a pull request reads main and its own, and what it pushes to main is dropped', async t => {
	const {client, push, hits, misses} = await start(t, 'Pull requests from forks');
	t.is((await pushCache(client, 'ci/app', 'main', {steps: ['poison']})).status, 201);
	await misses('pr-12..main');
	await push('pr-12');
	await hits('pr-12..main', 'pr-12');
});

test('matrices: what all jobs pushed to one tag at once is there', async t => {
	const {client, hits} = await start(t, 'Matrices');
	const targets = ['lint', 'test', 'release'];
	await Promise.all(targets.map(target => pushCache(client, 'ci/app', 'main', {steps: [target]})));
	await hits('main', ...targets);
});

test('platforms: main is all of its platforms, each platform is itself, and a branch that has none gets main', async t => {
	const {push, hits} = await start(t, 'Several platforms');
	await push('main-amd64', 'main-arm64');
	await hits('main', 'main-amd64', 'main-arm64');
	await hits('main-amd64', 'main-amd64');
	await hits('feature-x', 'main-amd64', 'main-arm64');
	await push('feature-x-arm64');
	await hits('feature-x', 'feature-x-arm64');
});

test('monorepos: an image has its own cache, that of main, and what all share', async t => {
	const {push, hits} = await start(t, 'Monorepos', 'ci/monorepo');
	await push('common.main', 'web.main', 'api.main');
	await hits('web.feature-1.2', 'web.main', 'common.main');
	await push('web.feature-1.2');
	await hits('web.feature-1.2', 'web.feature-1.2', 'web.main', 'common.main');
	await hits('api.main', 'api.main', 'common.main');
	await hits('common.x', 'common.main');
});
