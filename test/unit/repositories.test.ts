import test from 'ava';
import fc from 'fast-check';
import {digestOf, parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {listRepositories, repositoryExists} from '../../src/registry/repositories.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';

const component = fc.stringMatching(/^[a-z0-9]{1,2}((\.|_|__|-)[a-z0-9]{1,2})?$/);
const names = fc.uniqueArray(
	fc.array(component, {minLength: 1, maxLength: 3}).map(parts => parseRepositoryName(parts.join('/'))),
	{maxLength: 12},
);
const digest = digestOf(Buffer.from('manifest'));

test('every repository is listed once, and a listing goes on after any of them', async t => {
	await fc.assert(
		fc.asyncProperty(names, async repos => {
			const store = createMemoryStore();
			for (const repo of repos) await store.write(keys.manifest(repo, digest), Buffer.from('{}'));
			const all = await Array.fromAsync(listRepositories(store));
			t.deepEqual([...all].sort(), [...repos].sort());
			for (const [index, repo] of all.entries()) {
				t.deepEqual(await Array.fromAsync(listRepositories(store, repo)), all.slice(index + 1), repo);
			}
		}),
		{numRuns: 200},
	);
});

test('a listing goes on after a repository that is gone meanwhile', async t => {
	const store = createMemoryStore();
	for (const name of ['a', 'c/d', 'e']) await store.write(keys.manifest(parseRepositoryName(name), digest), Buffer.from('{}'));
	t.deepEqual(await Array.fromAsync(listRepositories(store, parseRepositoryName('b/x'))), ['c/d', 'e'].map(parseRepositoryName));
});

test('a repository exists once anything was stored for it, and not because of its neighbours', async t => {
	const store = createMemoryStore();
	await store.write(keys.blob(parseRepositoryName('ci/app'), digest), Buffer.from('x'));
	t.true(await repositoryExists(store, parseRepositoryName('ci/app')));
	t.false(await repositoryExists(store, parseRepositoryName('ci')));
	t.false(await repositoryExists(store, parseRepositoryName('ci/ap')));
});
