/** What a cycle costs at S3: one listing, a look at what has not been seen before, and a handful for itself. */
import test from 'ava';
import {digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {createCollector} from '../../src/gc/collector.ts';
import {mapParallel} from '../../src/lib/mapInOrder.ts';
import {keys} from '../../src/registry/keys.ts';
import {createLifetimes} from '../../src/registry/lifetimes.ts';
import {createTombstones} from '../../src/registry/tombstones.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {layerType, manifestType, nothingGoes} from '../support/collecting.ts';
import {costOf} from '../support/s3Cost.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';

const repositories = ['ci/app', 'ci/app/sub', 'ci/app-2'].map(parseRepositoryName);
const tagsOfEach = 20;
const layersOfEach = 40;
const objects = repositories.length * tagsOfEach * (layersOfEach + 2);

const fill = async (store: ObjectStore): Promise<void> => {
	for (const repo of repositories) {
		await mapParallel(Array(tagsOfEach).keys(), 8, async at => {
			const layers = await mapParallel(Array(layersOfEach).keys(), 8, async layer => {
				const bytes = Buffer.from(`${repo} ${at} ${layer}`);
				await store.write(keys.blob(repo, digestOf(bytes)), bytes);
				return {mediaType: layerType, digest: digestOf(bytes), size: bytes.length};
			});
			const manifest = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: manifestType, config: layers[0], layers: layers.slice(1)}));
			await store.write(keys.manifest(repo, digestOf(manifest)), manifest, {contentType: manifestType});
			await pushTag(store, at, manifest, repo);
		});
	}
};

const pushTag = async (store: ObjectStore, at: number, manifest: Buffer, repo = repositories[0] ?? parseRepositoryName('none')) =>
	store.write(
		keys.tag(repo, parseTag(`tag-${at}`)),
		Buffer.from(
			JSON.stringify({
				...{digest: digestOf(manifest), mediaType: manifestType, size: manifest.length},
				...{pushedAt: '2026-01-01T00:00:00.000Z', previous: [], nonce: String(Math.random())},
			}),
		),
	);

test('a cycle costs the pages of one listing, a GET for each document it has not seen, and a dozen requests for itself', async t => {
	const {double, store} = await startStoreOnDouble(t);
	await fill(store);
	const elapsed = () => performance.now();
	const lifetimes = createLifetimes({graceMs: 86_400_000, quarantineMs: 86_400_000, indexMs: 0});
	const collector = createCollector(store, {
		...{lifetimes, elapsed, wait: async () => undefined, holder: 'test', everyMs: 1000},
		tombstones: createTombstones(store, {lifetimes, elapsed}),
		tags: {remove: async () => false, forgetPrevious: async () => undefined},
		retention: () => nothingGoes,
		refSizes: () => [],
	});
	const pages = Math.ceil(objects / 1000);
	const documents = repositories.length * tagsOfEach * 2;
	const costOfCycle = async () => {
		const {counts} = await costOf(double, () => collector.run());
		return {lists: counts.ListObjectsV2 ?? 0, total: Object.values(counts).reduce((sum, count) => sum + count, 0)};
	};

	const first = await costOfCycle();
	t.true(first.total <= pages + documents + ofItself, `${first.total} requests for ${pages} pages and ${documents} documents`);
	const second = await costOfCycle();
	t.true(second.lists <= pages + 1, `${second.lists} listings for ${pages} pages, and one of reports`);
	t.true(second.total <= pages + ofItself, `${second.total} requests for ${pages} pages`);

	await pushTag(store, 7, Buffer.from('moved'));
	const third = await costOfCycle();
	t.is(third.total, second.total + 1, 'one document has changed');
});

// Lease, progress and report: reads and writes.
const ofItself = 12;
