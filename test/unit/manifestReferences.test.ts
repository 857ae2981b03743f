/** What a pusher is told of a manifest that names others. */
import test from 'ava';
import {digestOf, mediaTypes, parseRepositoryName, parseTag} from 'oci-spec-types';
import {createStoredRegistry} from '../../src/registry/storedRegistry.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {guardOf, usualLifetimes} from '../support/guard.ts';
import {recording} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');

test('indexes that name one another many times are each looked at once, however many ways lead to them', async t => {
	const {store, asked} = recording(createMemoryStore());
	const registry = createStoredRegistry(store, {
		...{clock: Date.now, elapsed: () => 0, urlLifeSeconds: 60, lifetimes: usualLifetimes, guard: guardOf(store)},
		toleratesMissing: () => false,
	});
	const put = async (manifests: readonly object[], tag?: string) => {
		const bytes = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests}));
		await registry.putManifest(repo, {bytes}, {tags: tag ? [parseTag(tag)] : []});
		return {mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length};
	};
	let below = await put([]);
	const depth = 5;
	const ways = 4;
	for (let level = 0; level < depth; level += 1) {
		const children = Array.from({length: ways}, (_, at) => ({...below, annotations: {at: String(at)}}));
		below = await put(children, level === depth - 1 ? 'top' : undefined);
	}
	asked.length = 0;
	t.is((await registry.getManifest(repo, parseTag('top'), 'pusher')).digest, below.digest);
	t.true(asked.length < 8 * depth, `${asked.length} requests`);
});
