/** What a server remembers of an object that its own collector deletes. */
import test from 'ava';
import {digestOf, mediaTypes, parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {createLifetimes} from '../../src/registry/lifetimes.ts';
import {createStoredRegistry} from '../../src/registry/storedRegistry.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {guardOf} from '../support/guard.ts';

const repo = parseRepositoryName('ci/app');
const bytes = Buffer.from('layer');
const digest = digestOf(bytes);
const manifest = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: []}));

test('a blob and a manifest that were seen a moment ago are gone once they are forgotten', async t => {
	const store = createMemoryStore();
	const registry = createStoredRegistry(store, {
		clock: Date.now,
		elapsed: () => 0,
		urlLifeSeconds: 60,
		lifetimes: createLifetimes({graceMs: 86_400_000, quarantineMs: 86_400_000, indexMs: 60_000}),
		guard: guardOf(store),
		toleratesMissing: () => false,
	});
	await registry.putBlob(
		repo,
		digest,
		(async function* () {
			yield bytes;
		})(),
	);
	const pushed = await registry.putManifest(repo, {bytes: manifest}, {tags: []});
	const deleted = [keys.blob(repo, digest), keys.manifest(repo, pushed.digest)];
	await store.remove(deleted);
	t.is((await registry.statBlob(repo, digest)).size, bytes.length, 'it is believed to be there');
	t.is((await registry.getManifest(repo, pushed.digest)).digest, pushed.digest);
	for (const key of deleted) registry.forget(repo, key);
	await t.throwsAsync(registry.statBlob(repo, digest), {message: /blob unknown/i});
	await t.throwsAsync(registry.getManifest(repo, pushed.digest), {message: /manifest unknown/i});
});
