import test from 'ava';
import {digestOf, mediaTypes, parseRepositoryName} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {objectNumbersOf, prepareObjectNumbers} from '../../src/registry/objectNumbers.ts';
import {walkRepositories} from '../../src/registry/walk.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';

const repo = parseRepositoryName('ci/app');

test('looking up what manifests name leaves room for other work, and finds the same', async t => {
	const store = createMemoryStore();
	const digests = Array.from({length: 12_000}, (_, at) => digestOf(Buffer.from(String(at))));
	const [config, ...layers] = digests.map(digest => ({mediaType: mediaTypes.ociLayerGzip, digest, size: 1}));
	const bytes = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers}));
	await store.write(keys.manifest(repo, digestOf(bytes)), bytes, {contentType: mediaTypes.ociManifest});
	const other = Buffer.from(`${bytes} `);
	await store.write(keys.manifest(repo, digestOf(other)), other, {contentType: mediaTypes.ociManifest});
	for (const digest of digests.slice(0, 3)) await store.write(keys.blob(repo, digest), Buffer.from('x'));
	const [inventory] = await Array.fromAsync(walkRepositories(store));
	if (!inventory) return t.fail('there is no repository');

	const {blobs} = inventory;
	const manifests = new Map(inventory.manifests);
	let others = 0;
	setImmediate(() => {
		others += 1;
	});
	await prepareObjectNumbers({blobs, manifests});
	t.is(others, 1);
	const prepared = objectNumbersOf({blobs, manifests});
	const atOnce = objectNumbersOf({blobs, manifests: new Map(manifests)});
	t.deepEqual([...prepared.below(blobs.count)], [...atOnce.below(blobs.count)]);
	t.is(prepared.below(blobs.count).length, 3);
});
